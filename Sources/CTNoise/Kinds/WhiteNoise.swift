internal import CKernels
internal import CTSupport
internal import Dispatch

/// Additive white Gaussian noise: independent deviates of one standard deviation.
///
/// Sample `i` gets `sigma` times the deviate at index `firstIndex + i`, in the units of the values.
/// Nothing is clipped or rounded, so the mean does not move. Vector kernels compute it, the same bits with each instruction set.
package enum WhiteNoise {
    /// Fewer values are not worth waking a thread for.
    private static let leastPart = 32_768

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
    ///   - threads: At most so many work at it; the result is the same for any number.
    package static func add(
        to values: inout [Float], sigma: Float, seed: UInt64, stream: UInt64 = 0, firstIndex: Int = 0,
        threads: Int = 1
    ) {
        precondition(sigma >= 0 && sigma.isFinite, "White noise of standard deviation \(sigma)")
        let key = CounterRandom(seed: seed, stream: stream, lane: lane).key
        unsafe parallel(over: &values, least: leastPart, threads: threads) { first, count, part in
            unsafe ct_noise_kernels_current().pointee.add_normals(key, UInt64(firstIndex + first), count, sigma, part)
        }
    }

    /// Adds noise of standard deviation `sigma` to `values`, in their units.
    ///
    /// As for arrays; to noise a part of an array pass `array.mutableSpan.extracting(range)`.
    package static func add(
        to values: inout MutableSpan<Float>, sigma: Float, seed: UInt64, stream: UInt64 = 0, firstIndex: Int = 0
    ) {
        precondition(sigma >= 0 && sigma.isFinite, "White noise of standard deviation \(sigma)")
        let key = CounterRandom(seed: seed, stream: stream, lane: lane).key
        unsafe values.withUnsafeMutableBufferPointer { values in
            guard let start = values.baseAddress else { return }
            let kernels = unsafe ct_noise_kernels_current().pointee
            unsafe kernels.add_normals(key, UInt64(firstIndex), values.count, sigma, start)
        }
    }

    /// Adds noise of standard deviation `sigma` to `values`, in their units.
    ///
    /// The deviates are those of the `Float` version before they are rounded to single precision.
    package static func add(
        to values: inout [Double], sigma: Double, seed: UInt64, stream: UInt64 = 0, firstIndex: Int = 0,
        threads: Int = 1
    ) {
        add(
            to: &values, sigma: sigma, random: CounterRandom(seed: seed, stream: stream, lane: lane),
            firstIndex: firstIndex, threads: threads)
    }

    /// As above, of other random values.
    static func add(
        to values: inout [Double], sigma: Double, random: CounterRandom, firstIndex: Int, threads: Int
    ) {
        precondition(sigma >= 0 && sigma.isFinite, "White noise of standard deviation \(sigma)")
        let key = random.key
        unsafe parallel(over: &values, least: leastPart, threads: threads) { first, count, part in
            unsafe ct_noise_kernels_current().pointee.add_normals_double(
                key, UInt64(firstIndex + first), count, sigma, part)
        }
    }
}
