public import CTImages

/// How strong noise is, with its unit: stored units, HU, or a share of the range.
///
/// As text: `12stored`, `40hu`, `10%`, `25/255`. A bare number is refused, since "25" has been read
/// as each of these.
public enum NoiseStrength: Hashable, Sendable, Codable, CustomStringConvertible {
    /// In stored units of the slice, not negative.
    case stored(Double)
    /// In HU, not negative.
    case hu(Double)
    /// As a share (0.1 is 10 %) of ``CTImages/IntensityScale/huRange``, 2047 HU; not negative.
    case fractionOfRange(Double)

    /// Why a text is no strength.
    public struct ParsingError: Error, Hashable, CustomStringConvertible {
        /// What was given.
        public let text: String

        /// What is wrong with it, and what to write.
        public let reason: String

        /// For a person.
        public var description: String { "“\(text)” is not a noise strength: \(reason)" }
    }

    /// Reads a strength such as `12stored`, `40hu`, `10%` or `25/255`; blanks and case make no
    /// difference.
    ///
    /// - Throws: ``ParsingError`` if the unit is missing or unknown, or the number is none, negative
    ///   or infinite.
    public init(_ text: String) throws(ParsingError) {
        func error(_ reason: String) -> ParsingError { ParsingError(text: text, reason: reason) }
        func number(_ text: some StringProtocol) throws(ParsingError) -> Double {
            guard let value = Double(String(text)), value.isFinite else {
                throw error("“\(text)” is not a number; write for example 40hu, 25/255, 10% or 12stored.")
            }
            guard value >= 0 else { throw error("it is negative.") }
            return value
        }
        let compact = text.lowercased().filter { !$0.isWhitespace }
        if compact.hasSuffix("stored") {
            self = .stored(try number(compact.dropLast(6)))
        } else if compact.hasSuffix("hu") {
            self = .hu(try number(compact.dropLast(2)))
        } else if compact.hasSuffix("%") {
            self = .fractionOfRange(try number(compact.dropLast()) / 100)
        } else if let slash = compact.firstIndex(of: "/") {
            let whole = try number(compact[compact.index(after: slash)...])
            guard whole > 0 else { throw error("the range after “/” is zero.") }
            self = .fractionOfRange(try number(compact[..<slash]) / whole)
        } else if Double(compact) != nil {
            throw error(
                "it has no unit; write \(compact)hu for HU, \(compact)/255 or \(compact)% for a part of the range, "
                    + "or \(compact)stored for stored units.")
        } else {
            throw error("write a number with its unit, for example 40hu, 25/255, 10% or 12stored.")
        }
    }

    /// The strength in HU on a slice of this scale.
    public func hu(scale: IntensityScale) -> Double {
        switch self {
        case .stored(let value): value * abs(scale.slope)
        case .hu(let value): value
        case .fractionOfRange(let value):
            value * (IntensityScale.huRange.upperBound - IntensityScale.huRange.lowerBound)
        }
    }

    /// The strength in stored units of a slice of this scale.
    public func stored(scale: IntensityScale) -> Double {
        if case .stored(let value) = self { return value }
        return hu(scale: scale) / abs(scale.slope)
    }

    /// For example "40.0 HU" or "10.0 % of the range".
    public var description: String {
        switch self {
        case .stored(let value): "\(value) stored units"
        case .hu(let value): "\(value) HU"
        case .fractionOfRange(let value): "\(value * 100) % of the range"
        }
    }
}
