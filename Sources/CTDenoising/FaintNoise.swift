/// Noise that is too faint to be told from texture.
///
/// Slices that are clean come back as they are. Those of patients never are: they come with noise of 5 HU and more, of which
/// a network that was trained on white noise sees 1 to 4 HU.
enum FaintNoise {
    /// HU of standard deviation up to which nothing is taken out, and from which on all.
    private static let (least, most): (Float, Float) = (3, 5)

    /// The share of an estimate that is taken out, 0…1.
    ///
    /// The standard deviation is that of a Gaussian that exceeds the same size in a tenth of all places: what a network sees
    /// at a few edges does not count, and neither does a background without noise, unless it is nearly all.
    ///
    /// - Parameter noise: HU in all places.
    static func share(of noise: [Float]) -> Float {
        // Sizes up to `top`, in bins; what is more is in the last.
        let (bins, top): (Int, Float) = (256, 2 * most)
        var counts = [Int](repeating: 0, count: bins)
        for value in noise {
            let size = abs(value)
            counts[size < top ? Int(size * Float(bins) / top) : bins - 1] += 1
        }
        var (above, bin) = (0, bins)
        while bin > 0, 10 * above < noise.count {
            bin -= 1
            above += counts[bin]
        }
        let deviation = Float(bin) * top / Float(bins) / 1.645
        return min(max((deviation - least) / (most - least), 0), 1)
    }
}
