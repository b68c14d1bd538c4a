/// A number as people write it: a whole one without a trailing ".0".
package func plain(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
}
