import CKernels
import CTImages
import CTMetrics
import CTSupport
@testable import CTNoise
import Foundation
import Testing

/// Bounds are five standard deviations of what is estimated, by the formula in the comment.
@Suite struct `Kinds of noise` {
    private static let hu = SampleFormat(kind: .floatingPoint, bits: 64)

    private func flat(_ hu: Double, width: Int, height: Int) -> CTSlice {
        CTSlice(
            width: width, height: height, samples: [Double](repeating: hu, count: width * height), format: Self.hu,
            scale: IntensityScale(slope: 1, intercept: 0))
    }

    private func applied(_ steps: [NoiseStep], to slice: CTSlice, seed: UInt64 = 1) throws -> [Double] {
        try NoiseModel(steps).apply(to: slice, seed: seed, threads: 2).samples
    }

    private func moments(_ values: [Double]) -> (mean: Double, variance: Double) {
        let mean = values.reduce(0, +) / Double(values.count)
        return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
    }

    // MARK: - White noise

    @Test func `ten million white deviates are Gaussian and have nothing in common`() {
        let count = 10_000_000
        var noise = [Float](repeating: 0, count: count)
        WhiteNoise.add(to: &noise, sigma: 1, seed: 3)
        var (sum, square, fourth, next, row) = (0.0, 0.0, 0.0, 0.0, 0.0)
        var beyond = 0
        for index in 0..<count - 512 {
            let value = Double(noise[index])
            sum += value
            square += value * value
            fourth += value * value * value * value
            next += value * Double(noise[index + 1])
            row += value * Double(noise[index + 512])
            if abs(value) > 3 { beyond += 1 }
        }
        let n = Double(count - 512)
        #expect(abs(sum / n) < 5 / n.squareRoot())  // σ² / n
        #expect(abs(square / n - 1) < 5 * (2 / n).squareRoot())  // 2 σ⁴ / n
        #expect(abs(fourth / n - 3) < 5 * (96 / n).squareRoot())  // (105 − 9) σ⁸ / n
        #expect(abs(next / n) < 5 / n.squareRoot() && abs(row / n) < 5 / n.squareRoot())  // 1 / n
        // 0.26998 % lie beyond 3 σ; a share p has the variance p (1 − p) / n.
        #expect(abs(Double(beyond) / n - 0.0026998) < 5 * (0.0027 / n).squareRoot())
    }

    @Test func `kernels of all instruction sets make the deviates of the definition, bit by bit`() {
        let random = CounterRandom(seed: 11, stream: 5)
        for isa in [ct_isa_avx512, ct_isa_avx2, ct_isa_baseline] where ct_isa_is_available(isa) {
            let kernels = unsafe ct_noise_kernels_for(isa).pointee
            for (first, count) in [(0, 20_000), (3, 1), (7, 513), (1_000_003, 1025)] {
                var values = [Double](repeating: 0, count: count)
                unsafe kernels.add_normals_double(random.key, UInt64(first), count, 1, &values)
                let expected = (0..<count).map { random.normal(at: UInt64(first + $0)) }
                #expect(values == expected, "\(unsafe String(cString: kernels.name)), \(first), \(count)")
                var single = [Float](repeating: 0, count: count)
                unsafe kernels.add_normals(random.key, UInt64(first), count, 1, &single)
                #expect(single == expected.map { Float($0) })
            }
        }
    }

    @Test(arguments: ["white:30hu", "poisson:30hu", "speckle:5%", "rings:20hu", "columns:20hu", "impulses:1%"])
    func `infinite and NaN samples do not trap, and no other sample becomes either`(text: String) throws {
        var samples = [Double](repeating: 40, count: 64 * 64)
        (samples[5], samples[70], samples[131], samples[200]) = (.infinity, -.infinity, .nan, 1e308)
        let slice = CTSlice(
            width: 64, height: 64, samples: samples, format: SampleFormat(kind: .floatingPoint, bits: 64))
        let noisy = try NoiseModel([NoiseStep(text)]).apply(to: slice, seed: 4).samples
        #expect(noisy.indices.allSatisfy { [5, 70, 131, 200].contains($0) || noisy[$0].isFinite })
        #expect(noisy.indices.contains { ![5, 70, 131, 200].contains($0) && noisy[$0] != samples[$0] })
    }

    // MARK: - Impulses

    @Test func `of ten million samples, the share that was asked for becomes salt and pepper`() {
        let count = 10_000_000
        var values = [Float](repeating: 0, count: count)
        SaltAndPepper.apply(to: &values, density: 0.1, saltShare: 0.3, pepper: -1, salt: 1, seed: 4)
        var (salt, pepper) = (0, 0)
        for value in values {
            if value > 0 { salt += 1 }
            if value < 0 { pepper += 1 }
        }
        let n = Double(count)
        #expect(abs(Double(salt) / n - 0.03) < 5 * (0.03 * 0.97 / n).squareRoot())
        #expect(abs(Double(pepper) / n - 0.07) < 5 * (0.07 * 0.93 / n).squareRoot())
    }

    // MARK: - Poisson

    /// With a strength of √1000 HU in water a photon is 1 HU, so samples plus 1000 are numbers of photons.
    @Test(arguments: [0.3, 5, 9.9, 10, 12, 40, 300, 4000])
    func `Poisson noise has the mean and the variance of photons`(mean: Double) throws {
        let slice = flat(mean - 1000, width: 400, height: 250)
        let photons = try applied([.poisson(.hu(1000.0.squareRoot()))], to: slice).map { $0 + 1000 }
        let (found, variance) = moments(photons)
        let n = Double(photons.count)
        #expect(abs(found - mean) < 5 * (mean / n).squareRoot())
        // The variance of a variance is (μ₄ − σ⁴) / n, where a Poisson variable has μ₄ = λ + 3 λ².
        let bound = 5 * ((mean + 2 * mean * mean) / n).squareRoot()
        #expect(abs(variance - mean) < bound)
        #expect(photons.allSatisfy { abs($0 - $0.rounded()) < 1e-6 && $0 > -1e-6 })
    }

    @Test(arguments: [3.0, 14])
    func `each number of photons is as frequent as it should be`(mean: Double) throws {
        let slice = flat(mean - 1000, width: 400, height: 500)
        let photons = try applied([.poisson(.hu(1000.0.squareRoot()))], to: slice).map { Int(($0 + 1000).rounded()) }
        let n = Double(photons.count)
        var probability = exp(-mean)
        for k in 0..<30 {
            if k > 0 { probability *= mean / Double(k) }
            let share = Double(photons.count { $0 == k }) / n
            let bound = 5 * (probability * (1 - probability) / n).squareRoot() + 1e-9
            #expect(abs(share - probability) < bound, "\(k)")
        }
    }

    @Test func `Poisson noise grows with attenuation, and air has none`() throws {
        for (hu, expected) in [(-1000.0, 0.0), (-800, 30 * 0.2.squareRoot()), (0, 30), (1000, 30 * 2.0.squareRoot())] {
            let (mean, variance) = moments(try applied([.poisson(.hu(30))], to: flat(hu, width: 200, height: 200)))
            #expect(abs(mean - hu) < 5 * expected / 200 + 1e-9)
            // As of a Gaussian, and the more the fewer photons there are: 178 at −800 HU.
            let bound = 1.5 * 5 * expected / 80_000.0.squareRoot() + 1e-9
            #expect(abs(variance.squareRoot() - expected) < bound)
        }
    }

    // MARK: - Others

    @Test func `speckle is a part of attenuation`() throws {
        for hu in [-1000.0, -500, 500] {
            let (mean, variance) = moments(try applied([.speckle(0.1)], to: flat(hu, width: 200, height: 200)))
            let expected = 0.1 * (hu + 1000)
            #expect(abs(mean - hu) < 5 * expected / 200 + 1e-9)
            let bound = 5 * expected / 80_000.0.squareRoot() + 1e-9
            #expect(abs(variance.squareRoot() - expected) < bound)
        }
    }

    @Test(arguments: [ReconstructionKernel.soft, .sharp, .hann(cutoff: 0.6)])
    func `correlated noise of long sides has no seams`(kernel: ReconstructionKernel) {
        let noise = CorrelatedNoise(kernel: kernel, pixel: 0.7)
        let random = CounterRandom(seed: 3, stream: 0)
        let (width, height) = (1000, 300)
        let field = noise.field(width: width, height: height, random: random, longest: 256)
        func covariance(_ columns: Range<Int>, lag: Int = 0) -> Double {
            var sum = 0.0
            for y in 0..<height {
                for x in columns { sum += field[y * width + x] * field[y * width + x + lag] }
            }
            return sum / Double(columns.count * height)
        }
        // Everywhere, and across the 64 columns in which tiles fade into each other.
        let neighbours = covariance(0..<990, lag: 1)
        for columns in [0..<990, 192..<256, 384..<448] {
            #expect(abs(covariance(columns) - 1) < 0.12, "\(columns)")
            #expect(abs(covariance(columns, lag: 1) - neighbours) < 0.12, "\(columns)")
        }
        // A strip that is longer than any transform.
        let strip = CorrelatedNoise(kernel: kernel, pixel: 0.7).field(width: 20_000, height: 1, random: random)
        #expect(strip.count == 20_000 && abs(strip.reduce(0) { $0 + $1 * $1 } / 20_000 - 1) < 0.15)
    }

    @Test(arguments: [ReconstructionKernel.soft, .sharp, .hann(cutoff: 0.6)])
    func `correlated noise has its strength and its spectrum`(kernel: ReconstructionKernel) throws {
        let pixel = 0.7
        let slice = flat(0, width: 512, height: 512)
        let values = try applied([.correlated(.hu(25), kernel: kernel, pixel: pixel)], to: slice)
        let (mean, variance) = moments(values)
        // Fewer degrees of freedom than samples: noise of the soft kernel has about one in five.
        let bound = 5 / (2 * 262_144 / 8.0).squareRoot()
        #expect(abs(mean) < 0.3)
        #expect(abs(variance.squareRoot() / 25 - 1) < bound)

        let found = try #require(NoisePowerSpectrum(values, width: 512, pixel: pixel))
        let shape = found.frequencies.map { $0 * kernel.weight($0) * kernel.weight($0) }
        // Ring k of a square of 32 has about 2 π k waves, half of them independent; squares overlap, so that a quarter
        // of 961 are independent. The lowest rings lose power with the trend; where the spectrum is low and steep,
        // squares leak power into it.
        let scale = zip(found.powers, shape).dropFirst(3).reduce(0) { $0 + $1.0 } / shape.dropFirst(3).reduce(0, +)
        for k in 3..<found.powers.count where shape[k] > 0.3 * (shape.max() ?? 0) {
            let deviation = 1 / (Double.pi * Double(k) * 961 / 4).squareRoot()
            let ratio = found.powers[k] / (scale * shape[k])
            #expect(abs(ratio - 1) < 5 * deviation + 0.06, "\(k)")
        }
    }

    @Test(arguments: [
        ScannerNoise(.hu(25)), ScannerNoise(.hu(25), kernel: .sharp), ScannerNoise(.hu(25), ramp: 0.3),
        ScannerNoise(.hu(25), kernel: .gaussian(width: 0.5), edge: 2),
    ])
    func `scanner noise has its strength and its spectrum`(noise: ScannerNoise) throws {
        var noise = noise
        noise.streaks = 0
        let values = try applied([.scanner(noise)], to: flat(0, width: 512, height: 512))
        let (mean, variance) = moments(values)
        // As for correlated noise, whose spectrum is that of a ramp of 1 without enhanced edges.
        #expect(abs(mean) < 0.3)
        #expect(abs(variance.squareRoot() / 25 - 1) < 5 / (2 * 262_144 / 8.0).squareRoot())
        let found = try #require(NoisePowerSpectrum(values, width: 512, pixel: noise.pixel))
        let shape = found.frequencies.map { frequency in
            let weight = noise.kernel.weight(frequency) * (1 + noise.edge * frequency * frequency / 0.25)
            return pow(frequency, noise.ramp) * weight * weight
        }
        let scale = zip(found.powers, shape).dropFirst(3).reduce(0) { $0 + $1.0 } / shape.dropFirst(3).reduce(0, +)
        for k in 3..<found.powers.count where shape[k] > 0.3 * (shape.max() ?? 0) {
            let deviation = 1 / (Double.pi * Double(k) * 961 / 4).squareRoot()
            #expect(abs(found.powers[k] / (scale * shape[k]) - 1) < 5 * deviation + 0.06, "\(k)")
        }
    }

    @Test func `scanner noise has streaks along the rays that are weakened most`() throws {
        // A slab of water in air.
        var slab = flat(-1000, width: 512, height: 256)
        let body = (100..<156).flatMap { row in (60..<452).map { row * 512 + $0 } }
        for index in body { slab.samples[index] = 0 }
        /// Returns the mean squares of differences between neighbours in a column, and of those in a row.
        func differences(_ noise: ScannerNoise) throws -> (down: Double, across: Double, all: Double) {
            let values = zip(try applied([.scanner(noise)], to: slab), slab.samples).map { $0 - $1 }
            func mean(_ lag: Int) -> Double {
                body.reduce(0) { $0 + (values[$1] - values[$1 + lag]) * (values[$1] - values[$1 + lag]) }
                    / Double(body.count)
            }
            return (mean(512), mean(1), body.reduce(0) { $0 + values[$1] * values[$1] } / Double(body.count))
        }
        let even = try differences(ScannerNoise(.hu(20), streaks: 0))
        #expect(abs(even.down / even.across - 1) < 0.1)
        let streaky = try differences(ScannerNoise(.hu(20), streaks: 1))
        // 275 mm of water along rows and 39 mm along columns: noise of rows is 9.7 times as strong.
        #expect(streaky.down > 2.5 * streaky.across)
        let lateral = try differences(ScannerNoise(.hu(20), streaks: 0, lateral: 2))
        #expect(lateral.down > 1.5 * lateral.across)
        for found in [even, streaky, lateral] { #expect(abs((found.all / 400).squareRoot() - 1) < 0.15) }
    }

    @Test func `rings are circles, and columns are columns`() throws {
        let slice = flat(0, width: 201, height: 201)
        let rings = try applied([.rings(.hu(20), share: 0.5)], to: slice)
        for (x, y) in [(30, 0), (0, 30), (-30, 0), (0, -30), (18, 24), (-24, 18)] {
            #expect(rings[(100 + y) * 201 + 100 + x] == rings[100 * 201 + 130])
        }
        let columns = try applied([.columns(.hu(20), share: 0.5)], to: slice)
        #expect((0..<201 * 201).allSatisfy { columns[$0] == columns[$0 % 201] })
        let wide = try applied([.columns(.hu(20), share: 0.3)], to: flat(0, width: 20_000, height: 1))
        let shifted = wide.filter { $0 != 0 }
        let share = Double(shifted.count) / 20_000
        #expect(abs(share - 0.3) < 5 * (0.3 * 0.7 / 20_000).squareRoot())
        let (_, variance) = moments(shifted)
        #expect(abs(variance / 400 - 1) < 5 * (2 / Double(shifted.count)).squareRoot())
    }

    // MARK: - Sequences

    @Test func `steps come in order, each with noise of its own`() throws {
        let slice = flat(0, width: 200, height: 200)
        let salted = try applied([.white(.hu(10)), .impulses(density: 0.2, salt: 1)], to: slice)
        #expect(salted.contains(1023))
        let blurred = try applied([.impulses(density: 0.2, salt: 1), .white(.hu(10))], to: slice)
        #expect(!blurred.contains(1023) && blurred.contains { abs($0 - 1023) < 50 })
        // Twice the variance, not four times: the second draws other numbers.
        let (_, variance) = moments(try applied([.white(.hu(10)), .white(.hu(10))], to: slice))
        #expect(abs(variance / 200 - 1) < 5 * (2 / 40_000.0).squareRoot())
    }

    // MARK: - Text

    @Test(arguments: [
        ("white:25/255", NoiseStep.white(.part(25, of: 255))), ("impulses:10%", .impulses(density: 0.1)),
        ("Impulses: 0.1, salt=1", .impulses(density: 0.1, salt: 1)), ("poisson:30hu", .poisson(.hu(30))),
        ("speckle:5%", .speckle(0.05)), ("correlated:20hu", .correlated(.hu(20))),
        ("correlated:20hu,kernel=sharp,pixel=0.5", .correlated(.hu(20), kernel: .sharp, pixel: 0.5)),
        ("correlated:20hu,kernel=hann0.7", .correlated(.hu(20), kernel: .hann(cutoff: 0.7))),
        ("rings:20hu,share=5%", .rings(.hu(20), share: 0.05)), ("columns:2stored", .columns(.stored(2))),
        ("scanner:30hu", .scanner(ScannerNoise(.hu(30)))),
        (
            "scanner:30hu,kernel=gauss0.5,pixel=0.8,edge=1,ramp=0.5,streaks=0,lateral=2",
            .scanner(
                ScannerNoise(
                    .hu(30), kernel: .gaussian(width: 0.5), pixel: 0.8, edge: 1, ramp: 0.5, streaks: 0, lateral: 2))
        ),
        ("dose:25%", .dose(LowDose(fraction: 0.25))),
        ("dose:1/4,noise=15hu,kernel=ramlak", .dose(LowDose(fraction: 0.25, noise: .hu(15), kernel: .ramLak))),
    ])
    func `are read from text and written back`(text: String, step: NoiseStep) throws {
        #expect(try NoiseStep(text) == step)
        #expect(try NoiseStep(step.text) == step)
    }

    @Test(arguments: [
        ("fog:10%", "“fog” is not a kind"), ("white", "it is not KIND:STRENGTH"), ("white:25", "it has no unit"),
        ("white:25hu,salt=1", "“salt” is not an option of “white”"), ("impulses:2", "found a density of 2"),
        ("correlated:2hu,kernel=blurry", "“blurry” is not a kernel"),
        ("rings:2hu,share", "“share” is not NAME=VALUE"),
        ("scanner:30hu,ramp=3", "found a ramp of 3; it must be 0 to 2"),
        ("scanner:30hu,lateral=0", "found a lateral ratio of 0"),
        ("dose:25%,noise=15", "it has no unit"), ("speckle:much", "“much” is not a share"),
        ("rings:2hu,share=1,share=1", "“share=1” is not NAME=VALUE"),
    ])
    func `what is no noise is refused with a reason`(text: String, reason: String) {
        let error = #expect(throws: NoiseError.self) { try NoiseStep(text) }
        #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
    }

    @Test func `extreme strengths and shapes neither hang nor make numbers that are none`() throws {
        let slice = flat(40, width: 64, height: 64)
        for text in [
            "poisson:1000000hu", "poisson:0.001hu", "correlated:30hu,kernel=gauss0.03",
            "scanner:30hu,kernel=gauss0.03", "scanner:30hu,pixel=100,streaks=2,lateral=10,ramp=2,edge=10",
        ] {
            #expect(try applied([NoiseStep(text)], to: slice).allSatisfy(\.isFinite), "\(text)")
        }
        for text in ["poisson:1e160hu", "poisson:1e-157hu", "dose:50%,noise=1e-160hu"] {
            #expect(try !NoiseModel([NoiseStep(text)]).isFinite(using: slice.scale), "\(text)")
        }
        for text in ["correlated:30hu,kernel=hann0.0001", "dose:50%,kernel=gauss0.01"] {
            #expect(throws: NoiseError.self, "\(text)") { try NoiseStep(text) }
        }
        _ = try NoiseTemplate("white:1e-310hu..2e-310hu").draw(from: CounterRandom(seed: 1))
        for step in [NoiseStep.correlated(.hu(20)), .scanner(ScannerNoise(.hu(20)))] {
            let long = try applied([step], to: flat(0, width: 5000, height: 2))
            #expect(moments(long).variance > 200)
        }
    }

    @Test func `ranges are drawn from evenly, rounded to four digits, and ends are possible`() throws {
        let template = try NoiseTemplate("white:5/255..50/255")
        let random = CounterRandom(seed: 2)
        let drawn = try (0..<2000).map { index -> Double in
            guard case .white(.part(let part, 255)) = template.draw(from: random, at: UInt64(index)) else {
                throw CancellationError()
            }
            return part
        }
        #expect(drawn.allSatisfy { (5...50).contains($0) && abs(($0 * 1000).rounded() - $0 * 1000) < 1e-6 })
        // The variance of a mean of n uniform numbers is (b − a)² / 12 n.
        let mean = drawn.reduce(0, +) / 2000
        #expect(abs(mean - 27.5) < 5 * 45 / (12 * 2000.0).squareRoot())
        #expect(!template.isFixed)
        #expect(try NoiseTemplate("white:10hu").isFixed)
        let both = try NoiseTemplate("impulses:1%..2%,salt=0..1").draw(from: random)
        guard case .impulses(let density, let salt) = both else { throw CancellationError() }
        #expect((0.01...0.02).contains(density) && (0...1).contains(salt))
        for text in ["white:50hu..5hu", "white:5hu..50%", "white:5..hu", "impulses:10%..200%"] {
            #expect(throws: NoiseError.self, "\(text)") { try NoiseTemplate(text) }
        }
    }
}
