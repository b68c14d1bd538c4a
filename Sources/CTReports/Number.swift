/// Numbers as the page shows them, the same in every locale, with the minus sign of typography.
enum Number {
    /// `value` with `places` digits after the point.
    static func text(_ value: Double, places: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "–" : value < 0 ? "−∞" : "∞" }
        let text = plain(value, places: places)
        return text.hasPrefix("-") ? "−" + text.dropFirst() : text
    }

    /// `value` with `places` digits after the point, as programs read it.
    static func plain(_ value: Double, places: Int) -> String {
        var power = 1.0
        for _ in 0..<places { power *= 10 }
        let scaled = (abs(value) * power).rounded()
        guard scaled < 9e15 else { return "\(value)" }
        let digits = String(Int(scaled))
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        let sign = value < 0 && scaled > 0 ? "-" : ""
        return places == 0 ? sign + padded : "\(sign)\(padded.dropLast(places)).\(padded.suffix(places))"
    }
}
