/// Random values by position: the value at an index is a function of the seed, the stream and the index alone.
///
/// Values can therefore be drawn in any order, in any number of parts and by any number of threads. Results are
/// bit-identical on every platform, since they use only integer arithmetic and operations that IEEE 754 rounds
/// correctly (`+ − × ÷ √`), but no library functions.
///
/// The word at index *i* is output *i* of SplitMix64 (doi 10.1145/2660193.2660195) started from a key derived from seed
/// and stream. The state of SplitMix64 is a counter, so each output can be computed independently. On generators of
/// this kind, see "Parallel random numbers: as easy as 1, 2, 3" (Salmon et al. 2011, doi 10.1145/2063384.2063405).
package struct CounterRandom: Hashable, Sendable {
    /// The state of SplitMix64 before index 0.
    package let key: UInt64

    /// Creates the values of a stream.
    ///
    /// - Parameters:
    ///   - seed: Any number; identifies an experiment.
    ///   - stream: Any number; distinguishes uses that need independent values within an experiment, such as slices or
    ///     training steps.
    package init(seed: UInt64, stream: UInt64 = 0) {
        self.init(seed: seed, stream: stream, lane: 0)
    }

    /// Creates the values of one of many independent lanes of a stream. Lane 0 is that of `init(seed:stream:)`; noise
    /// models use other lanes.
    package init(seed: UInt64, stream: UInt64, lane: UInt64) {
        let seeded = SplitMix64.mix(seed &+ SplitMix64.step)
        let streamed = SplitMix64.mix(seeded &+ stream &* 0xD1B5_4A32_D192_ED03)
        key = SplitMix64.mix(streamed &+ lane &* 0x8CB9_2BA7_2F3D_8DD7)
    }

    /// Returns 64 random bits.
    @inlinable @inline(__always)
    package func word(at index: UInt64) -> UInt64 {
        SplitMix64.mix(key &+ (index &+ 1) &* SplitMix64.step)
    }

    /// Returns a number in 0..<1: one of 2⁵³ equally likely values.
    @inlinable @inline(__always)
    package func uniform(at index: UInt64) -> Double {
        Double(word(at: index) &>> 11) * 0x1p-53
    }

    /// Returns a Gaussian deviate of mean 0 and variance 1, of magnitude at most 8.3.
    ///
    /// This is the normal quantile of one of 2⁵² equally likely probabilities, which are symmetric about ½, so there is
    /// no bias.
    @inlinable @inline(__always)
    package func normal(at index: UInt64) -> Double {
        // An odd multiple of 2⁻⁵³ between −½ and ½, exact.
        let offset = (Double(Int64(bitPattern: word(at: index)) &>> 12) + 0.5) * 0x1p-52
        return NormalQuantile.atHalf(plus: offset)
    }
}
