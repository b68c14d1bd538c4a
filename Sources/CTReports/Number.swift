/// Formats numbers, independently of the locale.
package enum Number {
    /// Returns `value` with `places` decimals, for people: with a typographic minus sign and ∞.
    package static func text(_ value: Double, places: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "–" : value < 0 ? "−∞" : "∞" }
        let text = plain(value, places: places)
        return text.hasPrefix("-") ? "−" + text.dropFirst() : text
    }

    /// Returns a finite `value` with `places` decimals, for programs.
    package static func plain(_ value: Double, places: Int) -> String {
        var power = 1.0
        for _ in 0..<places { power *= 10 }
        let scaled = (abs(value) * power).rounded()
        guard scaled < 9e15 else { return "\(value)" }
        let digits = String(Int(scaled))
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        let sign = value < 0 && scaled > 0 ? "-" : ""
        return places == 0 ? sign + padded : "\(sign)\(padded.dropLast(places)).\(padded.suffix(places))"
    }

    /// Returns the mean of the values that are not `nil`; `nil` if there are none.
    package static func mean(_ values: [Double?]) -> Double? {
        let known = values.compactMap(\.self)
        return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
    }
}
