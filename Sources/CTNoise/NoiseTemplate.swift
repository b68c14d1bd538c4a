package import CTSupport

/// Noise whose numbers are drawn anew for each slice, such as `white:5/255..50/255`.
///
/// It is the text of a ``NoiseStep`` in which numbers may be ranges, `LEAST..MOST`, of one unit. A number is drawn from a range with equal
/// chances, and rounded to four digits, so that a manifest says all of it.
package struct NoiseTemplate: Hashable, Sendable {
    /// What was given.
    package let text: String

    /// The kind of noise, such as "white".
    package let kind: String

    /// What stays, and between that the ranges.
    private let pieces: [Piece]

    private enum Piece: Hashable, Sendable {
        case text(String)
        case range(ClosedRange<Double>, unit: String)
    }

    /// Reads a template.
    ///
    /// - Throws: ``NoiseStep/ParsingError`` if it is no noise with the ends of its ranges.
    package init(_ text: String) throws(NoiseStep.ParsingError) {
        self.text = text
        let compact = text.lowercased().filter { !$0.isWhitespace }
        kind = String(compact.prefix { $0 != ":" })
        var pieces: [Piece] = []
        var rest = compact[...]
        while !rest.isEmpty {
            // A value ends where the next begins.
            let end = rest.firstIndex { ":,=".contains($0) } ?? rest.endIndex
            let value = rest[..<end]
            if let dots = value.firstRange(of: "..") {
                let (least, most) = (Self.number(value[..<dots.lowerBound]), Self.number(value[dots.upperBound...]))
                guard !value[dots.upperBound...].hasPrefix("."), let least, let most, least.unit == most.unit,
                    least.value <= most.value
                else {
                    throw NoiseStep.ParsingError(
                        text: text,
                        reason:
                            "“\(value)” is no range; write for example 5/255..50/255 or 10hu..40hu, the least first.")
                }
                pieces.append(.range(least.value...most.value, unit: String(least.unit)))
            } else {
                pieces.append(.text(String(value)))
            }
            if end < rest.endIndex { pieces.append(.text(String(rest[end]))) }
            rest = end < rest.endIndex ? rest[rest.index(after: end)...] : rest[end...]
        }
        self.pieces = pieces
        _ = try NoiseStep(filled(with: { $0.lowerBound }))
        _ = try NoiseStep(filled(with: { $0.upperBound }))
    }

    /// Whether every draw is the same.
    package var isFixed: Bool {
        !pieces.contains { if case .range(let range, _) = $0 { range.lowerBound < range.upperBound } else { false } }
    }

    /// The noise with the greatest numbers of its ranges.
    package var greatest: NoiseStep {
        guard let step = try? NoiseStep(filled(with: \.upperBound)) else { preconditionFailure("“\(text)” was read") }
        return step
    }

    /// Noise with numbers drawn.
    ///
    /// - Parameters:
    ///   - random: Where the draws come from.
    ///   - index: Of the first draw; a range takes one each.
    package func draw(from random: CounterRandom, at index: UInt64 = 0) -> NoiseStep {
        var next = index
        return draw { range in
            let value = range.lowerBound + random.uniform(at: next) * (range.upperBound - range.lowerBound)
            next += 1
            return min(max(Self.rounded(value), range.lowerBound), range.upperBound)
        }
    }

    /// Noise with the numbers that `value` takes from the ranges, in order.
    package func draw(_ value: (ClosedRange<Double>) -> Double) -> NoiseStep {
        let text = filled(with: value)
        guard let step = try? NoiseStep(text) else { preconditionFailure("“\(text)” lies between possible ends") }
        return step
    }

    private func filled(with value: (ClosedRange<Double>) -> Double) -> String {
        pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .range(let range, let unit): plain(value(range)) + unit
            }
        }.joined()
    }

    /// To four digits, unless that needs a scale that no number can hold.
    private static func rounded(_ value: Double) -> Double {
        guard (1e-300...1e300).contains(abs(value)) else { return value }
        var scale = 1.0
        while abs(value) * scale < 1000 { scale *= 10 }
        while abs(value) * scale >= 10_000 { scale /= 10 }
        return (value * scale).rounded() / scale
    }

    /// The number that a text begins with, and what follows it.
    private static func number(_ text: Substring) -> (value: Double, unit: Substring)? {
        let end = text.firstIndex { !($0.isNumber || ".-+e".contains($0)) } ?? text.endIndex
        guard let value = Double(text[..<end]), value.isFinite else { return nil }
        return (value, text[end...])
    }
}

extension NoiseTemplate: Codable {
    /// Reads ``text``.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            try self.init(try container.decode(String.self))
        } catch let error as NoiseStep.ParsingError {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
        }
    }

    /// Writes ``text``.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
