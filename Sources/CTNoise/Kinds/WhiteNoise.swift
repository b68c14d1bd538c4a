internal import CKernels
internal import CTSupport
internal import Dispatch

/// Additive white Gaussian noise: independent deviates of equal standard deviation.
///
/// Sample `i` gets `sigma` times the deviate at index `firstIndex + i`, in the units of the values. Nothing is clipped
/// or rounded, so the mean does not shift. The vector kernels give the same bits with every instruction set.
package enum WhiteNoise {
    /// The fewest values worth a thread.
    private static let leastPart = 32_768

    /// The lane of a seed and stream that white noise draws from.
    static let lane: UInt64 = 1

    /// Adds noise of standard deviation `sigma` to `values`, in their units.
    ///
    /// - Parameters:
    ///   - values: Any values; NaN stays NaN.
    ///   - sigma: The standard deviation in the units of `values`, not negative.
    ///   - seed: The seed of the experiment.
    ///   - stream: Distinguishes slices, crops or steps within it.
    ///   - firstIndex: The index of `values[0]`, so that parts can be processed separately.
    ///   - threads: The largest number of threads; the result does not depend on it.
    /// - Precondition: `sigma` is finite and not negative.
    package static func add(
        to values: inout [Float], sigma: Float, seed: UInt64, stream: UInt64 = 0, firstIndex: Int = 0,
        threads: Int = 1
    ) {
        precondition(sigma >= 0 && sigma.isFinite, "White noise with standard deviation \(sigma)")
        let key = CounterRandom(seed: seed, stream: stream, lane: lane).key
        unsafe parallel(over: &values, least: leastPart, threads: threads) { first, count, part in
            unsafe ct_noise_kernels_current().pointee.add_normals(key, UInt64(firstIndex + first), count, sigma, part)
        }
    }

    /// Adds noise of standard deviation `sigma` to `values`, in their units; see the array version.
    ///
    /// To add noise to part of an array, pass `array.mutableSpan.extracting(range)`.
    package static func add(
        to values: inout MutableSpan<Float>, sigma: Float, seed: UInt64, stream: UInt64 = 0, firstIndex: Int = 0
    ) {
        precondition(sigma >= 0 && sigma.isFinite, "White noise with standard deviation \(sigma)")
        let key = CounterRandom(seed: seed, stream: stream, lane: lane).key
        unsafe values.withUnsafeMutableBufferPointer { values in
            guard let start = values.baseAddress else { return }
            let kernels = unsafe ct_noise_kernels_current().pointee
            unsafe kernels.add_normals(key, UInt64(firstIndex), values.count, sigma, start)
        }
    }

    /// Adds noise of standard deviation `sigma` to `values`, in their units.
    ///
    /// The deviates are those of the `Float` version before rounding to single precision.
    package static func add(
        to values: inout [Double], sigma: Double, seed: UInt64, stream: UInt64 = 0, firstIndex: Int = 0,
        threads: Int = 1
    ) {
        add(
            to: &values, sigma: sigma, random: CounterRandom(seed: seed, stream: stream, lane: lane),
            firstIndex: firstIndex, threads: threads)
    }

    /// Adds noise with deviates from `random`.
    static func add(
        to values: inout [Double], sigma: Double, random: CounterRandom, firstIndex: Int, threads: Int
    ) {
        precondition(sigma >= 0 && sigma.isFinite, "White noise with standard deviation \(sigma)")
        let key = random.key
        unsafe parallel(over: &values, least: leastPart, threads: threads) { first, count, part in
            unsafe ct_noise_kernels_current().pointee.add_normals_double(
                key, UInt64(firstIndex + first), count, sigma, part)
        }
    }
}
