/// How much of the noise of a slice to remove.
///
/// What is left is noise of the slice itself, so it keeps its texture and its streaks.
public enum DenoisingAmount: Hashable, Sendable {
    /// This fraction of the predicted noise, 0 (nothing, the slice stays as it is) to 1 (all).
    case strength(Double)

    /// So much that noise of this standard deviation in HU is left in soft tissue; in lung, if there is too little flat
    /// soft tissue; or else in the whole slice.
    ///
    /// Slices with less noise than that stay as they are. Impulses are removed.
    case targetNoise(Double)

    /// So much that the noise is that of a scan with the dose `dose` if the slice was taken with `scan`, both in any
    /// unit.
    ///
    /// The standard deviation of noise is inversely proportional to the square root of dose. Nothing is removed if
    /// `dose` is no more than `scan`.
    ///
    /// - Precondition: Both are positive.
    public static func dose(_ dose: Double, from scan: Double) -> DenoisingAmount {
        precondition(dose > 0 && scan > 0, "A dose of \(dose) from \(scan)")
        return .strength(max(1 - (scan / dose).squareRoot(), 0))
    }

    /// Whether slices stay as they are.
    var isNothing: Bool { self == .strength(0) }

    /// What is wrong with the number, as a phrase; `nil` if it is valid.
    var complaint: String? {
        switch self {
        case .strength(let share): (0...1).contains(share) ? nil : "a strength of \(share)"
        case .targetNoise(let deviation):
            deviation >= 0 && deviation.isFinite ? nil : "noise of \(deviation) HU to leave"
        }
    }
}
