import CTImages
import CTMetrics
import CTNoise
import CTPhantoms
import Testing

@Suite struct NoiseColourTests {
    private static let clean = ChestPhantom(width: 384, height: 384, seed: 6).slice(
        format: SampleFormat(kind: .floatingPoint, bits: 64), scale: IntensityScale(slope: 1, intercept: 0))

    private func colour(_ step: String, of slice: CTSlice = clean) throws -> NoiseColour? {
        let noisy = try NoiseModel([NoiseStep(step)]).apply(to: slice, seed: 3)
        return NoiseColour(noisy.samples.map { Float($0) }, width: slice.width)
    }

    @Test(arguments: ["white:10/255", "white:25/255", "white:50/255"])
    func `white noise is white`(step: String) throws {
        #expect(try #require(try colour(step)).isWhite)
    }

    @Test(arguments: [
        "correlated:40hu,kernel=soft", "correlated:100hu,kernel=soft", "scanner:100hu,kernel=sharp,pixel=0.6",
        "scanner:40hu,kernel=gauss0.7", "white:5hu", "columns:60hu,share=50%",
    ])
    func `noise of scanners is not, nor is what may be anatomy`(step: String) throws {
        #expect(try #require(try colour(step)).isWhite == false)
    }

    @Test func `the power of every ring is that of the noise`() throws {
        let flat = CTSlice(hu: [Float](repeating: 40, count: 512 * 512), width: 512, height: 512)
        // A ring has 13 waves of 1024 blocks; the square of the median of n magnitudes varies by 2 · 1.17 / √n, 7 %
        // for one wave, so that a ring's deviation varies by a hundredth.
        for ring in try #require(try colour("white:30hu", of: flat)).deviations { #expect(abs(ring / 30 - 1) < 0.05) }
        let soft = try #require(try colour("scanner:30hu,kernel=soft,streaks=0", of: flat)).deviations
        // Frequency times the square of the kernel's weight, at the middle of a ring and pixels of 0.7 mm, in 1/mm.
        func power(_ frequency: Double) -> Double {
            frequency * ReconstructionKernel.soft.weight(frequency) * ReconstructionKernel.soft.weight(frequency)
        }
        let ratio = (power(0.225 / 0.7) / power(0.315 / 0.7)).squareRoot()
        #expect(abs(soft[0] / soft[1] / ratio - 1) < 0.15)
        #expect(soft[1] > 1.5 * soft[2] && soft[2] > 1.5 * soft[3])
    }

    @Test func `what is too small, or constant, has no colour`() {
        #expect(NoiseColour([Float](repeating: 0, count: 512 * 512), width: 512) == nil)
        #expect(NoiseColour((0..<48 * 48).map { Float($0 % 7) }, width: 48) == nil)
        #expect(NoiseColour((0..<64 * 64).map { Float($0 % 7) }, width: 64) != nil)
        #expect(NoiseColour([Float](repeating: 0, count: 7), width: 7) == nil)
    }
}
