internal import CTImages

/// The samples of a slice that are denoised.
///
/// Scanners fill the outside of their field of view with a value far below air, often −2000 or −3024 HU; metal reaches
/// 20000 HU and more; floating-point files may have NaN. A network trained on tissue would predict artefacts there, and
/// scans would spread them to the surroundings. The network therefore sees the nearest tissue value instead, and these
/// samples stay unchanged.
struct TissueMask {
    /// The range in HU of tissue with strong noise. Samples outside stay unchanged.
    static let plausible = -3500.0...5000.0

    /// The values in HU that the network sees in place of samples below and above that range.
    static let (air, bone) = (-1024.0, 3071.0)

    /// The HU below which there is no tissue: a slice's least value is padding if it is below this …
    private static let leastTissue = -1100.0

    /// … and at least one sample in this many has exactly that value, which noise does not produce.
    private static let paddingShare = 500

    private let padding: Double?

    /// Creates the mask of a slice; detects padding.
    init(_ slice: CTSlice) {
        // In stored units, where equality is exact.
        let (samples, scale) = (slice.samples, slice.scale)
        let finite = samples.lazy.filter(\.isFinite)
        let least = scale.slope > 0 ? finite.min() : finite.max()
        guard let least, scale.hu(stored: least) < Self.leastTissue else {
            padding = nil
            return
        }
        let count = samples.reduce(0) { $0 + ($1 == least ? 1 : 0) }
        padding = count > 1 && count >= samples.count / Self.paddingShare ? scale.hu(stored: least) : nil
    }

    /// Returns whether a sample is denoised, and the HU that the network sees in its place.
    func admit(_ hu: Double) -> (isDenoised: Bool, shown: Double) {
        if hu == padding || !(hu >= Self.plausible.lowerBound) { return (false, Self.air) }
        return hu > Self.plausible.upperBound ? (false, Self.bone) : (true, hu)
    }
}
