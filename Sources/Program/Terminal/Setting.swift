/// A setting of a command in its JSON output: numbers are numbers there.
enum Setting: Encodable, CustomStringConvertible, ExpressibleByStringInterpolation {
    case text(String)
    case number(Double)
    case whole(UInt64)

    init(stringLiteral text: String) { self = .text(text) }

    /// The setting for people.
    var description: String {
        switch self {
        case .text(let text): text
        case .number(let number): Format.plain(number)
        case .whole(let number): "\(number)"
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number): try container.encode(number)
        case .whole(let number): try container.encode(number)
        }
    }
}
