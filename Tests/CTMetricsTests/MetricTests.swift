import CTImages
import CTMetrics
import Testing

@Suite struct `A metric` {
    let ramp = (0..<144).map(Double.init)

    /// Of `width` columns, from 0 to 255.
    func compare(_ reference: [Double], _ test: [Double], width: Int = 12, mask: [Bool]? = nil) throws -> Comparison {
        try Comparison(reference, test, width: width, range: 0...255, mask: mask)
    }

    @Test(arguments: SimilarityWindow.allCases)
    func `of equal images is perfect`(window: SimilarityWindow) throws {
        let comparison = try compare(ramp, ramp)
        #expect(comparison.meanSquaredError == 0)
        #expect(comparison.meanAbsoluteError == 0)
        #expect(comparison.peakSignalToNoiseRatio == .infinity)
        #expect(abs(try comparison.structuralSimilarity(window: window) - 1) < 1e-12)
        #expect(try comparison.gradientMagnitudeSimilarityDeviation() == 0)
    }

    @Test(arguments: [0.0, 7, 255])
    func `of equal constants has a defined value`(value: Double) throws {
        let constant = [Double](repeating: value, count: 200 * 180)
        let comparison = try compare(constant, constant, width: 200)
        #expect(comparison.peakSignalToNoiseRatio == .infinity)
        #expect(try comparison.structuralSimilarity() == 1)
        #expect(try comparison.multiScaleStructuralSimilarity() == 1)
        #expect(try comparison.gradientMagnitudeSimilarityDeviation() == 0)
        #expect(try comparison.visualInformationFidelity() == 1)
    }

    @Test func `of constants is what a hand works out`() throws {
        let (zero, ten) = ([Double](repeating: 0, count: 4), [Double](repeating: 10, count: 4))
        let comparison = try Comparison(ten, zero, width: 2, range: 0...1000)
        #expect(comparison.meanSquaredError == 100)
        #expect(comparison.rootMeanSquaredError == 10)
        #expect(comparison.meanAbsoluteError == 10)
        #expect(comparison.bias == -10)
        #expect(comparison.peakSignalToNoiseRatio == 40)
        #expect(try peakSignalToNoiseRatio(zero, ten, dataRange: 1000) == 40)
    }

    @Test func `compares slices in HU, however they are stored`() throws {
        let a = CTSlice(width: 12, height: 12, samples: ramp, format: .uint16, scale: .init(slope: 1, intercept: -1024))
        let b = CTSlice(width: 12, height: 12, samples: ramp.map { $0 - 1024 }, format: .int16, scale: .assumedHU)
        #expect(try Comparison(a, b).meanSquaredError == 0)
        // In 8 bits without a declared scale the metric in HU is the metric of stored values and the range 255.
        let c = CTSlice(width: 12, height: 12, samples: ramp, format: .uint8)
        let d = c.with(hu: c.hu.map { $0 * 0.9 + 20 })
        let (stored, hu) = (try compare(c.samples, d.samples), try Comparison(c, d))
        #expect(abs(hu.peakSignalToNoiseRatio - stored.peakSignalToNoiseRatio) < 1e-9)
        let similarity = try stored.structuralSimilarity()
        #expect(abs(try hu.structuralSimilarity() - similarity) < 1e-9)
        // Stored 100…355 are 0…255 of another range, so samples count from its lower end.
        let e = CTSlice(width: 12, height: 12, samples: ramp.map { $0 + 100 }, format: .uint16, scale: .assumedHU)
        let f = e.with(hu: d.samples.map { $0 + 100 })
        #expect(abs(try Comparison(e, f, range: 100...355).structuralSimilarity() - similarity) < 1e-9)
        #expect(abs(try Comparison(c, c.with(hu: c.hu.map { $0 + 3 })).rootMeanSquaredError - 3) < 1e-9)
    }

    @Test func `of a window takes what lies beyond for its ends`() throws {
        let window = HUWindow(level: 40, width: 20)
        let (reference, test) = ([-1000.0, 35, 45, 3000], [0.0, 35, 40, 55])
        let comparison = try Comparison(reference, test, width: 2, range: window.range, isClipped: true)
        #expect(comparison.dataRange == 20)
        #expect(comparison.meanSquaredError == 25.0 / 4)
        #expect(comparison.bias == -5.0 / 4)
    }

    @Test func `counts where its mask is true`() throws {
        var changed = ramp
        for row in 0..<6 { changed[row * 12 + 3] += 40 }
        let below = (0..<144).map { $0 >= 72 }
        #expect(try compare(ramp, changed, mask: below).meanSquaredError == 0)
        let there = (0..<144).map { $0 % 12 == 3 && $0 < 72 }
        let comparison = try compare(ramp, changed, mask: there)
        #expect(comparison.rootMeanSquaredError == 40)
        #expect(comparison.bias == 40)
        // A mask of ones is no mask.
        let all = [Bool](repeating: true, count: 144)
        #expect(
            try compare(ramp, changed, mask: all).structuralSimilarity()
                == compare(ramp, changed).structuralSimilarity())
    }

    @Test func `looks through windows that have their middle in its mask`() throws {
        let (width, height) = (200, 184)
        let clean = image(width: width, height: height, seed: 1, amplitude: 5, offset: 0)
        // Noise in the upper part only: the lower is as it was, but for what windows see across the edge.
        var test = clean
        for (index, value) in image(width: width, height: height, seed: 2, amplitude: 60, offset: 0).enumerated()
        where index < width * height / 2 {
            test[index] = value
        }
        func compare(_ rows: Range<Int>) throws -> Comparison {
            try Comparison(
                clean, test, width: width, range: 0...1000, mask: (0..<width * height).map { rows.contains($0 / width) }
            )
        }
        let (above, below, all) = (try compare(0..<92), try compare(140..<184), try compare(0..<184))
        #expect(try below.structuralSimilarity() == 1)
        #expect(try above.structuralSimilarity() < all.structuralSimilarity())
        #expect(try above.visualInformationFidelity() < all.visualInformationFidelity())
        #expect(try abs(below.visualInformationFidelity() - 1) < 1e-6)
        #expect(try above.multiScaleStructuralSimilarity() < all.multiScaleStructuralSimilarity())
        #expect(try below.gradientMagnitudeSimilarityDeviation() == 0)
        #expect(try above.gradientMagnitudeSimilarityDeviation() > 0)
        // SSIM over a mask is the mean over its places: halves of a mask are weighed by how many they have.
        let (upper, lower) = (try compare(5..<60), try compare(60..<179))
        let mean = try (55 * upper.structuralSimilarity() + 119 * lower.structuralSimilarity()) / 174
        #expect(try abs(mean - all.structuralSimilarity()) < 1e-12)
    }

    @Test func `that looks for detail says nothing of a reference without any`() throws {
        let flat = [Double](repeating: 40, count: 64 * 64)
        let noisy = image(width: 64, height: 64, seed: 2, amplitude: 9, offset: 0)
        #expect(throws: MetricError.uniformReference) {
            try Comparison(flat, noisy, width: 64, range: 0...255).visualInformationFidelity()
        }
    }

    @Test func `is the same with every instruction set, and of odd sizes`() throws {
        let (width, height) = (187, 171)
        let clean = image(width: width, height: height, seed: 1, amplitude: 5, offset: 0)
        let test = image(width: width, height: height, seed: 2, amplitude: 60, offset: 0)
        let comparison = try Comparison(clean, test, width: width, range: 0...1000)
        let values = try [
            comparison.structuralSimilarity(), comparison.structuralSimilarity(window: .uniform),
            comparison.multiScaleStructuralSimilarity(), comparison.gradientMagnitudeSimilarityDeviation(),
            comparison.visualInformationFidelity(),
        ]
        for kernels in Kernels.available {
            #expect(kernels.values(clean, test, width: width) == Kernels.available[0].values(clean, test, width: width))
        }
        #expect(values.allSatisfy { $0 > 0 && $0 < 1 })
    }

    @Test func `refuses images of different size`() {
        #expect(throws: MetricError.sizesDiffer(reference: "144 samples", test: "143 samples")) {
            try meanSquaredError(ramp, ramp.dropLast())
        }
        let wide = CTSlice(width: 16, height: 9, samples: ramp, format: .uint8)
        let tall = CTSlice(width: 9, height: 16, samples: ramp, format: .uint8)
        #expect(throws: MetricError.sizesDiffer(reference: "16×9", test: "9×16")) { try Comparison(wide, tall) }
        #expect(throws: MetricError.empty) { try meanSquaredError([], []) }
        #expect(throws: MetricError.maskDiffers(image: "144 samples", mask: "2")) {
            try compare(ramp, ramp, mask: [true, true])
        }
        #expect(throws: MetricError.nothingInMask) {
            try compare(ramp, ramp, mask: [Bool](repeating: false, count: 144))
        }
        // A mask whose only place no window reaches.
        #expect(throws: MetricError.nothingInMask) {
            try compare(ramp, ramp, mask: (0..<144).map { $0 == 0 }).structuralSimilarity()
        }
    }

    @Test(arguments: [0, -1, Double.infinity])
    func `refuses a data range that is none`(range: Double) {
        let error = MetricError.dataRangeNotPositive(range)
        #expect(throws: error) { try peakSignalToNoiseRatio(ramp, ramp, dataRange: range) }
        #expect(error.description.contains("\(range)"))
        #expect(throws: MetricError.dataRangeNotPositive(0)) { try Comparison(ramp, ramp, width: 12, range: 3...3) }
    }

    @Test func `refuses images smaller than its window`() throws {
        let comparison = try compare(ramp, ramp, width: 9)
        #expect(throws: MetricError.tooSmall(width: 9, height: 16, least: 11)) { try comparison.structuralSimilarity() }
        #expect(throws: MetricError.tooSmall(width: 9, height: 16, least: 161)) {
            try comparison.multiScaleStructuralSimilarity()
        }
        #expect(throws: MetricError.tooSmall(width: 9, height: 16, least: 41)) {
            try comparison.visualInformationFidelity()
        }
        _ = try comparison.structuralSimilarity(window: .uniform)
        // The smallest that are large enough.
        let small = image(width: 41, height: 41, seed: 1, amplitude: 9, offset: 0)
        #expect(try abs(compare(small, small, width: 41).visualInformationFidelity() - 1) < 1e-6)
        let large = image(width: 161, height: 161, seed: 1, amplitude: 9, offset: 0)
        #expect(try abs(compare(large, large, width: 161).multiScaleStructuralSimilarity() - 1) < 1e-12)
    }

    @Test(arguments: [Double.nan, .infinity])
    func `refuses what is not a number and says where`(value: Double) {
        var bad = ramp
        bad[17] = value
        #expect(throws: MetricError.notFinite(image: .test, index: 17)) { try meanSquaredError(ramp, bad) }
        #expect(throws: MetricError.notFinite(image: .reference, index: 17)) { try compare(bad, ramp) }
        #expect(throws: MetricError.notFinite(image: .reference, index: 17)) {
            try Comparison(bad, ramp, width: 12, range: 0...100, isClipped: true)
        }
        #expect(throws: MetricError.notFinite(image: .test, index: 17)) {
            try compare(ramp, bad, mask: (0..<144).map { $0 < 100 })
        }
    }

    @Test(arguments: [Double.nan, .infinity])
    func `what is no number beside the mask does not count`(value: Double) throws {
        let mask = (0..<144).map { $0 >= 60 }
        var other = ramp
        for index in other.indices { other[index] += Double(index % 5) }
        var bad = (reference: ramp, test: other)
        for index in 0..<48 { (bad.reference[index], bad.test[index]) = (value, index < 30 ? value : 7) }
        let (expected, comparison) = (
            try compare(ramp, other, mask: mask), try compare(bad.reference, bad.test, mask: mask)
        )
        #expect(comparison.meanSquaredError == expected.meanSquaredError && expected.meanSquaredError > 0)
        #expect(comparison.bias == expected.bias)
        #expect(try comparison.structuralSimilarity().isFinite)
    }
}

@Suite struct `The 3×3 median` {
    @Test func `removes a lone impulse and keeps an edge`() {
        var samples = (0..<25).map { $0 % 5 < 2 ? 0.0 : 100 }
        let clean = samples
        samples[12] = 1023
        #expect(median3x3(samples, width: 5, height: 5) == clean)
    }

    @Test(arguments: [(1, 1), (1, 4), (4, 1), (2, 2)])
    func `takes images of any size`(width: Int, height: Int) {
        let constant = [Double](repeating: 3, count: width * height)
        #expect(median3x3(constant, width: width, height: height) == constant)
    }

    @Test(arguments: [1, 2, 4, 5, 7, 8], 0..<9)
    func `is the middle of nine numbers in any order`(step: Int, start: Int) {
        let shuffled = (0..<9).map { Double(($0 * step + start) % 9) }
        #expect(median3x3(shuffled, width: 3, height: 3)[4] == 4)
    }
}
