import CTImages
import CTNoise
import CTSupport
@testable import CTTraining
import TestSupport
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
        let samples = (0..<16).map { Double($0 * $0 * 20) }
        let slices = try #require(
            TrainingSlices(["": [CTSlice(width: 4, height: 4, samples: samples, format: format)]], crop: 4))
        var generator = SplitMix64(seed: 5)
        let crops = Set((0..<200).map { _ in slices.crop(4, 4, using: &generator).clean })
        #expect(crops.count == 8)
        #expect(crops.allSatisfy { $0.sorted() == samples.map { Float($0) } })
    }

    @Test func `long crops lie in slices along and across, in all symmetries`() throws {
        let samples = (0..<16).map { Double($0 * $0 * 20) }
        let slices = try #require(
            TrainingSlices(["": [CTSlice(width: 4, height: 4, samples: samples, format: format)]], crop: 4))
        var generator = SplitMix64(seed: 5)
        let crops = Set((0..<200).map { _ in slices.crop(1, 4, using: &generator).clean })
        // Four rows and four columns, in both directions.
        let rows = (0..<4).map { row in (0..<4).map { Float(samples[4 * row + $0]) } }
        let columns = (0..<4).map { column in (0..<4).map { Float(samples[4 * $0 + column]) } }
        #expect(crops == Set((rows + columns).flatMap { [$0, $0.reversed()] }))
    }

    @Test func `of a pair, both are cut and turned alike`() throws {
        let clean = CTSlice(width: 6, height: 5, samples: (0..<30).map { Double($0 * $0 * 5) }, format: format)
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

    @Test func `what is not tissue is shown as air or bone, has no noise, and is known`() throws {
        var clean = CTSlice(
            width: 8, height: 8, samples: (0..<64).map { Double($0 % 2 * 400) }, format: format)
        for index in 0..<16 { clean.samples[index] = -2000 }
        (clean.samples[20], clean.samples[21], clean.samples[22]) = (.nan, 20_000, -.infinity)
        let known = Set(0..<16).union(20..<23)
        let slices = try #require(TrainingSlices(["": [clean]], crop: 8))
        var generator = SplitMix64(seed: 5)
        for _ in 0..<20 {
            let crop = slices.crop(8, 8, using: &generator)
            let isTissue = try #require(crop.isTissue)
            #expect(isTissue.count { !$0 } == known.count)
            let shown = crop.clean.indices.filter { !isTissue[$0] }.map { crop.clean[$0] }
            #expect(shown.sorted() == [Float](repeating: -1024, count: 18) + [3071])
        }
        // In a pair, a noisy sample that is no number does not count either.
        var noisy = clean
        noisy.samples = noisy.samples.map { $0 + 7 }
        noisy.samples[40] = .nan
        let pair = try #require(TrainingSlices(["": [TrainingSlices.Pair(clean: clean, noisy: noisy)]], crop: 8))
        let crop = pair.crop(8, 8, using: &generator)
        let (isTissue, given) = (try #require(crop.isTissue), try #require(crop.noisy))
        #expect(isTissue.count { !$0 } == known.count + 1)
        #expect(given.indices.allSatisfy { given[$0] == crop.clean[$0] + (isTissue[$0] ? 7 : 0) })
    }

    @Test func `slices smaller than a crop are left out`() {
        let small = CTSlice(width: 8, height: 4, samples: [Double](repeating: 0, count: 32), format: format)
        #expect(TrainingSlices(["": [small]], crop: 8) == nil)
    }

    @Test func `noise has the kinds and strengths of its recipe`() throws {
        var recipe = TrainingNoise(
            choices: [
                .init(share: 0.5, add: [try NoiseTemplate("white:0%..10%")]),
                .init(share: 0.5, add: [try NoiseTemplate("impulses:0%..20%")]),
            ], floorShare: 0, rangeShare: 0)
        var generator = SplitMix64(seed: 6)
        var (deviations, densities): ([Double], [Double]) = ([], [])
        for _ in 0..<200 {
            var clean = [Float](repeating: 100, count: 400)
            let noisy = recipe.noisy(&clean, columns: 20, using: &generator)
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

        // As files store it.
        recipe.rangeShare = 1
        var clean: [Float] = [-2000, -1000, 0, 2000]
        let noisy = recipe.noisy(&clean, columns: 2, using: &generator)
        #expect(clean == [-1024, -1000, 0, 1023])
        #expect(noisy.allSatisfy { (-1024...1023).contains($0) })
        (recipe.rangeShare, recipe.floorShare) = (0, 1)
        clean = [-2000, -1000, 0, 2000]
        #expect(recipe.noisy(&clean, columns: 2, using: &generator).allSatisfy { $0 >= -1024 })
        #expect(clean == [-2000, -1000, 0, 2000])
    }

    @Test func `every kind of noise can be drawn for a crop, and is what adding it to a slice gives`() throws {
        let texts = [
            "white:10hu", "impulses:10%,salt=1", "poisson:30hu", "speckle:5%", "correlated:30hu,kernel=sharp",
            "rings:20hu,share=50%", "columns:20hu,share=50%", "dose:25%,noise=15hu", "scanner:30hu,streaks=0.5",
        ]
        let clean = CTSlice(hu: (0..<32 * 24).map { Float($0 % 7) * 30 }, width: 32, height: 24)
        for text in texts {
            let noise = TrainingNoise(
                choices: [.init(share: 1, add: [try NoiseTemplate(text)])], floorShare: 0, rangeShare: 0)
            var generator = SplitMix64(seed: 3)
            var crop = clean.hu.map { Float($0) }
            let noisy = noise.noisy(&crop, columns: 32, using: &generator)
            var draws = SplitMix64(seed: 3)
            for _ in 0..<4 { _ = draws.next() }
            let expected = try NoiseModel([NoiseStep(text)]).apply(to: clean, seed: draws.next()).hu
            #expect(worstError(noisy, expected) < 1e-5, "\(text)")
            #expect(noisy != crop, "\(text)")
        }
    }

    @Test func `ranges are drawn evenly, also where a kind comes twice`() throws {
        let noise = TrainingNoise(
            choices: [
                .init(
                    share: 1,
                    add: [try NoiseTemplate("columns:0hu..10hu,share=1"), try NoiseTemplate("white:1hu..3hu")])
            ],
            floorShare: 0, rangeShare: 0)
        var generator = SplitMix64(seed: 8)
        var variances: [Double] = []
        for _ in 0..<400 {
            var clean = [Float](repeating: 0, count: 256)
            let noisy = noise.noisy(&clean, columns: 16, using: &generator)
            variances.append(noisy.reduce(0.0) { $0 + Double($1 * $1) } / 256)
        }
        // The mean square of a uniform number in 0…10 is 100/3, in 1…3 it is 13/3.
        let mean = variances.reduce(0, +) / 400
        #expect(abs(mean - 113.0 / 3) < 6 * 0.12 * 113 / 3, "\(mean)")
    }
}
