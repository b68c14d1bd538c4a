internal import CFourier

/// Discrete Fourier transforms of one length.
///
/// KissFFT computes them on Linux, since every distribution has it and its licence fits; Accelerate on Apple's systems, where it
/// is at hand. Results differ between the two in the last bits. Neither direction is scaled: there and back multiplies by
/// the length.
@safe package final class FourierTransform: Sendable {
    /// How many numbers are transformed.
    package let length: Int

    private nonisolated(unsafe) let forward: OpaquePointer
    private nonisolated(unsafe) let inverse: OpaquePointer

    /// Prepares transforms.
    ///
    /// - Parameter length: A power of two, 8 to 2²⁴.
    package init(length: Int) {
        precondition(length >= 8 && length <= 1 << 24 && length & (length - 1) == 0, "A transform of \(length)")
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

    /// The smallest possible length of at least `count`.
    package static func length(atLeast count: Int) -> Int {
        var length = 8
        while length < count { length *= 2 }
        return length
    }

    /// Transforms complex numbers.
    ///
    /// - Parameters:
    ///   - numbers: (rows, ``length``, 2): real and imaginary parts in turn. Each row is replaced by its transform.
    ///   - inverse: Whether the sign of the exponent is plus.
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

    /// Transforms square images of complex numbers along both axes.
    ///
    /// - Parameters:
    ///   - numbers: (``length``, ``length``, 2): real and imaginary parts in turn. Replaced by the transform.
    ///   - inverse: Whether the sign of the exponent is plus.
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
