/// Decides how much to remove of noise that is too faint to distinguish from texture.
///
/// Clean slices are returned unchanged. Patient slices are never clean: they have noise of 5 HU and more, of which a
/// network trained on white noise predicts 1 to 4 HU.
enum FaintNoise {
    /// The standard deviations in HU below which nothing and above which everything is removed.
    private static let (least, most): (Float, Float) = (3, 5)

    /// Returns the fraction of an estimate to remove, 0…1.
    ///
    /// The standard deviation is that of a Gaussian whose magnitude exceeds the same value in a tenth of all places.
    /// Predictions at a few edges therefore do not count, nor does a noiseless background, unless it covers nearly
    /// everything.
    ///
    /// - Parameter noise: The estimated noise in HU, in all places.
    static func share(of noise: [Float]) -> Float {
        // Magnitudes up to `top` in bins; larger ones go into the last.
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
