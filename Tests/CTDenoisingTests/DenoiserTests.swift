@testable import CTDenoising
import CTImages
import CTMetrics
import CTNetwork
import CTNoise
import CTPhantoms
import CTSupport
import TestSupport
import Testing

@Suite struct DenoiserTests {
    private let hu = SampleFormat(kind: .floatingPoint, bits: 32)

    /// A small network with random weights, its head too, so that its estimate is not zero.
    private func denoiser(patch: Int = 2) -> Denoiser {
        var generator = TestGenerator(seed: 8)
        var network = Network(
            configuration: NetworkConfiguration(
                patch: patch, window: patch + 2, channels: 8, hidden: 4, blocks: 1, mixing: 3),
            using: &generator)
        for index in network.parameters.indices where network.parameters[index] == 0 {
            network.parameters[index] = Float.random(in: -0.2...0.2, using: &generator)
        }
        return Denoiser(network)
    }

    private func slice(_ width: Int, _ height: Int) -> CTSlice {
        var generator = TestGenerator(seed: 9)
        return CTSlice(
            width: width, height: height,
            samples: (0..<width * height).map { _ in
                Double.random(in: -1000...400, using: &generator)
            }, format: hu)
    }

    @Test(arguments: [(1, 1), (1, 7), (5, 1), (2, 2), (3, 9), (17, 10), (64, 31)], [1, 2, 4])
    func `slices of any size come back in that size`(size: (Int, Int), patch: Int) {
        let noisy = slice(size.0, size.1)
        let result = denoiser(patch: patch).denoise(noisy)
        #expect(result.width == size.0 && result.height == size.1 && result.scale == noisy.scale)
        #expect(result.samples.allSatisfy(\.isFinite) && result.samples != noisy.samples)
    }

    @Test func `the number of threads makes no difference`() {
        let noisy = slice(45, 38)
        let one = denoiser().denoise(noisy, threads: 1)
        #expect(denoiser().denoise(noisy, threads: 2) == one && denoiser().denoise(noisy, threads: 3) == one)
    }

    @Test func `the same HU give the same result however they are stored`() {
        let noisy = slice(20, 16)
        let expected = denoiser().denoise(noisy).hu
        for scale in [
            IntensityScale(slope: 1, intercept: -1024), IntensityScale(slope: 0.25, intercept: 3),
            IntensityScale(assuming: 0...255, inverted: true),
        ] {
            let stored = CTSlice(
                width: 20, height: 16, samples: noisy.hu.map(scale.stored(hu:)),
                format: SampleFormat(kind: .unsignedInteger, bits: 16), scale: scale)
            let result = denoiser().denoise(stored)
            #expect(worstError(result.hu, expected) < 1e-5)
            #expect(result.format == stored.format)
        }
    }

    @Test func `strength says how much is taken out, and 0 changes nothing`() {
        let noisy = slice(20, 16)
        let whole = denoiser().denoise(noisy)
        #expect(denoiser().denoise(noisy, strength: 1) == whole)
        #expect(denoiser().denoise(noisy, strength: 0).samples.map(\.bitPattern) == noisy.samples.map(\.bitPattern))
        let quarter = denoiser().denoise(noisy, strength: 0.25).samples
        let expected = zip(noisy.samples, whole.samples).map { 0.75 * $0 + 0.25 * $1 }
        #expect(worstError(quarter, expected) < 1e-12)
    }

    @Test func `what was taken out is a slice in HU, zero where nothing was`() {
        let scale = IntensityScale(slope: 0.5, intercept: -1024)
        let noisy = CTSlice(
            width: 4, height: 1, samples: [100, .nan, .infinity, 7], format: .float32, scale: scale)
        var denoised = noisy
        denoised.samples = [90, .nan, .infinity, 8]
        let removed = noisy.difference(from: denoised)
        #expect(removed.samples == [5, 0, 0, -0.5])
        #expect(removed.format == .float32 && removed.scale == .assumedHU)
    }

    @Test func `samples that are no numbers stay, and do not spread`() {
        var noisy = slice(24, 24)
        noisy.samples[30] = .nan
        noisy.samples[31] = .infinity
        let result = denoiser().denoise(noisy)
        #expect(result.samples[30].isNaN && result.samples[31] == .infinity)
        #expect(result.samples.filter { !$0.isFinite }.count == 2)
    }

    @Test(arguments: [-1500, -2000, -3024, -32_768.0])
    func `padding stays, and makes no difference to what is beside it`(padding: Double) throws {
        var clean = ChestPhantom(width: 96, height: 96, seed: 3).slice(format: hu)
        clean = try NoiseModel([.white(.hu(100))]).apply(to: clean, seed: 1)
        // Outside the circle that a scanner reconstructs.
        let outside = (0..<96 * 96).filter {
            ($0 % 96 - 48) * ($0 % 96 - 48) + ($0 / 96 - 48) * ($0 / 96 - 48) > 46 * 46
        }
        var (air, padded) = (clean, clean)
        for index in outside { (air.samples[index], padded.samples[index]) = (-1024, padding) }
        let denoiser = try Denoiser.bundled()
        let (expected, result) = (denoiser.denoise(air, threads: 2), denoiser.denoise(padded, threads: 2))
        for index in outside { #expect(result.samples[index] == padding) }
        let inside = Set(0..<96 * 96).subtracting(outside)
        #expect(inside.allSatisfy { result.samples[$0] == expected.samples[$0] })
    }

    @Test func `a single low sample is noise, not padding`() {
        var noisy = slice(24, 24)
        noisy.samples[100] = -1400
        #expect(denoiser().denoise(noisy).samples[100] != -1400)
    }

    @Test func `several paddings stay, and so do values that the file declares to be no data`() throws {
        var noisy = try NoiseModel([.white(.hu(100))]).apply(
            to: ChestPhantom(width: 96, height: 96, seed: 3).slice(format: hu), seed: 1)
        for index in 0..<400 { noisy.samples[index] = index < 200 ? -3024 : -2000 }
        // Declared, in the middle of the range of tissue.
        (noisy.noData, noisy.samples[5000], noisy.samples[5001]) = ([40], 40, 41)
        let result = try Denoiser.bundled().denoise(noisy, threads: 2)
        #expect(result.samples[..<400] == noisy.samples[..<400])
        #expect(result.samples[5000] == 40 && result.samples[5001] != 41)
    }

    @Test func `values below air that strong noise makes are denoised`() throws {
        // Noise of 255 HU on air: hundreds of samples below −1500 HU, many with equal values, but no spikes.
        var noisy = CTSlice(hu: [Float](repeating: -1000, count: 128 * 128), width: 128, height: 128)
        noisy = try NoiseModel([.white(.hu(255))]).apply(to: noisy, seed: 2)
        noisy.samples = noisy.samples.map { $0.rounded() }
        let low = noisy.samples.indices.filter { noisy.samples[$0] < -1500 }
        #expect(low.count > 200)
        let result = try Denoiser.bundled().denoise(noisy, threads: 2)
        #expect(low.allSatisfy { result.samples[$0] > noisy.samples[$0] + 100 })
    }

    @Test func `metal stays`() {
        var noisy = slice(24, 24)
        for index in 100..<104 { noisy.samples[index] = 20_000 }
        let result = denoiser().denoise(noisy)
        #expect(result.samples[100..<104].allSatisfy { $0 == 20_000 })
        #expect(result.samples[99] != noisy.samples[99])
    }

    /// A network that sees the same noise everywhere, in HU.
    private func constant(_ noise: Double, target: NetworkConfiguration.Target = .noise) -> Network {
        let network = denoiser().models[0].model.network
        var configuration = network.configuration
        configuration.target = target
        var parameters = [Float](repeating: 0, count: network.parameters.count)
        parameters[parameters.count - 1] = Float(noise / configuration.spread)
        return Network(configuration: configuration, parameters: parameters, statistics: network.statistics)
    }

    @Test func `impulses are replaced by their network, and then all noise is taken out`() {
        var smooth = slice(24, 24)
        smooth.samples = smooth.samples.map { _ in -500 }
        var spotted = smooth
        let impulses = Set(stride(from: 30, to: 500, by: 50))
        for index in impulses { spotted.samples[index] = 2000 }
        let forImpulses = constant(1323, target: .impulses)
        func check(_ slice: CTSlice, _ denoiser: Denoiser, impulse: Double, other: Double) {
            let result = denoiser.denoise(slice).samples
            for index in result.indices {
                let expected = impulses.contains(index) && slice == spotted ? impulse : other
                #expect(abs(result[index] - expected) < 1e-2, "\(index)")
            }
        }
        let both = Denoiser(constant(50), impulses: forImpulses)
        check(smooth, both, impulse: 0, other: -550)
        // 1023, as which the network sees salt, less 1323 is −300.
        check(spotted, both, impulse: -350, other: -550)
        check(spotted, Denoiser(forImpulses), impulse: -300, other: -500)
        check(spotted, Denoiser(constant(50)), impulse: 1950, other: -550)
    }

    @Test func `where there are impulses, noise is estimated of the slice and of its transpose`() {
        func transposed(_ slice: CTSlice) -> CTSlice {
            CTSlice(
                width: slice.height, height: slice.width,
                samples: (0..<slice.width).flatMap { column in
                    (0..<slice.height).map { slice.samples[$0 * slice.width + column] }
                }, format: hu)
        }
        let both = Denoiser(denoiser().models[0].model.network, impulses: constant(1323, target: .impulses))
        func asymmetry(_ slice: CTSlice) -> Double {
            let (one, other) = (both.denoise(slice), transposed(both.denoise(transposed(slice))))
            return zip(one.samples, other.samples).map { abs($0 - $1) }.max() ?? 0
        }
        // So little noise that no sample but an impulse sticks out.
        var noisy = slice(30, 21)
        noisy.samples = noisy.samples.map { -500 + $0 / 10 }
        var spotted = noisy
        for index in stride(from: 35, to: 600, by: 50) { spotted.samples[index] = 2000 }
        // A network that scans rows first sees something else than one that scans columns first.
        #expect(asymmetry(noisy) > 1)
        #expect(asymmetry(spotted) < 0.01)
    }

    @Test func `faint noise stays if impulses have their network, and goes if there is one for all`() {
        let noisy = slice(24, 24)
        let faint = constant(2)
        #expect(Denoiser(faint, impulses: constant(0, target: .impulses)).denoise(noisy) == noisy)
        let result = Denoiser(faint).denoise(noisy)
        #expect(zip(result.samples, noisy.samples).allSatisfy { abs($1 - $0 - 2) < 1e-2 })
    }

    @Test func `the spectrum of a slice decides between the networks for white and for scanner noise`() throws {
        let both = Denoiser(constant(30), scanner: constant(70))
        let flat = CTSlice(hu: [Float](repeating: 40, count: 128 * 128), width: 128, height: 128)
        func check(_ step: String, _ kind: Denoised.Noise.Kind, _ removed: Double) throws {
            let noisy = try NoiseModel([NoiseStep(step)]).apply(to: flat, seed: 1)
            let result = both.denoised(noisy)
            let noise = try #require(result.noise)
            #expect(noise.kind == kind && noise.removed == 1 && !noise.isFaint)
            #expect(abs(noise.deviation - removed) < 1e-2)
            #expect(zip(noisy.samples, result.slice.samples).allSatisfy { abs($0 - $1 - removed) < 1e-2 })
        }
        try check("white:60hu", .white, 30)
        try check("correlated:60hu", .scanner, 70)
        // Nothing was removed of what varies.
        let noisy = try NoiseModel([NoiseStep("correlated:60hu")]).apply(to: flat, seed: 1)
        #expect(both.denoised(noisy).noise?.isUnknown == true)
        #expect(Denoiser(constant(30)).denoised(noisy).noise?.kind == nil)
    }

    @Test func `noise is left as it was told`() throws {
        let flat = CTSlice(hu: [Float](repeating: 40, count: 192 * 192), width: 192, height: 192)
        let noisy = try NoiseModel([NoiseStep("correlated:40hu")]).apply(to: flat, seed: 1)
        let denoiser = try Denoiser.bundled()
        func deviation(_ amount: DenoisingAmount) -> Double {
            let rest = denoiser.denoised(noisy, amount: amount).slice.samples.map { $0 - 40 }
            return (rest.reduce(0) { $0 + $1 * $1 } / Double(rest.count)).squareRoot()
        }
        // A quarter of the dose has twice the noise.
        #expect(abs(deviation(.dose(1, from: 0.25)) - 20) < 3)
        #expect(abs(deviation(.targetNoise(15)) - 15) < 3)
        #expect(denoiser.denoised(noisy, amount: .targetNoise(60)).slice == noisy)
        #expect(denoiser.denoised(noisy, amount: .dose(0.2, from: 0.25)).slice == noisy)
        #expect(denoiser.denoised(noisy, amount: .strength(0)).noise == nil)
        #expect(deviation(.strength(1)) < 12)
    }

    @Test func `a model that overflows is refused`() throws {
        let folder = try TemporaryFolder()
        var network = denoiser().models[0].model.network
        for index in network.parameters.indices { network.parameters[index] = 3e38 }
        try network.safetensors().write(to: folder.file("m.safetensors"))
        #expect(throws: FileError.self) { try Denoiser(modelAt: folder.file("m.safetensors")) }
    }

    @Test func `the model inside the program takes noise out of a phantom`() throws {
        let clean = ChestPhantom(width: 96, height: 96, seed: 3).slice(
            format: hu, scale: IntensityScale(slope: 1, intercept: 0))
        let denoiser = try Denoiser.bundled()
        let models: [NoiseModel] = try [
            NoiseModel([.white(.part(25, of: 255))]), NoiseModel([.impulses(density: 0.1)]),
        ]
        for model in models {
            let noisy = model.apply(to: clean, seed: 1)
            func psnr(_ samples: [Double]) throws -> Double {
                try peakSignalToNoiseRatio(clean.samples, samples, dataRange: 2047)
            }
            let median = try psnr(median3x3(noisy.samples, width: 96, height: 96))
            let denoised = try psnr(denoiser.denoise(noisy, threads: 2).samples)
            #expect(denoised > median + 2, "\(model)")
        }
    }

    @Test func `impulses at the ends of the sample type go, and areas of that value stay`() throws {
        let phantom = ChestPhantom(width: 96, height: 96, seed: 3)
        let clean = phantom.slice(format: .uint16, scale: IntensityScale(slope: 1, intercept: -1024)).quantized().slice
        var noisy = clean
        var random = TestGenerator(seed: 2)
        for index in noisy.samples.indices {
            let draw = random.uniform()
            if draw < 0.15 { noisy.samples[index] = 0 } else if draw > 0.85 { noisy.samples[index] = 65535 }
        }
        // Metal, say.
        let area = (40..<48).flatMap { row in (40..<48).map { row * 96 + $0 } }
        for index in area { noisy.samples[index] = 65535 }
        let result = try Denoiser.bundled().denoise(noisy, threads: 2)
        #expect(
            area.dropFirst(8).dropLast(8).allSatisfy { $0 % 96 == 40 || $0 % 96 == 47 || result.samples[$0] == 65535 })
        let others = Set(clean.samples.indices).subtracting(
            (39..<49).flatMap { row in (39..<49).map { row * 96 + $0 } })
        #expect(others.allSatisfy { result.samples[$0] < 4000 })
        let errors = others.map { result.samples[$0] - clean.samples[$0] }
        let rmse = (errors.map { $0 * $0 }.reduce(0, +) / Double(errors.count)).squareRoot()
        #expect(rmse < 40, "\(rmse) HU")
    }
}
