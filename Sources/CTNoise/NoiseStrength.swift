internal import CTSupport
public import CTImages

/// The standard deviation of noise with its unit: stored units, HU, or a fraction of the range −1024…1023 HU.
///
/// The text form is `12stored`, `40hu`, `10%` or `25/255`. A number without a unit is rejected, since "25" could mean
/// any of these.
public enum NoiseStrength: Hashable, Sendable, CustomStringConvertible {
    /// Stored units of the slice.
    case stored(Double)
    /// HU.
    case hu(Double)
    /// A fraction of −1024…1023 HU, which is 2047 HU wide: 25 of 255 is 200.7 HU.
    case part(Double, of: Double)

    /// Returns a percentage of −1024…1023 HU: 10 % is 204.7 HU.
    public static func percent(_ value: Double) -> NoiseStrength { .part(value, of: 100) }

    // MARK: - Units

    /// Returns the strength in HU for slices of this scale.
    public func hu(using scale: IntensityScale) -> Double {
        switch self {
        case .stored(let value): value * abs(scale.slope)
        case .hu(let value): value
        case .part(let part, let whole):
            part * (IntensityScale.huRange.upperBound - IntensityScale.huRange.lowerBound) / whole
        }
    }

    /// Returns the strength in stored units for slices of this scale.
    public func stored(using scale: IntensityScale) -> Double {
        if case .stored(let value) = self { return value }
        return hu(using: scale) / abs(scale.slope)
    }

    /// What is wrong with the numbers, as a phrase; `nil` if they are valid.
    var complaint: String? {
        switch self {
        case .stored(let value), .hu(let value):
            value >= 0 && value.isFinite ? nil : "a strength of \(value); it must be finite and not negative"
        case .part(let part, let whole):
            if !(whole > 0 && whole.isFinite) {
                "a strength of \(part)/\(whole); the denominator must be positive and finite"
            } else if !(part >= 0 && part.isFinite) {
                "a strength of \(part)/\(whole); the numerator must be finite and not negative"
            } else if !hu(using: .assumedHU).isFinite {
                "a strength of \(part)/\(whole); it is too large"
            } else {
                nil
            }
        }
    }

    // MARK: - As text

    private static let accepted =
        "write 40hu for HU, 25/255 or 10% for a fraction of the range −1024…1023 HU, or 12stored for stored units."

    /// Creates a strength from text such as `12stored`, `40hu`, `10%` or `25/255`; blanks and case are ignored.
    ///
    /// - Throws: ``NoiseError`` if the unit is missing or unknown, or the number is missing, negative or infinite.
    public init(_ text: String) throws(NoiseError) {
        func error(_ reason: String) -> NoiseError { NoiseError(text: text, reason: reason) }
        func number(_ digits: Substring) throws(NoiseError) -> Double {
            guard let value = Double(digits) else {
                throw error("“\(digits)” is not a number; \(Self.accepted)")
            }
            return value
        }
        let compact = text.lowercased().filter { !$0.isWhitespace }
        let strength: NoiseStrength
        if compact.hasSuffix("stored") {
            strength = .stored(try number(compact.dropLast(6)))
        } else if compact.hasSuffix("hu") {
            strength = .hu(try number(compact.dropLast(2)))
        } else if compact.hasSuffix("%") {
            strength = .percent(try number(compact.dropLast()))
        } else if let slash = compact.firstIndex(of: "/") {
            strength = .part(try number(compact[..<slash]), of: try number(compact[compact.index(after: slash)...]))
        } else if Double(compact) != nil {
            throw error("it has no unit; \(Self.accepted)")
        } else {
            throw error("it is not a number with a unit; \(Self.accepted)")
        }
        if let complaint = strength.complaint { throw error("found \(complaint); \(Self.accepted)") }
        self = strength
    }

    /// The text form, which ``init(_:)`` reads back exactly.
    public var text: String {
        switch self {
        case .stored(let value): "\(plain(value))stored"
        case .hu(let value): "\(plain(value))hu"
        case .part(let part, 100): "\(plain(part))%"
        case .part(let part, let whole): "\(plain(part))/\(plain(whole))"
        }
    }

    /// A human-readable description, such as "40 HU" or "25/255 of −1024…1023 HU".
    public var description: String {
        switch self {
        case .stored(let value): "\(plain(value)) stored units"
        case .hu(let value): "\(plain(value)) HU"
        case .part(let part, 100): "\(plain(part)) % of −1024…1023 HU"
        case .part(let part, let whole): "\(plain(part))/\(plain(whole)) of −1024…1023 HU"
        }
    }
}

extension NoiseStrength: Codable {
    /// Decodes the ``text`` form.
    public init(from decoder: any Decoder) throws {
        self = try decoded(from: decoder) { text throws(NoiseError) in try NoiseStrength(text) }
    }

    /// Encodes the ``text`` form.
    public func encode(to encoder: any Encoder) throws { try CTNoise.encode(text, to: encoder) }
}
