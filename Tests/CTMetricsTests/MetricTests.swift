import CTImages
import CTMetrics
import Testing

@Suite struct `A metric` {
    let ramp = (0..<144).map(Double.init)

    @Test(arguments: SimilarityWindow.allCases)
    func `of equal images is perfect`(window: SimilarityWindow) throws {
        #expect(try meanSquaredError(ramp, ramp) == 0)
        #expect(try peakSignalToNoiseRatio(ramp, ramp, dataRange: 255) == .infinity)
        let similarity = try structuralSimilarity(ramp, ramp, width: 12, height: 12, dataRange: 255, window: window)
        #expect(abs(similarity - 1) < 1e-12)
    }

    @Test func `of constants is what a hand works out`() throws {
        let (zero, ten) = ([Double](repeating: 0, count: 4), [Double](repeating: 10, count: 4))
        #expect(try meanSquaredError(zero, ten) == 100)
        #expect(try rootMeanSquaredError(zero, ten) == 10)
        #expect(try peakSignalToNoiseRatio(zero, ten, dataRange: 1000) == 40)
    }

    @Test func `compares slices in HU, however they are stored`() throws {
        let a = Slice(width: 12, height: 12, samples: ramp, format: .uint16, scale: .init(slope: 1, intercept: -1024))
        let b = Slice(width: 12, height: 12, samples: ramp.map { $0 - 1024 }, format: .int16, scale: .assumedHU)
        #expect(try meanSquaredError(a, b) == 0)
        // In 8 bits without a declared scale the metric in HU is the metric of stored values and the range 255.
        let c = Slice(width: 12, height: 12, samples: ramp, format: .uint8)
        let d = c.with(hu: c.hu.map { $0 * 0.9 + 20 })
        let psnr = try peakSignalToNoiseRatio(c.samples, d.samples, dataRange: 255)
        #expect(abs(try peakSignalToNoiseRatio(c, d, dataRangeHU: 2047) - psnr) < 1e-9)
        let similarity = try structuralSimilarity(c.samples, d.samples, width: 12, height: 12, dataRange: 255)
        #expect(abs(try structuralSimilarity(c, d) - similarity) < 1e-9)
        // Stored 100…355 are 0…255 of another range, so samples count from its lower end.
        let e = Slice(width: 12, height: 12, samples: ramp.map { $0 + 100 }, format: .uint16, scale: .assumedHU)
        let f = e.with(hu: d.samples.map { $0 + 100 })
        #expect(abs(try structuralSimilarity(e, f, rangeHU: 100...355) - similarity) < 1e-9)
        #expect(abs(try rootMeanSquaredError(c, c.with(hu: c.hu.map { $0 + 3 })) - 3) < 1e-9)
    }

    @Test func `refuses images of different size`() {
        #expect(throws: MetricError.sizesDiffer(reference: "144 samples", test: "143 samples")) {
            try meanSquaredError(ramp, ramp.dropLast())
        }
        let wide = Slice(width: 16, height: 9, samples: ramp, format: .uint8)
        let tall = Slice(width: 9, height: 16, samples: ramp, format: .uint8)
        #expect(throws: MetricError.sizesDiffer(reference: "16×9", test: "9×16")) {
            try peakSignalToNoiseRatio(wide, tall, dataRangeHU: 2047)
        }
        #expect(throws: MetricError.empty) { try meanSquaredError([], []) }
    }

    @Test(arguments: [0, -1, Double.infinity])
    func `refuses a data range that is none`(range: Double) {
        let error = MetricError.dataRangeNotPositive(range)
        #expect(throws: error) { try peakSignalToNoiseRatio(ramp, ramp, dataRange: range) }
        #expect(throws: error) { try structuralSimilarity(ramp, ramp, width: 12, height: 12, dataRange: range) }
        #expect(error.description.contains("\(range)"))
    }

    @Test func `refuses images smaller than its window`() throws {
        #expect(throws: MetricError.smallerThanWindow(width: 9, height: 16, window: 11)) {
            try structuralSimilarity(ramp, ramp, width: 9, height: 16, dataRange: 255)
        }
        _ = try structuralSimilarity(ramp, ramp, width: 9, height: 16, dataRange: 255, window: .uniform)
    }

    @Test(arguments: [Double.nan, .infinity])
    func `refuses what is not a number and says where`(value: Double) {
        var bad = ramp
        bad[17] = value
        #expect(throws: MetricError.notFinite(image: .test, index: 17)) { try meanSquaredError(ramp, bad) }
        #expect(throws: MetricError.notFinite(image: .reference, index: 17)) {
            try structuralSimilarity(bad, ramp, width: 12, height: 12, dataRange: 255)
        }
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
