@testable import CTDenoising
import CTImages
import CTNoise
import CTPhantoms
import TestSupport
import Testing

@Suite struct TilingTests {
    @Test(arguments: [1, 9, 40, 41, 60, 100, 133], [(40, 8), (20, 10), (16, 3)])
    func `weights of all spans add up to one everywhere`(length: Int, tiling: (side: Int, overlap: Int)) {
        var sums = [Float](repeating: 0, count: length)
        let spans = Tiling(side: tiling.side, overlap: tiling.overlap).spans(length)
        for (span, next) in zip(spans, spans.dropFirst()) {
            let overlap = span.range.upperBound - next.range.lowerBound
            // Equal and as small as can be: they overlap by what was asked for, and by less than a count of them more.
            #expect(overlap >= tiling.overlap && overlap <= tiling.overlap + spans.count)
        }
        for span in spans {
            #expect(span.range.count <= max(tiling.side, 1) && span.range.count == span.weights.count)
            for (index, weight) in zip(span.range, span.weights) { sums[index] += weight }
        }
        #expect(sums.allSatisfy { abs($0 - 1) < 1e-6 })
    }

    @Test func `what does not depend on the surroundings comes back whole`() {
        var generator = TestGenerator(seed: 2)
        let image = generator.floats(70 * 45)
        let result = Tiling(side: 24, overlap: 7).map(image, width: 70, height: 45) { tile, width, height, _ in
            #expect(tile.count == width * height)
            return tile
        }
        #expect(worstError(result, image) < 1e-6)
    }

    @Test func `a slice in tiles is the whole slice, to a small part of what is taken out`() throws {
        let clean = ChestPhantom(width: 160, height: 128, seed: 4).slice(
            format: SampleFormat(kind: .floatingPoint, bits: 32), scale: IntensityScale(slope: 1, intercept: 0))
        let noisy = try NoiseModel([.white(.part(25, of: 255))]).apply(to: clean, seed: 1)
        let denoiser = try Denoiser.bundled()
        let whole = denoiser.denoise(noisy, threads: 2).samples
        let tiled = denoiser.denoised(noisy, threads: 2, tiling: Tiling(side: 128, overlap: 64)) { _ in }.slice.samples
        func deviation(_ a: [Double], _ b: [Double]) -> Double {
            (zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(a.count)).squareRoot()
        }
        let ratio = deviation(tiled, whole) / deviation(whole, noisy.samples)
        #expect(ratio < 0.015, "\(ratio)")
        #expect(tiled != whole)
    }
}
