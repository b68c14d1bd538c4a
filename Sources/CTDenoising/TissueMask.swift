internal import CTImages

/// Which samples of a slice the network is asked about.
///
/// Scanners fill what lies outside their field of view with a value far below air, often −2000 or −3024 HU; metal
/// reaches 20000 HU and more; floating-point files have NaN. A network that was trained on tissue would invent
/// something there, and scans would carry it into the surroundings. So the network sees the nearest tissue instead,
/// and these samples stay as they are.
struct TissueMask {
    /// HU that tissue with a good deal of noise can have. What lies outside stays.
    static let plausible = -3500.0...5000.0

    /// What the network sees in place of samples below and above.
    static let (air, bone) = (-1024.0, 3071.0)

    /// The value below which no tissue lies: a slice's least value is padding if it is below this …
    private static let leastTissue = -1100.0

    /// … and at least one sample in so many has exactly it, which noise does not do.
    private static let paddingShare = 500

    private let padding: Double?

    /// Finds out whether a slice has padding.
    init(_ slice: CTSlice) {
        // In stored units, where equal means equal.
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

    /// Whether a sample is denoised, and the HU that the network sees in its place.
    func admit(_ hu: Double) -> (isDenoised: Bool, shown: Double) {
        if hu == padding || !(hu >= Self.plausible.lowerBound) { return (false, Self.air) }
        return hu > Self.plausible.upperBound ? (false, Self.bone) : (true, hu)
    }
}
