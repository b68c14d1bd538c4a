/// Additive white Gaussian noise: independent deviates of one standard deviation.
///
/// Sample `i` gets `sigma` times the deviate at index `firstIndex + i`, in the units of the values.
/// Nothing is clipped or rounded, so the mean does not move.
public enum WhiteNoise {
    /// Where white noise takes its values among those of a seed and a stream.
    static let lane: UInt64 = 1

    /// Adds noise of standard deviation `sigma` to `values`, in their units.
    ///
    /// - Parameters:
    ///   - values: Any values; NaN stays NaN.
    ///   - sigma: Standard deviation in the units of `values`, not negative.
    ///   - seed: Names the experiment.
    ///   - stream: Tells apart slices, crops or steps within it.
    ///   - firstIndex: The index of `values[0]`, so that parts can be done apart.
    public static func add(
        to values: inout [Float], sigma: Float, seed: UInt64, stream: UInt64 = 0, firstIndex: Int = 0
    ) {
        var span = values.mutableSpan
        add(to: &span, sigma: sigma, seed: seed, stream: stream, firstIndex: firstIndex)
    }

    /// Adds noise of standard deviation `sigma` to `values`, in their units.
    ///
    /// As for arrays; to noise a part of an array pass `array.mutableSpan.extracting(range)`.
    public static func add(
        to values: inout MutableSpan<Float>, sigma: Float, seed: UInt64, stream: UInt64 = 0, firstIndex: Int = 0
    ) {
        precondition(sigma >= 0 && sigma.isFinite, "White noise of standard deviation \(sigma)")
        let random = CounterRandom(seed: seed, stream: stream, lane: lane)
        let first = UInt64(firstIndex)
        for i in values.indices {
            values[i] += sigma * Float(random.normal(at: first &+ UInt64(truncatingIfNeeded: i)))
        }
    }

    /// Adds noise of standard deviation `sigma` to `values`, in their units.
    ///
    /// The deviates are those of the `Float` version before they are rounded to single precision.
    public static func add(
        to values: inout [Double], sigma: Double, seed: UInt64, stream: UInt64 = 0, firstIndex: Int = 0
    ) {
        precondition(sigma >= 0 && sigma.isFinite, "White noise of standard deviation \(sigma)")
        let random = CounterRandom(seed: seed, stream: stream, lane: lane)
        let first = UInt64(firstIndex)
        var span = values.mutableSpan
        for i in span.indices {
            span[i] += sigma * random.normal(at: first &+ UInt64(truncatingIfNeeded: i))
        }
    }
}
