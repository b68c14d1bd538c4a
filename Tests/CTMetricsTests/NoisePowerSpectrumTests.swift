import CTMetrics
import TestSupport
import Testing

@Suite struct `A noise power spectrum` {
    let side = 256

    /// Twelve uniform numbers less six: of deviation 1.
    func white(_ sigma: Double) -> [Double] {
        var generator = TestGenerator(seed: 4)
        return (0..<side * side).map { _ in
            sigma * (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0...1, using: &generator) }
        }
    }

    @Test(arguments: [1, 0.7])
    func `of white noise is flat, and its integral is the variance`(pixel: Double) throws {
        let spectrum = try #require(NoisePowerSpectrum(white(20), width: side, pixel: pixel))
        // Half overlapping squares of 32×32.
        #expect(spectrum.squares == 15 * 15)
        #expect(spectrum.frequencies.first == 0)
        #expect(abs(try #require(spectrum.frequencies.last) - 0.5 / pixel) < 1e-12)
        // The trend takes the lowest rings' part.
        for power in spectrum.powers.dropFirst(3) { #expect(abs(power / (400 * pixel * pixel) - 1) < 0.1) }
        // The plane has one over the square of a pixel.
        let mean = spectrum.powers.dropFirst(3).reduce(0, +) / Double(spectrum.powers.count - 3)
        #expect(abs(mean / (pixel * pixel) / 400 - 1) < 0.02)
        // Rings 1 to 16 of 32 would have 0.266 in the mean, rings 2 to 16 have 0.281; ring 1 has lost about a half.
        #expect(spectrum.mean * pixel > 0.266 && spectrum.mean * pixel < 0.281)
    }

    @Test func `loses no trend of second degree, and keeps none`() throws {
        let noise = white(5)
        let bent = noise.enumerated().map { index, value in
            let (x, y) = (Double(index % side) / 64, Double(index / side) / 64)
            return value + 300 + 20 * x - 15 * y + 8 * x * x + 3 * x * y - 2 * y * y
        }
        let (flat, other) = (
            try #require(NoisePowerSpectrum(noise, width: side, pixel: 1)),
            try #require(NoisePowerSpectrum(bent, width: side, pixel: 1))
        )
        for (a, b) in zip(flat.powers, other.powers) { #expect(abs(a - b) <= 1e-3 * a + 1e-3) }
    }

    @Test func `of smoothed noise has a lower mean frequency`() throws {
        let noise = white(20)
        let smooth = noise.indices.map { index in
            index % side == 0 ? noise[index] : (noise[index] + noise[index - 1]) / 2
        }
        let (sharp, soft) = (
            try #require(NoisePowerSpectrum(noise, width: side, pixel: 1)),
            try #require(NoisePowerSpectrum(smooth, width: side, pixel: 1))
        )
        #expect(soft.mean < 0.95 * sharp.mean)
    }

    @Test func `looks only where it may`() throws {
        let noise = white(20)
        // Nothing but zero outside of the upper left quarter.
        let isUsed = noise.indices.map { $0 % side < 128 && $0 / side < 128 }
        let part = zip(noise, isUsed).map { $1 ? $0 : 0 }
        let spectrum = try #require(NoisePowerSpectrum(part, width: side, where: isUsed, pixel: 1))
        #expect(spectrum.squares == 7 * 7)
        #expect(abs(spectrum.powers[10] / 400 - 1) < 0.2)
        #expect(NoisePowerSpectrum(noise, width: side, where: noise.map { _ in false }, pixel: 1) == nil)
    }
}
