/// A hash that is the same in every process and on every platform: FNV-1a with 64 bits (Fowler, Noll, Vo; RFC 9923),
/// which takes bytes, and here also whole words at a time.
package struct FNV1a {
    /// The hash of what was combined so far.
    package var value: UInt64 = 0xCBF2_9CE4_8422_2325

    @inlinable
    package init() {}

    /// Takes the next byte or word.
    @inlinable @inline(__always)
    package mutating func combine(_ word: UInt64) { value = (value ^ word) &* 0x100_0000_01B3 }
}
