/// A hash that is the same in every process and on every platform: 64-bit FNV-1a (Fowler, Noll, Vo; RFC 9923), extended
/// from bytes to whole words.
package struct FNV1a {
    /// The hash of everything combined so far.
    package var value: UInt64 = 0xCBF2_9CE4_8422_2325

    @inlinable
    package init() {}

    /// Adds a byte or a word to the hash.
    @inlinable @inline(__always)
    package mutating func combine(_ word: UInt64) { value = (value ^ word) &* 0x100_0000_01B3 }
}
