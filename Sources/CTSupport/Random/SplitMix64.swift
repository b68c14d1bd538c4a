/// A seeded random number generator with a state of one word and the same sequence on every platform.
///
/// SplitMix64 of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014), doi
/// 10.1145/2660193.2660195. The state can be saved and restored at any time: a generator with a saved `state`
/// continues the sequence.
///
/// For noise, use `CounterRandom`, whose values do not depend on the order in which they are drawn.
package struct SplitMix64: RandomNumberGenerator, Hashable, Sendable, Codable {
    /// The state that determines the next values. Save it in a checkpoint to continue from there.
    package var state: UInt64

    /// The increment of the state: 2⁶⁴ divided by the golden ratio, rounded to an odd number.
    package static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// Creates a generator. Every seed is equally good, including zero.
    @inlinable
    package init(seed: UInt64) {
        state = seed
    }

    /// Returns the next 64 random bits.
    @inlinable
    package mutating func next() -> UInt64 {
        state &+= Self.step
        return Self.mix(state)
    }

    /// Returns a bijective mix of a 64-bit word, in which each bit of the result depends on every bit of `word`
    /// (Stafford's thirteenth variant of the MurmurHash3 finaliser, as used by SplitMix64).
    @inlinable @inline(__always)
    package static func mix(_ word: UInt64) -> UInt64 {
        var z = word
        z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z &>> 31)
    }
}
