internal import CTSupport

/// A reason why the intensity scale of a slice is probably wrong.
public enum IntensityDoubt: Hashable, Sendable, CustomStringConvertible {
    /// The samples span less than an eighth of their assumed range, or less than 20 HU. Typical of slices that hold HU
    /// (`least` below zero) or HU + 1024 in 16 bits, and of floating-point values of 0…1.
    case narrowRange(least: Double, greatest: Double)

    /// With this scale, most samples lie beyond ±20000 HU.
    case beyondMetal(IntensityScale)

    /// What was found, for example "only the values 24…1623 occur".
    public var description: String {
        switch self {
        case .narrowRange(let least, let greatest): "only the values \(plain(least))…\(plain(greatest)) occur"
        case .beyondMetal(let scale): "most samples lie beyond ±20000 HU if \(scale)"
        }
    }
}

extension CTSlice {
    /// The reason why ``scale`` is probably wrong for these samples, or `nil` if it is plausible.
    ///
    /// Without a declared scale, the range of an integer format is assumed to span −1024…1023 HU. A chest slice
    /// contains air and soft tissue and so spans at least a third of that range; a slice that holds HU or HU + 1024 in
    /// 16 bits spans a sixteenth. With any scale, metal reaches about 20000 HU, and no slice is mostly metal.
    ///
    /// - Complexity: O(1) for nearly all slices, since 8192 samples are inspected first; otherwise O(*n*) in the number
    ///   of samples.
    public var intensityDoubt: IntensityDoubt? {
        let step = max(samples.count / 8192, 1)
        let some = stride(from: 0, to: samples.count, by: step).map { samples[$0] }
        guard step == 1 || doubtOfRange(some) != nil || doubtOfSize(some) != nil else { return nil }
        return doubtOfRange(samples) ?? doubtOfSize(samples)
    }

    private func doubtOfRange(_ samples: [Double]) -> IntensityDoubt? {
        guard let least = samples.min(), let greatest = samples.max() else { return nil }
        let span = greatest - least
        let enough: Double
        switch scale.origin {
        case .assumedRange(let range) where format.bits >= 16: enough = (range.upperBound - range.lowerBound) / 8
        // Tissue alone differs by more.
        case .assumedHU: enough = 20
        default: return nil
        }
        return span > 0 && span < enough ? .narrowRange(least: least, greatest: greatest) : nil
    }

    private func doubtOfSize(_ samples: [Double]) -> IntensityDoubt? {
        if case .assumedRange = scale.origin { return nil }
        let limit = 20_000.0
        let beyond = samples.reduce(into: 0) { if abs(scale.hu(stored: $1)) > limit { $0 += 1 } }
        return beyond > samples.count / 2 ? .beyondMetal(scale) : nil
    }
}
