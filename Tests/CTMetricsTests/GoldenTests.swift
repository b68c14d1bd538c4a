import CTMetrics
import Testing

/// One image pair of Fixtures/goldens.py with what scikit-image said.
struct Golden: Sendable, CustomTestStringConvertible {
    let width, height: Int
    let noise, offset: (reference: Int, test: Int)
    let dataRange: Double
    let mse, psnr, gaussian, uniform: Double

    init(
        width: Int, height: Int, noise: (Int, Int), offset: (Int, Int), dataRange: Double, mse: Double, psnr: Double,
        gaussian: Double, uniform: Double
    ) {
        (self.width, self.height, self.dataRange) = (width, height, dataRange)
        (self.noise, self.offset) = (noise, offset)
        (self.mse, self.psnr, self.gaussian, self.uniform) = (mse, psnr, gaussian, uniform)
    }

    var testDescription: String { "\(width)×\(height), range \(dataRange)" }
    var reference: [Double] {
        image(width: width, height: height, seed: 1, amplitude: noise.reference, offset: offset.reference)
    }
    var test: [Double] { image(width: width, height: height, seed: 2, amplitude: noise.test, offset: offset.test) }
}

/// Rings on a slope plus noise, by the integer arithmetic of Fixtures/goldens.py.
func image(width: Int, height: Int, seed: UInt64, amplitude: Int, offset: Int) -> [Double] {
    var state = seed
    var samples = [Double]()
    for y in 0..<height {
        for x in 0..<width {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let rings = (x * x + 3 * y * y) / 16 % 97
            let noise = Int(state >> 33) % (8 * amplitude + 1)
            samples.append(Double(8 * rings + 16 * x + noise) / 8 + Double(offset))
        }
    }
    return samples
}

@Suite struct `Metrics equal scikit-image's` {
    @Test(arguments: goldens)
    func `for a dozen image pairs`(golden: Golden) throws {
        let (a, b, range) = (golden.reference, golden.test, golden.dataRange)
        let (width, height) = (golden.width, golden.height)
        let mse = try meanSquaredError(a, b)
        let psnr = try peakSignalToNoiseRatio(a, b, dataRange: range)
        #expect(abs(mse / golden.mse - 1) < 1e-12)
        #expect(abs(psnr - golden.psnr) < 1e-10)
        #expect(try rootMeanSquaredError(a, b) == mse.squareRoot())
        let gaussian = try structuralSimilarity(a, b, width: width, height: height, dataRange: range)
        let uniform = try structuralSimilarity(
            a, b, width: width, height: height, dataRange: range, window: .uniform)
        #expect(abs(gaussian - golden.gaussian) < 1e-10)
        #expect(abs(uniform - golden.uniform) < 1e-10)
    }

    @Test func `and the median is SciPy's`() {
        let samples = image(width: 9, height: 7, seed: 3, amplitude: 90, offset: -20)
        #expect(median3x3(samples, width: 9, height: 7) == goldenMedian)
    }
}
