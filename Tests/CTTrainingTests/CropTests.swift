import CTImages
import CTNoise
import CTSupport
@testable import CTTraining
import Testing

@Suite struct CropTests {
    private let format = SampleFormat(kind: .floatingPoint, bits: 32)

    @Test func `folders are drawn equally often, however many slices they have`() throws {
        func checked(_ level: Double) -> CTSlice {
            CTSlice(
                width: 8, height: 8, samples: (0..<64).map { level + Double(($0 + $0 / 8) % 2) * 400 }, format: format)
        }
        let slices = try #require(
            TrainingSlices(["one": [checked(0)], "many": (0..<30).map { _ in checked(1000) }], crop: 8))
        #expect(slices.groupCount == 2 && slices.count == 31)
        var generator = SplitMix64(seed: 4)
        let ones = (0..<1000).filter { _ in slices.crop(8, 8, using: &generator).clean.max() == 400 }.count
        // Binomial, n = 1000, p = ½: a standard deviation of 15.8; six of them.
        #expect(abs(ones - 500) < 95)
    }

    @Test func `crops come in all eight symmetries, and are nothing else`() throws {
        let samples = (0..<16).map { Double($0 * $0 * 100) }
        let slices = try #require(
            TrainingSlices(["": [CTSlice(width: 4, height: 4, samples: samples, format: format)]], crop: 4))
        var generator = SplitMix64(seed: 5)
        let crops = Set((0..<200).map { _ in slices.crop(4, 4, using: &generator).clean })
        #expect(crops.count == 8)
        #expect(crops.allSatisfy { $0.sorted() == samples.map { Float($0) } })
    }

    @Test func `long crops lie in slices along and across, in all symmetries`() throws {
        let samples = (0..<16).map { Double($0 * $0 * 100) }
        let slices = try #require(
            TrainingSlices(["": [CTSlice(width: 4, height: 4, samples: samples, format: format)]], crop: 4))
        var generator = SplitMix64(seed: 5)
        let crops = Set((0..<200).map { _ in slices.crop(1, 4, using: &generator).clean })
        // Four rows and four columns, there and back.
        let rows = (0..<4).map { row in (0..<4).map { Float(samples[4 * row + $0]) } }
        let columns = (0..<4).map { column in (0..<4).map { Float(samples[4 * $0 + column]) } }
        #expect(crops == Set((rows + columns).flatMap { [$0, $0.reversed()] }))
    }

    @Test func `of a pair, both are cut and turned alike`() throws {
        let clean = CTSlice(width: 6, height: 5, samples: (0..<30).map { Double($0 * $0 * 10) }, format: format)
        var noisy = clean
        noisy.samples = noisy.samples.map { $0 + 7 }
        let slices = try #require(TrainingSlices(["": [TrainingSlices.Pair(clean: clean, noisy: noisy)]], crop: 5))
        var generator = SplitMix64(seed: 5)
        for _ in 0..<50 {
            let crop = slices.crop(3, 4, using: &generator)
            #expect(crop.noisy == crop.clean.map { $0 + 7 })
        }
        let alone = try #require(TrainingSlices(["": [clean]], crop: 5))
        #expect(alone.fingerprint != slices.fingerprint && alone.crop(3, 4, using: &generator).noisy == nil)
    }

    @Test func `slices smaller than a crop are left out`() {
        let small = CTSlice(width: 8, height: 4, samples: [Double](repeating: 0, count: 32), format: format)
        #expect(TrainingSlices(["": [small]], crop: 8) == nil)
    }

    @Test func `noise has the kinds and strengths of its recipe`() {
        var recipe = NoiseRecipe(
            white: 0.1, impulses: 0.2, whiteShare: 0.5, impulseShare: 0.5, floorShare: 0, rangeShare: 0)
        var generator = SplitMix64(seed: 6)
        var (deviations, densities): ([Double], [Double]) = ([], [])
        for _ in 0..<200 {
            var clean = [Float](repeating: 100, count: 400)
            let noisy = recipe.noisy(&clean, using: &generator)
            let isImpulsive = noisy.contains(1023) || noisy.contains(-1024)
            if isImpulsive {
                densities.append(Double(noisy.filter { $0 != 100 }.count) / 400)
            } else {
                deviations.append((noisy.reduce(0.0) { $0 + Double(($1 - 100) * ($1 - 100)) } / 400).squareRoot())
            }
        }
        // Strengths are uniform from zero: their means are half of the largest, give or take six standard errors
        // of a hundred draws.
        let sigma = deviations.reduce(0, +) / Double(deviations.count)
        let density = densities.reduce(0, +) / Double(densities.count)
        #expect(abs(sigma - 0.05 * 2047) < 6 * 0.1 * 2047 / 12.0.squareRoot() / 10)
        #expect(abs(density - 0.1) < 6 * 0.2 / 12.0.squareRoot() / 10 + 0.01)
        #expect(abs(deviations.count - 100) < 50)

        // As files hold it.
        recipe.rangeShare = 1
        var clean: [Float] = [-2000, -1000, 0, 2000]
        let noisy = recipe.noisy(&clean, using: &generator)
        #expect(clean == [-1024, -1000, 0, 1023])
        #expect(noisy.allSatisfy { (-1024...1023).contains($0) })
        (recipe.rangeShare, recipe.floorShare) = (0, 1)
        clean = [-2000, -1000, 0, 2000]
        #expect(recipe.noisy(&clean, using: &generator).allSatisfy { $0 >= -1024 })
        #expect(clean == [-2000, -1000, 0, 2000])
    }
}
