/// HTML that is safe from injection.
///
/// Interpolated strings are escaped; interpolated markup is inserted unchanged.
struct Markup: ExpressibleByStringInterpolation {
    private(set) var text: String

    /// Creates literal markup.
    init(stringLiteral text: String) { self.text = text }

    init(stringInterpolation parts: Parts) { text = parts.text }

    /// Creates the concatenation of several pieces of markup.
    init(_ parts: [Markup], separator: String = "\n") { text = parts.map(\.text).joined(separator: separator) }

    /// Creates markup from plain text.
    init(escaping text: String) { self.text = Self.escaped(text) }

    /// Creates markup from a trusted source, such as a style sheet.
    init(trusted text: String) { self.text = text }

    struct Parts: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ value: String) { text += escaped(value) }
        mutating func appendInterpolation(_ value: Int) { text += String(value) }
        mutating func appendInterpolation(_ value: Markup) { text += value.text }
    }

    /// Returns text that is safe between tags and in quoted attributes.
    private static func escaped(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            // HTML does not allow control characters, escaped or not.
            case "\u{0}"..."\u{8}", "\u{B}", "\u{C}", "\u{E}"..."\u{1F}", "\u{7F}"..."\u{9F}": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// Returns a JSON string that is also safe inside a script element.
func jsonString(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        // "</script>" and "<!--" would end or change the element.
        case "<", ">", "&", "\u{2028}", "\u{2029}", "\u{0}"..."\u{1F}", "\u{7F}":
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
