import Testing

@testable import CTDenoising

@Suite struct FaintNoiseTests {
    /// Quantiles of a Gaussian of this standard deviation, near enough: a share of so many beyond 1.645 of it.
    private func noise(_ deviation: Float, count: Int = 1000) -> [Float] {
        (0..<count).map { deviation * ($0 % 10 == 0 ? 2 : 1) * ($0 % 2 == 0 ? 1 : -1) * 0.9 }
    }

    @Test(arguments: [(Float(1), Float(0)), (2.5, 0), (20, 1), (100, 1)])
    func `faint noise stays, and other goes`(deviation: Float, share: Float) {
        #expect(FaintNoise.white.part(of: noise(deviation)) == share)
    }

    @Test func `in between a part goes, the more the stronger it is`() {
        let shares = stride(from: Float(2), through: 8, by: 0.25).map { FaintNoise.white.part(of: noise($0)) }
        #expect(shares == shares.sorted() && shares.first == 0 && shares.last == 1)
        #expect(shares.contains { $0 > 0.2 && $0 < 0.8 })
    }

    @Test(arguments: [(Float(0.5), Float(0)), (3, 1.8), (5, 1.8), (20, 1), (100, 1)])
    func `of faint noise of scanners more goes than is predicted`(deviation: Float, part: Float) {
        #expect(abs(FaintNoise.scanner.part(of: noise(deviation)) - part) < 0.35)
        let parts = stride(from: Float(8), through: 15, by: 0.5).map { FaintNoise.scanner.part(of: noise($0)) }
        #expect(parts == parts.sorted(by: >) && parts.last == 1)
    }

    @Test func `a few strong places are no noise, and four fifths of background hide none`() {
        var edges = noise(1)
        for index in 0..<50 { edges[index] = 100 }
        #expect(FaintNoise.white.part(of: edges) == 0)
        #expect(FaintNoise.white.part(of: noise(20, count: 200) + [Float](repeating: 0, count: 800)) == 1)
    }
}
