internal import CTSupport

/// A linear mapping from stored values to Hounsfield units: `hu = slope · stored + intercept`.
public struct IntensityScale: Hashable, Sendable, CustomStringConvertible {
    /// The origin of a scale. Programs report it, because an assumption can be wrong.
    public enum Origin: Hashable, Sendable {
        /// Declared by the file, a manifest or the user.
        case declared
        /// The given stored range was assumed to span −1024…1023 HU.
        case assumedRange(ClosedRange<Double>)
        /// Floating-point samples were assumed to be HU.
        case assumedHU
        /// The slice follows a convention that was recognised or chosen.
        case convention(IntensityConvention)
    }

    /// The HU range that a stored range without a declared scale is assumed to span, and that noise strengths and data
    /// ranges given as fractions refer to.
    public static let huRange: ClosedRange<Double> = -1024...1023

    /// HU per stored unit, finite and nonzero. Negative where low stored values are bright (MinIsWhite).
    public let slope: Double

    /// The HU value of a stored zero.
    public let intercept: Double

    /// The origin of this scale.
    public let origin: Origin

    /// Creates a scale from its slope and intercept.
    ///
    /// - Precondition: `slope` is finite and nonzero, and `intercept` is finite.
    public init(slope: Double, intercept: Double, origin: Origin = .declared) {
        precondition(slope.isFinite && slope != 0 && intercept.isFinite, "hu = \(slope) · stored + \(intercept)")
        self.slope = slope
        self.intercept = intercept
        self.origin = origin
    }

    /// Creates the scale that maps `storedRange` to ``huRange``, reversed if `inverted`.
    ///
    /// - Precondition: `storedRange` is nonempty, finite, and wide enough for a finite slope.
    public init(assuming storedRange: ClosedRange<Double>, inverted: Bool = false) {
        let width = storedRange.upperBound - storedRange.lowerBound
        precondition(width > 0 && width.isFinite, "A stored range of \(storedRange)")
        let hu = Self.huRange
        let slope = (hu.upperBound - hu.lowerBound) / width
        if inverted {
            self.init(
                slope: -slope, intercept: hu.upperBound + slope * storedRange.lowerBound,
                origin: .assumedRange(storedRange))
        } else {
            self.init(
                slope: slope, intercept: hu.lowerBound - slope * storedRange.lowerBound,
                origin: .assumedRange(storedRange))
        }
    }

    /// The identity, for floating-point samples that are assumed to be HU.
    public static let assumedHU = IntensityScale(slope: 1, intercept: 0, origin: .assumedHU)

    /// The convention that was recognised or chosen, or that a file states that this library wrote; otherwise `nil`.
    public var convention: IntensityConvention? {
        if case .convention(let convention) = origin { return convention }
        return nil
    }

    /// Returns the HU value of a stored value.
    public func hu(stored: Double) -> Double { slope * stored + intercept }

    /// Returns the stored value of `hu`, not rounded.
    public func stored(hu: Double) -> Double { (hu - intercept) / slope }

    /// A description such as "HU = 1 · stored - 1024" or "assuming that floating-point samples are HU".
    public var description: String {
        switch origin {
        case .declared: IntensityConvention.linear(slope: slope, intercept: intercept).phrase
        case .assumedRange(let range):
            "assuming that stored \(plain(range.lowerBound))…\(plain(range.upperBound)) stand for "
                + (slope < 0 ? "1023…-1024 HU" : "-1024…1023 HU")
        case .assumedHU: "assuming that floating-point samples are HU"
        case .convention(let convention): convention.phrase
        }
    }
}
