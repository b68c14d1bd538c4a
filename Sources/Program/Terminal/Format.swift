import CTReports

/// Formats numbers and text for people, independently of the locale.
enum Format {
    /// Formats `value` with `places` decimal places.
    static func fixed(_ value: Double, _ places: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        return Number.plain(value, places: places)
    }

    /// Formats `value` with about `digits` significant digits, never in exponential notation.
    static func significant(_ value: Double, _ digits: Int) -> String {
        var places = digits - 1
        var size = abs(value)
        while size >= 10, places > 0 {
            size /= 10
            places -= 1
        }
        while size > 0, size < 1, places < 6 {
            size *= 10
            places += 1
        }
        return fixed(value, places)
    }

    /// Formats `value` without a trailing ".0".
    static func plain(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
    }

    /// Formats seconds as `m:ss` or `h:mm:ss`.
    static func duration(_ seconds: Double) -> String {
        let whole = Int(min(max(seconds, 0), 1e7).rounded(.up))
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let (hours, minutes) = (whole / 3600, whole / 60 % 60)
        return hours > 0 ? "\(hours):\(two(minutes)):\(two(whole % 60))" : "\(minutes):\(two(whole % 60))"
    }

    /// Formats `count` and the word, with an s unless `count` is 1.
    static func count(_ count: Int, _ word: String) -> String { "\(count) \(word)\(count == 1 ? "" : "s")" }

    /// Returns `text` with control characters, which file names may contain, escaped as in `\u{1B}`.
    static func visible(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar.properties.generalCategory == .control {
                result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Formats rows of cells as a table: the first column is left-aligned, the others are right-aligned.
    static func table(_ rows: [[String]]) -> String {
        let rows = rows.map { $0.map(visible) }
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + blanks : blanks + cell
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
