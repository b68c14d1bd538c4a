import CTSupport
import Foundation
import TestSupport
import Testing

@Suite struct FourierTransformTests {
    /// By the definition, in double precision.
    private func slowly(_ numbers: [Float], sign: Double) -> [Double] {
        let n = numbers.count / 2
        return (0..<n).flatMap { k in
            var (real, imaginary) = (0.0, 0.0)
            for j in 0..<n {
                let angle = sign * 2 * .pi * Double(j * k % n) / Double(n)
                let (x, y) = (Double(numbers[2 * j]), Double(numbers[2 * j + 1]))
                real += x * cos(angle) - y * sin(angle)
                imaginary += x * sin(angle) + y * cos(angle)
            }
            return [real, imaginary]
        }
    }

    @Test(arguments: [8, 16, 128, 24, 80, 120], [false, true])
    func `equals the sum of the definition`(length: Int, inverse: Bool) {
        var generator = TestGenerator(seed: 1)
        let input = generator.floats(3 * 2 * length)
        var output = input
        FourierTransform(length: length).transform(rows: &output, inverse: inverse)
        for row in 0..<3 {
            let range = row * 2 * length..<(row + 1) * 2 * length
            let expected = slowly(Array(input[range]), sign: inverse ? 1 : -1)
            // Each of log₂ n stages adds rounding errors of numbers of about √n.
            let bound = 1e-6 * Double(length).squareRoot() * 4
            #expect(zip(output[range], expected).allSatisfy { abs(Double($0) - $1) < bound })
        }
    }

    @Test func `of an image, a plane wave is one peak`() {
        let n = 16
        var image = [Float](repeating: 0, count: 2 * n * n)
        for row in 0..<n {
            for column in 0..<n {
                let angle = 2 * Double.pi * Double(3 * row + 5 * column) / Double(n)
                image[2 * (row * n + column)] = Float(cos(angle))
                image[2 * (row * n + column) + 1] = Float(sin(angle))
            }
        }
        FourierTransform(length: n).transform(square: &image)
        for index in 0..<n * n {
            let expected: Float = index == 3 * n + 5 ? 256 : 0
            #expect(abs(image[2 * index] - expected) < 1e-3 && abs(image[2 * index + 1]) < 1e-3)
        }
    }

    @Test func `there and back multiplies by the number of values`() {
        var generator = TestGenerator(seed: 2)
        let input = generator.floats(2 * 32 * 32)
        let transform = FourierTransform(length: 32)
        var output = input
        transform.transform(square: &output)
        transform.transform(square: &output, inverse: true)
        #expect(zip(output, input).allSatisfy { abs($0 / 1024 - $1) < 1e-5 })
    }

    @Test func `lengths are powers of two, or also three, five or fifteen times one`() {
        #expect([0, 8, 9, 500, 512, 513].map(FourierTransform.length(atLeast:)) == [8, 8, 16, 512, 512, 1024])
        let shortest = [0, 8, 9, 65, 97, 144, 528].map(FourierTransform.shortestLength(atLeast:))
        #expect(shortest == [8, 8, 16, 80, 120, 160, 640])
    }
}
