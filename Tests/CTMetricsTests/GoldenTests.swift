import CTImageFiles
import CTImages
import CTMetrics
import TestSupport
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
        let mse = try meanSquaredError(a, b)
        #expect(abs(mse / golden.mse - 1) < 1e-12)
        #expect(abs(try peakSignalToNoiseRatio(a, b, dataRange: range) - golden.psnr) < 1e-10)
        #expect(try rootMeanSquaredError(a, b) == mse.squareRoot())
        let comparison = try Comparison(a, b, width: golden.width, range: 0...range)
        #expect(comparison.meanSquaredError == mse)
        #expect(abs(comparison.peakSignalToNoiseRatio - golden.psnr) < 1e-10)
        #expect(abs(try comparison.structuralSimilarity() - golden.gaussian) < 1e-10)
        #expect(abs(try comparison.structuralSimilarity(window: .uniform) - golden.uniform) < 1e-10)
    }

    @Test func `and the median is SciPy's`() {
        let samples = image(width: 9, height: 7, seed: 3, amplitude: 90, offset: -20)
        #expect(median3x3(samples, width: 9, height: 7) == goldenMedian)
    }
}

/// A larger pair of Fixtures/goldens.py with what scikit-image and piq said.
struct LargeGolden: Sendable, CustomTestStringConvertible {
    let width, height: Int
    let noise: (reference: Int, test: Int)
    let dataRange: Double
    let values: LargeValues

    init(
        width: Int, height: Int, noise: (Int, Int), dataRange: Double, mse: Double, mae: Double, bias: Double,
        psnr: Double?, gaussian: Double, uniform: Double, multiScale: Double, deviation: Double, information: Double
    ) {
        (self.width, self.height, self.noise, self.dataRange) = (width, height, noise, dataRange)
        values = LargeValues(
            mse: mse, mae: mae, bias: bias, psnr: psnr, gaussian: gaussian, uniform: uniform, multiScale: multiScale,
            deviation: deviation, information: information)
    }

    var testDescription: String { "\(width)×\(height), range \(dataRange)" }
}

/// A real slice of Fixtures/goldens.py.
struct RealGolden: Sendable, CustomTestStringConvertible {
    let file: String
    let amplitude: Int
    let values: LargeValues

    init(
        file: String, amplitude: Int, mse: Double, mae: Double, bias: Double, psnr: Double?, gaussian: Double,
        uniform: Double, multiScale: Double, deviation: Double, information: Double
    ) {
        (self.file, self.amplitude) = (file, amplitude)
        values = LargeValues(
            mse: mse, mae: mae, bias: bias, psnr: psnr, gaussian: gaussian, uniform: uniform, multiScale: multiScale,
            deviation: deviation, information: information)
    }

    var testDescription: String { file }
}

/// What both libraries said of a pair; `psnr` is `nil` where it is infinite.
struct LargeValues: Sendable {
    let mse, mae, bias: Double
    let psnr: Double?
    let gaussian, uniform, multiScale, deviation, information: Double

    func check(_ comparison: Comparison) throws {
        #expect(abs(comparison.meanSquaredError - mse) <= 1e-9 * mse)
        #expect(abs(comparison.meanAbsoluteError - mae) <= 1e-9 * mae)
        #expect(abs(comparison.bias - bias) <= 1e-9)
        if let psnr {
            #expect(abs(comparison.peakSignalToNoiseRatio - psnr) < 1e-9)
        } else {
            #expect(comparison.peakSignalToNoiseRatio == .infinity)
        }
        #expect(abs(try comparison.structuralSimilarity() - gaussian) < 1e-9)
        #expect(abs(try comparison.structuralSimilarity(window: .uniform) - uniform) < 1e-9)
        #expect(abs(try comparison.multiScaleStructuralSimilarity() - multiScale) < 1e-9)
        #expect(abs(try comparison.gradientMagnitudeSimilarityDeviation() - deviation) < 1e-9)
        #expect(abs(try comparison.visualInformationFidelity() - information) < 1e-9)
    }
}

@Suite struct `Metrics of scales, gradients and information equal piq's` {
    @Test(arguments: largeGoldens)
    func `for images of integer arithmetic`(golden: LargeGolden) throws {
        func made(_ seed: UInt64, _ amplitude: Int) -> [Double] {
            image(width: golden.width, height: golden.height, seed: seed, amplitude: amplitude, offset: 0)
        }
        try golden.values.check(
            Comparison(
                made(1, golden.noise.reference), made(2, golden.noise.test), width: golden.width,
                range: 0...golden.dataRange))
    }

    @Test(
        .enabled(if: SharedData.path("data/val") != nil, "no real slices beside the repository"), arguments: realGoldens
    )
    func `for real slices, clipped`(golden: RealGolden) throws {
        let path = try #require(SharedData.path("data/val/\(golden.file)"))
        var slice = try ImageFile(contentsOf: path).pages[0]
        slice.scale = IntensityScale(slope: 1, intercept: -1024)
        var test = slice
        var state: UInt64 = 7
        for index in test.samples.indices {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            test.samples[index] += Double(Int(state >> 33) % (2 * golden.amplitude + 1) - golden.amplitude)
        }
        try golden.values.check(Comparison(slice, test, isClipped: true))
    }
}
