/// A seeded generator of random bits: the same sequence on every platform, from a state of one word.
///
/// SplitMix64 of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014),
/// doi 10.1145/2660193.2660195. The state only counts up, so it can be saved and restored at any
/// time: a generator made with a saved ``state`` goes on where the other one was.
///
/// For noise use ``CounterRandom``, whose values do not depend on the order they are asked for.
package struct SplitMix64: RandomNumberGenerator, Hashable, Sendable, Codable {
    /// What the next values depend on; save it in a checkpoint to go on from there.
    package var state: UInt64

    /// What the state grows by at each step: 2⁶⁴ divided by the golden ratio, made odd.
    package static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// Makes a generator. All seeds are equally good, zero too.
    @inlinable
    package init(seed: UInt64) {
        state = seed
    }

    /// The next 64 random bits.
    @inlinable
    package mutating func next() -> UInt64 {
        state &+= Self.step
        return Self.mix(state)
    }

    /// A bijection of 64-bit words in which each bit of the result depends on every bit of `word`
    /// (Stafford's thirteenth variant of the MurmurHash3 finaliser, as SplitMix64 uses it).
    @inlinable @inline(__always)
    package static func mix(_ word: UInt64) -> UInt64 {
        var z = word
        z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z &>> 31)
    }
}
