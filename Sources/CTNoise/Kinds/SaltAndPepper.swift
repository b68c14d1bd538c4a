internal import CTMetrics

internal import CTSupport

/// Salt-and-pepper noise: replaces each sample independently, with probability `density`, by `salt` (with probability
/// `saltShare`) or `pepper`.
///
/// The choices are independent of the deviates of `WhiteNoise` for the same seed and stream.
package enum SaltAndPepper {
    /// The lane of a seed and stream that impulses draw from.
    static let lane: UInt64 = 2

    /// Replaces samples of `values`.
    ///
    /// - Parameters:
    ///   - values: Any values.
    ///   - density: The probability that a sample is replaced, 0…1.
    ///   - saltShare: The probability that a replaced sample becomes `salt`, 0…1.
    ///   - pepper: The value of dark impulses, in the units of `values`.
    ///   - salt: The value of bright impulses, in the units of `values`.
    ///   - seed: The seed of the experiment.
    ///   - stream: Distinguishes slices, crops or steps within it.
    ///   - firstIndex: The index of `values[0]`, so that parts can be processed separately.
    /// - Precondition: `density` and `saltShare` are in 0…1.
    package static func apply(
        to values: inout [Float], density: Double, saltShare: Double, pepper: Float, salt: Float, seed: UInt64,
        stream: UInt64 = 0, firstIndex: Int = 0
    ) {
        var span = values.mutableSpan
        apply(
            to: &span, density: density, saltShare: saltShare, pepper: pepper, salt: salt, seed: seed, stream: stream,
            firstIndex: firstIndex)
    }

    /// Replaces samples of `values`; see the array version.
    package static func apply(
        to values: inout MutableSpan<Float>, density: Double, saltShare: Double, pepper: Float, salt: Float,
        seed: UInt64, stream: UInt64 = 0, firstIndex: Int = 0
    ) {
        let impulses = Impulses(
            density: density, saltShare: saltShare, random: CounterRandom(seed: seed, stream: stream, lane: lane))
        let first = UInt64(firstIndex)
        for i in values.indices {
            let chance = impulses.chance(at: first &+ UInt64(truncatingIfNeeded: i))
            if chance < impulses.all { values[i] = chance < impulses.salt ? salt : pepper }
        }
    }

    /// Replaces the same samples as the `Float` version.
    package static func apply(
        to values: inout [Double], density: Double, saltShare: Double, pepper: Double, salt: Double, seed: UInt64,
        stream: UInt64 = 0, firstIndex: Int = 0
    ) {
        apply(
            to: &values, density: density, saltShare: saltShare, pepper: pepper, salt: salt,
            random: CounterRandom(seed: seed, stream: stream, lane: lane), firstIndex: firstIndex)
    }

    /// Replaces samples with draws from `random`.
    static func apply(
        to values: inout [Double], density: Double, saltShare: Double, pepper: Double, salt: Double,
        random: CounterRandom, firstIndex: Int
    ) {
        let impulses = Impulses(density: density, saltShare: saltShare, random: random)
        let first = UInt64(firstIndex)
        var span = values.mutableSpan
        for i in span.indices {
            let chance = impulses.chance(at: first &+ UInt64(truncatingIfNeeded: i))
            if chance < impulses.all { span[i] = chance < impulses.salt ? salt : pepper }
        }
    }

    /// Decides each sample with one uniform integer: below `salt` is salt, from there to below `all` is pepper.
    private struct Impulses {
        let random: CounterRandom
        let salt: UInt64
        let all: UInt64

        init(density: Double, saltShare: Double, random: CounterRandom) {
            precondition((0...1).contains(density), "Salt-and-pepper density \(density)")
            precondition((0...1).contains(saltShare), "Salt share \(saltShare)")
            self.random = random
            salt = UInt64(density * saltShare * 0x1p53)
            all = UInt64(density * 0x1p53)
        }

        @inline(__always)
        func chance(at index: UInt64) -> UInt64 { random.word(at: index) &>> 11 }
    }
}
