/// A seeded random generator for tests: xorshift64* (Vigna 2016, doi 10.1145/2845077).
package struct TestGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// Creates a generator; equal seeds give equal sequences.
    package init(seed: UInt64) { state = (seed &+ 1) &* 0x9E37_79B9_7F4A_7C15 | 1 }

    /// Returns the next 64 bits.
    package mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }

    /// Returns numbers uniformly distributed over `range`.
    package mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in Float.random(in: range, using: &self) }
    }

    /// Returns a number from 0 up to 1.
    package mutating func uniform() -> Double { Double.random(in: 0..<1, using: &self) }

    /// Returns a number of nearly normal distribution: the sum of twelve uniform ones.
    package mutating func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + uniform() } }
}
