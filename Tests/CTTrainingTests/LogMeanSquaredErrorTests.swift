@testable import CTTraining
import CTSupport
import TestSupport
import Testing

@Suite struct LogMeanSquaredErrorTests {
    /// Counts all pixels of three crops, or some of two and none of the last.
    @Test(
        arguments: [
            nil, [true, false, true, true, false, false, true, false, false, false, false, false],
        ] as [[Bool]?])
    func `its derivative equals central differences`(isCounted: [Bool]?) {
        var generator = TestGenerator(seed: 3)
        let estimate = generator.floats(12)
        let target = generator.floats(12)
        func loss(_ estimate: [Double]) -> Double {
            (0..<3).reduce(0.0) { sum, crop in
                let pixels = (crop * 4..<crop * 4 + 4).filter { isCounted?[$0] ?? true }
                if pixels.isEmpty { return sum }
                let squares = pixels.reduce(0.0) { sum, pixel in
                    let error = estimate[pixel] - Double(target[pixel])
                    return sum + error * error
                }
                return sum + logarithm(squares / Double(pixels.count) + 0.2 * 0.2) / 3
            }
        }
        let values = estimate.map(Double.init)
        let differences = values.indices.map { index -> Double in
            var (above, below) = (values, values)
            above[index] += 1e-5
            below[index] -= 1e-5
            return (loss(above) - loss(below)) / 2e-5
        }
        let result = LogMeanSquaredError(tolerance: 0.2)(estimate, target: target, isCounted: isCounted, crops: 3)
        #expect(abs(result.loss - loss(values)) < 1e-5)
        #expect(worstError(result.derivative.map(Double.init), differences) < 1e-5)
    }

    @Test func `ten times the error counts the same in a step`() {
        let small = LogMeanSquaredError(tolerance: 1e-6)([0.1, -0.1], target: [0, 0], crops: 1)
        let large = LogMeanSquaredError(tolerance: 1e-6)([1, -1], target: [0, 0], crops: 1)
        #expect(worstError(large.derivative.map { $0 * 10 }, small.derivative) < 1e-4)
    }
}
