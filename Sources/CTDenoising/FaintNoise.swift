/// Decides how much to remove of noise that is faint.
///
/// It is too faint to distinguish from texture, or it is as faint as the noise of the slices that a network was trained
/// on, of which it then predicts only a part.
struct FaintNoise {
    /// The part of a prediction to remove at some standard deviation of the prediction in HU, in ascending order. Parts
    /// in between are interpolated.
    private let parts: [(deviation: Float, part: Float)]

    /// For networks that know white noise only.
    ///
    /// Clean slices are returned unchanged. Patient slices are never clean: they have noise of 5 HU and more, of which
    /// such a network predicts 1 to 4 HU, and that is not noise alone.
    static let white = FaintNoise(parts: [(3, 0), (5, 1)])

    /// For networks that know the noise of scanners.
    ///
    /// Slices as drawn, of which it predicts up to 1.2 HU, are returned unchanged. The clean slices of training had
    /// noise of σ = 5…18 HU themselves. Of noise of s HU, a network predicts the part 1 − σ² / s² that was added in
    /// training, since the rest was in the slices that it is to return. 1.8 times that part is still less than all of
    /// it up to a prediction of 6 HU.
    static let scanner = FaintNoise(parts: [(1.3, 0), (2.2, 1.8), (6, 1.8), (14, 1)])

    /// Returns the part of an estimate to remove.
    ///
    /// The standard deviation is that of a Gaussian whose magnitude exceeds the same value in a tenth of all places.
    /// Predictions at a few edges therefore do not count, nor does a noiseless background, unless it covers nearly
    /// everything.
    ///
    /// - Parameter noise: The estimated noise in HU, in all places.
    func part(of noise: [Float]) -> Float {
        // Magnitudes up to `top` in bins; larger ones go into the last.
        let most = parts[parts.count - 1].deviation
        let (bins, top): (Int, Float) = (512, 2 * most)
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
        guard let next = parts.firstIndex(where: { deviation < $0.deviation }) else {
            return parts[parts.count - 1].part
        }
        guard next > 0 else { return parts[0].part }
        let (low, high) = (parts[next - 1], parts[next])
        return low.part + (high.part - low.part) * (deviation - low.deviation) / (high.deviation - low.deviation)
    }
}
