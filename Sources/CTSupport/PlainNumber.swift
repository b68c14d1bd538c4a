/// Returns the decimal text of a number, without a trailing ".0" if it is an integer.
package func plain(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
}
