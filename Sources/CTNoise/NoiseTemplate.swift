package import CTSupport

/// Noise whose numbers are drawn anew for each slice, such as `white:5/255..50/255`.
///
/// It is the text form of a `NoiseStep` in which numbers may be ranges `LEAST..MOST` with equal units. A number is
/// drawn uniformly from its range and rounded to four digits, so that a manifest records it exactly.
package struct NoiseTemplate: Hashable, Sendable {
    /// The text it was created from.
    package let text: String

    /// The kind of noise, such as "white".
    package let kind: String

    /// The fixed text and the ranges, in order.
    private let pieces: [Piece]

    private enum Piece: Hashable, Sendable {
        case text(String)
        case range(ClosedRange<Double>, unit: String)
    }

    /// Creates a template from text.
    ///
    /// - Throws: `NoiseError` if the ends of the ranges do not give valid noise.
    package init(_ text: String) throws(NoiseError) {
        self.text = text
        let compact = text.lowercased().filter { !$0.isWhitespace }
        kind = String(compact.prefix { $0 != ":" })
        var pieces: [Piece] = []
        var rest = compact[...]
        while !rest.isEmpty {
            // A value ends where the next one begins.
            let end = rest.firstIndex { ":,=".contains($0) } ?? rest.endIndex
            let value = rest[..<end]
            if let dots = value.firstRange(of: "..") {
                // A kernel has its name before the number, such as gauss0.3..1.4.
                let name = value.prefix { $0.isLetter }
                pieces.append(.text(String(name)))
                let (least, most) = (
                    Self.number(value[name.endIndex..<dots.lowerBound]), Self.number(value[dots.upperBound...])
                )
                guard !value[dots.upperBound...].hasPrefix("."), let least, let most, least.unit == most.unit,
                    least.value <= most.value
                else {
                    throw NoiseError(
                        text: text,
                        reason:
                            "“\(value)” is not a range; write for example 5/255..50/255 or 10hu..40hu, "
                            + "the lower end first.")
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

    /// The noise with the upper ends of the ranges.
    package var greatest: NoiseStep {
        guard let step = try? NoiseStep(filled(with: \.upperBound)) else { preconditionFailure("“\(text)” was valid") }
        return step
    }

    /// Returns noise with numbers drawn from the ranges.
    ///
    /// - Parameters:
    ///   - random: The source of the draws.
    ///   - index: The index of the first draw; each range takes one.
    package func draw(from random: CounterRandom, at index: UInt64 = 0) -> NoiseStep {
        var next = index
        return draw { range in
            let value = range.lowerBound + random.uniform(at: next) * (range.upperBound - range.lowerBound)
            next += 1
            return min(max(Self.rounded(value), range.lowerBound), range.upperBound)
        }
    }

    /// Returns noise with the numbers that `value` takes from the ranges, in order.
    package func draw(_ value: (ClosedRange<Double>) -> Double) -> NoiseStep {
        let text = filled(with: value)
        guard let step = try? NoiseStep(text) else { preconditionFailure("“\(text)” lies between valid ends") }
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

    /// Rounds to four digits, unless that would need a scale out of a double's range.
    private static func rounded(_ value: Double) -> Double {
        guard (1e-300...1e300).contains(abs(value)) else { return value }
        var scale = 1.0
        while abs(value) * scale < 1000 { scale *= 10 }
        while abs(value) * scale >= 10_000 { scale /= 10 }
        return (value * scale).rounded() / scale
    }

    /// Parses the number at the start of a text; returns it and the rest.
    private static func number(_ text: Substring) -> (value: Double, unit: Substring)? {
        let end = text.firstIndex { !($0.isNumber || ".-+e".contains($0)) } ?? text.endIndex
        guard let value = Double(text[..<end]), value.isFinite else { return nil }
        return (value, text[end...])
    }
}

extension NoiseTemplate: Codable {
    /// Decodes the ``text``.
    package init(from decoder: any Decoder) throws {
        self = try decoded(from: decoder) { text throws(NoiseError) in try NoiseTemplate(text) }
    }

    /// Encodes the ``text``.
    package func encode(to encoder: any Encoder) throws { try CTNoise.encode(text, to: encoder) }
}
