internal import CTMetrics

internal import CTSupport

/// Salt-and-pepper noise: each sample is independently replaced, with probability `density`, by
/// `salt` (a share `saltShare` of the replaced) or `pepper` (the rest).
///
/// Its choices are independent of the deviates of ``WhiteNoise`` under the same seed and stream.
package enum SaltAndPepper {
    /// Where impulses take their values among those of a seed and a stream.
    static let lane: UInt64 = 2

    /// Replaces samples of `values`.
    ///
    /// - Parameters:
    ///   - values: Any values.
    ///   - density: Probability for a sample to be replaced, 0…1.
    ///   - saltShare: Probability for a replaced sample to become `salt`, 0…1.
    ///   - pepper: What dark impulses are, in the units of `values`.
    ///   - salt: What bright impulses are, in the units of `values`.
    ///   - seed: Names the experiment.
    ///   - stream: Tells apart slices, crops or steps within it.
    ///   - firstIndex: The index of `values[0]`, so that parts can be done apart.
    package static func apply(
        to values: inout [Float], density: Double, saltShare: Double, pepper: Float, salt: Float, seed: UInt64,
        stream: UInt64 = 0, firstIndex: Int = 0
    ) {
        var span = values.mutableSpan
        apply(
            to: &span, density: density, saltShare: saltShare, pepper: pepper, salt: salt, seed: seed, stream: stream,
            firstIndex: firstIndex)
    }

    /// Replaces samples of `values`; as for arrays.
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

    /// Replaces the samples of `values` that the `Float` version would replace.
    package static func apply(
        to values: inout [Double], density: Double, saltShare: Double, pepper: Double, salt: Double, seed: UInt64,
        stream: UInt64 = 0, firstIndex: Int = 0
    ) {
        apply(
            to: &values, density: density, saltShare: saltShare, pepper: pepper, salt: salt,
            random: CounterRandom(seed: seed, stream: stream, lane: lane), firstIndex: firstIndex)
    }

    /// As above, of other random values.
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

    /// One uniform number decides both: below `salt` it is salt, from there to below `all` pepper.
    private struct Impulses {
        let random: CounterRandom
        let salt: UInt64
        let all: UInt64

        init(density: Double, saltShare: Double, random: CounterRandom) {
            precondition((0...1).contains(density), "Salt and pepper of density \(density)")
            precondition((0...1).contains(saltShare), "A salt share of \(saltShare)")
            self.random = random
            salt = UInt64(density * saltShare * 0x1p53)
            all = UInt64(density * 0x1p53)
        }

        @inline(__always)
        func chance(at index: UInt64) -> UInt64 { random.word(at: index) &>> 11 }
    }
}
