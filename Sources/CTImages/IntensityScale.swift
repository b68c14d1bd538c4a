internal import CTSupport

/// What stored values mean in Hounsfield units: `hu = slope · stored + intercept`.
public struct IntensityScale: Hashable, Sendable, CustomStringConvertible {
    /// Where a scale comes from. Programs say so, since an assumption can be wrong.
    public enum Origin: Hashable, Sendable {
        /// The file, a manifest or the user said so.
        case declared
        /// The stored range was taken to stand for −1024…1023 HU.
        case assumedRange(ClosedRange<Double>)
        /// Floating-point samples were taken to be HU.
        case assumedHU
    }

    /// The HU range that an undeclared stored range stands for, and that noise strengths and data
    /// ranges given as a fraction refer to.
    public static let huRange: ClosedRange<Double> = -1024...1023

    /// HU per stored unit; not zero, finite. Negative where bright is stored as low (MinIsWhite).
    public let slope: Double

    /// HU of a stored zero.
    public let intercept: Double

    /// Where this scale comes from.
    public let origin: Origin

    /// Makes a scale.
    ///
    /// - Precondition: `slope` is finite and not zero, `intercept` is finite.
    public init(slope: Double, intercept: Double, origin: Origin = .declared) {
        precondition(slope.isFinite && slope != 0 && intercept.isFinite, "hu = \(slope) · stored + \(intercept)")
        self.slope = slope
        self.intercept = intercept
        self.origin = origin
    }

    /// The scale by which `storedRange` stands for ``huRange``, upside down if `inverted`.
    ///
    /// - Precondition: `storedRange` is not empty, and finite and wide enough for a finite slope.
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

    /// Stored values are HU, by assumption.
    public static let assumedHU = IntensityScale(slope: 1, intercept: 0, origin: .assumedHU)

    /// The HU of a stored value.
    public func hu(stored: Double) -> Double { slope * stored + intercept }

    /// The stored value of `hu`, not rounded.
    public func stored(hu: Double) -> Double { (hu - intercept) / slope }

    /// What stored values mean, such as "HU = 1 · stored - 1024" or "assuming that floating-point samples are HU".
    public var description: String {
        switch origin {
        case .declared: "HU = \(plain(slope)) · stored \(intercept < 0 ? "-" : "+") \(plain(abs(intercept)))"
        case .assumedRange(let range):
            "assuming that stored \(plain(range.lowerBound))…\(plain(range.upperBound)) stand for "
                + (slope < 0 ? "1023…-1024 HU" : "-1024…1023 HU")
        case .assumedHU: "assuming that floating-point samples are HU"
        }
    }
}
