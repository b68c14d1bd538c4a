internal import CFourier

/// The discrete Fourier transform of a fixed length.
///
/// Uses KissFFT on Linux, which every distribution includes under a permissive licence, and Accelerate on Apple
/// platforms. Their results differ in the last bits. Neither direction is scaled: a transform followed by its inverse
/// multiplies by the length.
@safe package final class FourierTransform: Sendable {
    /// The number of complex numbers in a transform.
    package let length: Int

    private nonisolated(unsafe) let forward: OpaquePointer
    private nonisolated(unsafe) let inverse: OpaquePointer

    /// Creates a transform.
    ///
    /// - Parameter length: The number of complex numbers.
    /// - Precondition: `length` is 1, 3, 5 or 15 times a power of two of at least 8, and at most 2²⁴.
    package init(length: Int) {
        let twos = length.trailingZeroBitCount
        precondition(
            twos >= 3 && length <= 1 << 24 && [1, 3, 5, 15].contains(length >> twos), "A transform of \(length)")
        guard let forward = unsafe ct_fourier_make(length, false), let inverse = unsafe ct_fourier_make(length, true)
        else { fatalError("no memory for a transform of \(length) numbers") }
        self.length = length
        unsafe self.forward = forward
        unsafe self.inverse = inverse
    }

    deinit {
        unsafe ct_fourier_free(forward)
        unsafe ct_fourier_free(inverse)
    }

    /// Returns the smallest power of two of at least `count` that is a supported length.
    package static func length(atLeast count: Int) -> Int { doubled(8, atLeast: count) }

    /// Returns the smallest supported length of at least `count`.
    package static func shortestLength(atLeast count: Int) -> Int {
        [8, 24, 40, 120].map { doubled($0, atLeast: count) }.min() ?? 8
    }

    /// Returns the first of `length`, twice that, four times that, … that is at least `count`.
    private static func doubled(_ length: Int, atLeast count: Int) -> Int {
        var length = length
        while length < count { length *= 2 }
        return length
    }

    /// Transforms rows of complex numbers in place.
    ///
    /// - Parameters:
    ///   - numbers: An array of shape (rows, `length`, 2), with alternating real and imaginary parts.
    ///   - inverse: Whether the exponent is positive.
    /// - Precondition: The number of elements is a multiple of 2 · `length`.
    package func transform(rows numbers: inout [Float], inverse: Bool = false) {
        precondition(numbers.count % (2 * length) == 0, "\(numbers.count) floats for rows of \(length) complex numbers")
        let plan = unsafe inverse ? self.inverse : forward
        var row = [Float](repeating: 0, count: 2 * length)
        for start in stride(from: 0, to: numbers.count, by: row.count) {
            unsafe numbers.withUnsafeMutableBufferPointer { numbers in
                unsafe row.withUnsafeMutableBufferPointer { row in
                    guard let numbers = numbers.baseAddress, let row = row.baseAddress else { return }
                    unsafe ct_fourier_transform(plan, numbers + start, row)
                }
            }
            numbers.replaceSubrange(start..<start + row.count, with: row)
        }
    }

    /// Transforms a square image of complex numbers along both axes in place.
    ///
    /// - Parameters:
    ///   - numbers: An array of shape (`length`, `length`, 2), with alternating real and imaginary parts.
    ///   - inverse: Whether the exponent is positive.
    /// - Precondition: `numbers.count == 2 * length * length`.
    package func transform(square numbers: inout [Float], inverse: Bool = false) {
        precondition(numbers.count == 2 * length * length, "\(numbers.count) floats for \(length)² complex numbers")
        transform(rows: &numbers, inverse: inverse)
        transpose(&numbers)
        transform(rows: &numbers, inverse: inverse)
        transpose(&numbers)
    }

    private func transpose(_ numbers: inout [Float]) {
        for row in 0..<length {
            for column in 0..<row {
                let (one, other) = (2 * (row * length + column), 2 * (column * length + row))
                numbers.swapAt(one, other)
                numbers.swapAt(one + 1, other + 1)
            }
        }
    }
}
