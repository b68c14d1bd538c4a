import CTMetrics
import Foundation
import TestSupport
import Testing

@Suite struct `An edge profile` {
    /// Returns a disc of −50 HU in −100 HU, 90 pixels wide, blurred by a Gaussian: its edge is an error function, apart
    /// from the curvature.
    static func disc(blur sigma: Double, noise: Double = 0, width: Int = 128) -> [Double] {
        var generator = TestGenerator(seed: 5)
        return (0..<width * width).map { index in
            let (x, y) = (Double(index % width) - 63.3, Double(index / width) - 64.1)
            let distance = (x * x + y * y).squareRoot() - 45
            let noise =
                noise * (Double.random(in: -1...1, using: &generator) + Double.random(in: -1...1, using: &generator))
            return -100 + 25 * erfc(distance / (sigma * 2.0.squareRoot())) + noise
        }
    }

    @Test(arguments: [0.8, 1.5, 2.5], [1, 0.7])
    func `of a circular insert has the transfer function of its blur`(sigma: Double, pixel: Double) throws {
        let profile = try #require(
            EdgeProfile(
                Self.disc(blur: sigma), width: 128, circleAt: (63.3, 64.1), radius: 45, reach: 12, pixel: pixel))
        #expect(abs(profile.contrast - 50) < 0.1)
        for cycles in [0.02, 0.05, 0.1, 0.15] {
            let expected = exp(-2 * .pi * .pi * sigma * sigma * cycles * cycles)
            #expect(abs(profile.transfer(at: cycles / pixel) - expected) < 0.01, "\(cycles)")
        }
        // exp(−2 π² σ² f²) = ½; and from 10 to 90 % of a normal distribution.
        let half = (log(2) / (2 * .pi * .pi)).squareRoot() / sigma / pixel
        #expect(abs(try #require(profile.halfFrequency) / half - 1) < 0.02)
        #expect(abs(try #require(profile.riseDistance) / (2.563 * sigma * pixel) - 1) < 0.03)
    }

    @Test func `bears noise`() throws {
        let profile = try #require(
            EdgeProfile(
                Self.disc(blur: 1.5, noise: 20), width: 128, circleAt: (63.3, 64.1), radius: 45, reach: 12, pixel: 1))
        #expect(abs(try #require(profile.riseDistance) / (2.563 * 1.5) - 1) < 0.15)
    }

    @Test func `of a mask tells sharp from blurred`() throws {
        let mask = Self.disc(blur: 0.01).map { $0 > -75 }
        func rise(_ sigma: Double) throws -> Double {
            let profile = try #require(
                EdgeProfile(Self.disc(blur: sigma), width: 128, mask: mask, reach: 12, pixel: 1))
            return try #require(profile.riseDistance)
        }
        let (sharp, soft) = (try rise(1), try rise(3))
        // As wide as from the circle, or up to a pixel wider.
        #expect(sharp > 2.3 && sharp < 2.563 + 1)
        #expect(soft > 7.2 && soft < 3 * 2.563 + 1)
    }

    @Test func `knows where there is no edge`() {
        let flat = [Double](repeating: 3, count: 64 * 64)
        #expect(EdgeProfile(flat, width: 64, mask: flat.map { _ in true }, pixel: 1) == nil)
        #expect(EdgeProfile(flat, width: 64, circleAt: (500, 500), radius: 20, pixel: 1) == nil)
        let circle = EdgeProfile(flat, width: 64, circleAt: (32, 32), radius: 15, pixel: 1)
        #expect(circle?.riseDistance == nil)
        #expect(circle?.halfFrequency == nil)
        #expect(circle?.transfer(at: 0.1) == 0)
    }
}

@Suite struct `The contrast-to-noise ratio` {
    @Test func `is what a hand works out`() throws {
        // Background 0, 2, 4: mean 2, deviation 2. Region 10, 14: mean 12.
        let values = [0.0, 2, 4, 10, 14, 1e6]
        let background = [true, true, true, false, false, false]
        let region = [false, false, false, true, true, false]
        #expect(try contrastToNoiseRatio(values, region: region, background: background) == 5)
        #expect(try contrastToNoiseRatio(values.map { -$0 }, region: region, background: background) == 5)
        let flat = [1.0, 1, 1, 2, 2, 0]
        #expect(try contrastToNoiseRatio(flat, region: region, background: background) == .infinity)
        #expect(try contrastToNoiseRatio(flat, region: background, background: background) == 0)
    }

    @Test func `refuses what it cannot work with`() {
        let (one, none) = ([true, false, false], [false, false, false])
        #expect(throws: MetricError.nothingInMask) {
            try contrastToNoiseRatio([1, 2, 3], region: one, background: one)
        }
        #expect(throws: MetricError.nothingInMask) {
            try contrastToNoiseRatio([1, 2, 3], region: none, background: [false, true, true])
        }
        #expect(throws: MetricError.maskDiffers(image: "3 samples", mask: "2")) {
            try contrastToNoiseRatio([1, 2, 3], region: [true, false], background: one)
        }
        #expect(throws: MetricError.notFinite(image: .test, index: 1)) {
            try contrastToNoiseRatio([1, .nan, 3], region: one, background: [false, true, true])
        }
    }
}
