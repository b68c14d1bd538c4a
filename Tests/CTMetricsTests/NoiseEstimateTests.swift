import CTImages
import CTMetrics
import CTNoise
import CTPhantoms
import CTSupport
import Testing

@Suite struct NoiseEstimateTests {
    private static let clean = ChestPhantom(width: 384, height: 384, seed: 6).slice(
        format: SampleFormat(kind: .floatingPoint, bits: 64), scale: IntensityScale(slope: 1, intercept: 0))

    private func noisy(_ steps: [NoiseStep]) throws -> [Double] {
        try NoiseModel(steps).apply(to: Self.clean, seed: 3).samples
    }

    @Test(arguments: [15.0, 40, 120])
    func `finds the deviation of white noise, in all tissue and in soft tissue`(sigma: Double) throws {
        let estimate = NoiseEstimate(try noisy([.white(.hu(sigma))]), width: 384)
        // The deviation of 81 samples varies by σ / √160, 8 %; the mode of thousands is accurate to a few percent, and
        // 1 % low.
        for found in [estimate.body, estimate.softTissue] {
            #expect(abs(try #require(found) / sigma - 1) < 0.05, "\(String(describing: found))")
        }
        #expect(estimate.impulseDensity == 0)
    }

    @Test(arguments: [0.02, 0.2, 0.4, 0.6])
    func `finds the density of impulses, and the noise between them`(density: Double) throws {
        let values = try noisy([.white(.hu(40)), .impulses(density: density, salt: 0.3)])
        let estimate = NoiseEstimate(values, width: 384)
        #expect(abs(estimate.impulseDensity / density - 1) < 0.1)
        if density < 0.5 { #expect(abs(try #require(estimate.softTissue) / 40 - 1) < 0.08) }
        #expect(NoiseEstimate.spectrum(of: values, width: 384, pixel: 0.7) == nil)
    }

    @Test func `noise that a file clamped is not taken for impulses`() throws {
        let range = IntensityScale.huRange
        let values = try noisy([.white(.part(25, of: 255))]).map { min(max($0, range.lowerBound), range.upperBound) }
        let random = CounterRandom(seed: 9)
        let hit = values.enumerated().map { index, value in
            let chance = random.uniform(at: UInt64(index))
            return chance < 0.025 ? range.lowerBound : chance < 0.05 ? range.upperBound : value
        }
        #expect(abs(NoiseEstimate(hit, width: 384).impulseDensity / 0.05 - 1) < 0.1)
    }

    @Test func `tells soft noise from white noise by its spectrum`() throws {
        func mean(_ step: NoiseStep) throws -> Double {
            try #require(NoiseEstimate.spectrum(of: try noisy([step]), width: 384, pixel: 0.7)).mean
        }
        let white = try mean(.white(.hu(60)))
        let soft = try mean(.correlated(.hu(60), kernel: .soft, pixel: 0.7))
        // Over all rings, the mean frequency is 0.36/mm for white noise and 0.26/mm for the soft kernel's,
        // f exp(−2 (f / 0.42)²). Removing trends removes the lowest ring and half of the next: 0.39 and 0.27. A few
        // squares measure it to about 3 %.
        #expect(abs(white - 0.39) < 0.03 && abs(soft - 0.27) < 0.03, "\(white), \(soft)")
    }

    @Test func `what is too small, or flat without noise, has none`() {
        #expect(NoiseEstimate([Double](repeating: 40, count: 64), width: 8).body == nil)
        #expect(NoiseEstimate([Double](repeating: 40, count: 64 * 64), width: 64).body == nil)
        for side in [8, 31, 33, 40] {
            let random = CounterRandom(seed: 1)
            let values = (0..<side * side).map { 40 + 10 * random.normal(at: UInt64($0)) }
            #expect(NoiseEstimate.spectrum(of: values, width: side, pixel: 1) == nil || side == 40, "\(side)")
        }
    }
}
