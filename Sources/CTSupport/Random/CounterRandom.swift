/// Random values by position: the value at an index is a function of the seed, the stream and the
/// index, and of nothing else.
///
/// So it makes no difference in which order, in how many parts or by how many threads values are
/// drawn. Results are the same to the last bit on every platform: only integer arithmetic and the
/// operations that IEEE 754 rounds correctly (`+ − × ÷ √`) are used, no library function.
///
/// The word at index *i* is output *i* of SplitMix64 (doi 10.1145/2660193.2660195) started at a key
/// that is mixed from seed and stream; SplitMix64's state is a counter, so any output can be
/// computed alone. "Parallel random numbers: as easy as 1, 2, 3" (Salmon et al. 2011,
/// doi 10.1145/2063384.2063405) makes the case for generators of this kind.
package struct CounterRandom: Hashable, Sendable {
    /// The state of SplitMix64 before index 0.
    package let key: UInt64

    /// Makes the values of a stream.
    ///
    /// - Parameters:
    ///   - seed: Any number; names an experiment.
    ///   - stream: Any number; tells apart what needs independent values within an experiment,
    ///     such as slices or training steps.
    package init(seed: UInt64, stream: UInt64 = 0) {
        self.init(seed: seed, stream: stream, lane: 0)
    }

    /// Makes the values of one of many independent lanes of a stream: 0 is what users of the type
    /// get, noise models have lanes of their own.
    package init(seed: UInt64, stream: UInt64, lane: UInt64) {
        let seeded = SplitMix64.mix(seed &+ SplitMix64.step)
        let streamed = SplitMix64.mix(seeded &+ stream &* 0xD1B5_4A32_D192_ED03)
        key = SplitMix64.mix(streamed &+ lane &* 0x8CB9_2BA7_2F3D_8DD7)
    }

    /// 64 random bits.
    @inlinable @inline(__always)
    package func word(at index: UInt64) -> UInt64 {
        SplitMix64.mix(key &+ (index &+ 1) &* SplitMix64.step)
    }

    /// A number from 0 up to but not including 1: one of 2⁵³, all equally likely.
    @inlinable @inline(__always)
    package func uniform(at index: UInt64) -> Double {
        Double(word(at: index) &>> 11) * 0x1p-53
    }

    /// A Gaussian deviate of mean 0 and variance 1, at most 8.3 in size.
    ///
    /// It is the normal quantile of one of 2⁵² equally likely probabilities that lie symmetrically
    /// about a half, so there is no bias.
    @inlinable @inline(__always)
    package func normal(at index: UInt64) -> Double {
        // An odd multiple of 2⁻⁵³ between −½ and ½, exactly.
        let offset = (Double(Int64(bitPattern: word(at: index)) &>> 12) + 0.5) * 0x1p-52
        return NormalQuantile.atHalf(plus: offset)
    }
}
