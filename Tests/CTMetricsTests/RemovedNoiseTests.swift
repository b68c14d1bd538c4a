import CTMetrics
import TestSupport
import Testing

@Suite struct `Removed noise` {
    let side = 160

    /// Discs of different brightness with soft edges: structure in all directions.
    var anatomy: [Double] {
        (0..<side * side).map { index in
            let (x, y) = (Double(index % side), Double(index / side))
            return (0..<12).reduce(0.0) { sum, disc in
                let (a, b) = (Double(disc * 53 % 160), Double(disc * 97 % 160))
                let distance = ((x - a) * (x - a) + (y - b) * (y - b)).squareRoot() - Double(8 + disc * 2)
                return sum + Double(disc % 2 == 0 ? 150 : -120) * min(max(0.5 - distance / 3, 0), 1)
            }
        }
    }

    /// Twelve uniform numbers less six: of deviation 1, nearly normal.
    func white() -> [Double] {
        var generator = TestGenerator(seed: 9)
        return (0..<side * side).map { _ in
            (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0...1, using: &generator) }
        }
    }

    /// Means over squares of 3×3.
    func blurred(_ image: [Double]) -> [Double] {
        image.indices.map { index in
            let (x, y) = (index % side, index / side)
            var (sum, count) = (0.0, 0.0)
            for row in max(y - 1, 0)...min(y + 1, side - 1) {
                for column in max(x - 1, 0)...min(x + 1, side - 1) {
                    sum += image[row * side + column]
                    count += 1
                }
            }
            return sum / count
        }
    }

    func judge(_ noisy: [Double], _ denoised: [Double]) throws -> RemovedNoise {
        try #require(RemovedNoise(noisy: noisy, denoised: denoised, width: side))
    }

    @Test func `that is white has no correlation and no structure`() throws {
        let noisy = zip(anatomy, white()).map { $0 + 40 * $1 }
        let removed = try judge(noisy, anatomy)
        #expect(abs(removed.rootMeanSquare / 40 - 1) < 0.02)
        #expect(abs(removed.mean) < 1.5)
        let higher = try judge(noisy, anatomy.map { $0 + 20 })
        #expect(abs(higher.mean - (removed.mean - 20)) < 1e-9)
        // Of 22 500 pixels: standard error 0.0067.
        #expect(abs(removed.correlationAcross) < 0.03)
        #expect(abs(removed.correlationDown) < 0.03)
        #expect(try #require(removed.structureShare) < 0.01)
    }

    @Test func `that is correlated is told`() throws {
        // Squares of 3×3 share two thirds with the next.
        let noisy = zip(anatomy, blurred(white())).map { $0 + 40 * $1 }
        let removed = try judge(noisy, anatomy)
        #expect(abs(removed.correlationAcross - 2.0 / 3) < 0.04)
        #expect(abs(removed.correlationDown - 2.0 / 3) < 0.04)
        #expect(try #require(removed.structureShare) < 0.03)
    }

    @Test func `of a blur is structure for the most part`() throws {
        let noisy = zip(anatomy, white()).map { $0 + 5 * $1 }
        let removed = try judge(noisy, blurred(noisy))
        #expect(try #require(removed.structureShare) > 0.3)
    }

    @Test(arguments: [(20.0, 0.8), (40, 0.75), (40, 0.5), (80, 0.8)])
    func `is not taken for structure where some of it is left`(sigma: Double, strength: Double) throws {
        let noise = white()
        let noisy = zip(anatomy, noise).map { $0 + sigma * $1 }
        let removed = try judge(noisy, zip(anatomy, noise).map { $0 + (1 - strength) * sigma * $1 })
        // Where edges do not stand out from what is left nothing is said.
        #expect(removed.structureShare ?? 0 < 0.06)
        let flat = try judge(noise, noise.map { (1 - strength) * $0 })
        #expect(flat.structureShare == nil)
    }

    @Test func `that is nothing is zero`() throws {
        let removed = try judge(anatomy, anatomy)
        #expect(removed.rootMeanSquare == 0)
        #expect(removed.correlationAcross == 0)
        #expect(removed.structureShare == 0)
        #expect(RemovedNoise(noisy: [1, 2, 3, 4], denoised: [1, 2, 3, 4], width: 2) == nil)
        var holed = anatomy
        holed[700] = .nan
        #expect(RemovedNoise(noisy: holed, denoised: anatomy, width: side) == nil)
    }
}
