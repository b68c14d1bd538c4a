import CTImages
import CTNoise
import Foundation
import Testing

@Suite struct `A noise model` {
    let slice = CTSlice(width: 64, height: 64, samples: .init(repeating: 100, count: 4096), format: .uint8)

    @Test func `does not clip, round or bias`() throws {
        let noisy = try NoiseModel([.white(.part(50, of: 255))]).apply(to: slice, seed: 1).samples
        #expect(noisy.contains { $0 < 0 })
        #expect(noisy.contains { $0 != $0.rounded() })
        // Five deviations of a mean: σ / √n, where 50 of 255 is 50 stored units of 8 bits.
        let mean = noisy.reduce(0, +) / 4096
        #expect(abs(mean - 100) < 5 * 50.0 / 64)
    }

    @Test(arguments: ["white:40hu", "impulses:100%", "speckle:50%", "correlated:40hu,kernel=sharp"])
    func `leaves alone what is not tissue`(step: String) throws {
        let hu = CTSlice(hu: [Float](repeating: 40, count: 4096), width: 64, height: 64)
        var slice = hu
        for index in 0..<200 { slice.samples[index] = index < 100 ? -2000 : -3024 }
        (slice.noData, slice.samples[700]) = ([7], 7)
        (slice.samples[300], slice.samples[301], slice.samples[302]) = (.nan, .infinity, 20_000)
        let noisy = try NoiseModel([NoiseStep(step)]).apply(to: slice, seed: 1)
        let kept = Array(0..<200) + [301, 302, 700]
        #expect(kept.allSatisfy { noisy.samples[$0] == slice.samples[$0] })
        #expect(noisy.samples[300].isNaN)
        let changed = (400..<4096).filter { $0 != 700 }
        #expect(changed.allSatisfy { noisy.samples[$0].isFinite })
        #expect(changed.count { noisy.samples[$0] != slice.samples[$0] } > 3600)
    }

    @Test func `puts impulses at the ends of the HU range, after white noise`() throws {
        let noisy = try NoiseModel([.white(.hu(10)), .impulses(density: 0.5, salt: 0.25)]).apply(to: slice, seed: 4)
        let (stored, _) = noisy.quantized()
        // Five deviations of a share: √(p (1 − p) / n); white noise of 1.2 stored units reaches neither 0 nor 255.
        let salt = Double(stored.samples.count { $0 == 255 }) / 4096
        let pepper = Double(stored.samples.count { $0 == 0 }) / 4096
        #expect(abs(salt - 0.125) < 5 * 0.0052)
        #expect(abs(pepper - 0.375) < 5 * 0.0076)
        let alone = try NoiseModel([.white(.hu(10))]).apply(to: slice, seed: 4)
        #expect(zip(noisy.samples, alone.samples).allSatisfy { $0 == $1 || abs($0 - 127.5) > 127 })
    }

    @Test func `has salt brighter than pepper where bright is stored as low`() throws {
        let inverted = CTSlice(
            width: 4, height: 4, samples: .init(repeating: 100, count: 16), format: .uint8,
            scale: IntensityScale(assuming: 0...255, inverted: true))
        let salt = try NoiseModel([.impulses(density: 1, salt: 1)]).apply(to: inverted, seed: 1)
        #expect(salt.hu.allSatisfy { abs($0 - 1023) < 1e-9 })
    }

    @Test func `gives each page, seed and file noise of its own`() throws {
        let model = try NoiseModel([.white(.stored(1))])
        let first = model.apply(to: slice, seed: 1, page: 0)
        #expect(model.apply(to: slice, seed: 1, page: 0) == first)
        for other in [model.apply(to: slice, seed: 1, page: 1), model.apply(to: slice, seed: 2, page: 0)] {
            // Five deviations of the correlation of independent deviates: 1 / √n.
            let products = zip(first.samples, other.samples).map { ($0 - 100) * ($1 - 100) }
            let correlation = products.reduce(0, +) / 4096
            #expect(abs(correlation) < 5.0 / 64)
        }
        #expect(NoiseModel.seed(1, name: "a/b.png") != NoiseModel.seed(1, name: "a/c.png"))
        #expect(NoiseModel.seed(1, name: "a/b.png") != NoiseModel.seed(2, name: "a/b.png"))
    }

    @Test func `takes the same seed from a name everywhere`() {
        // FNV-1a of "a" is AF63DC4C8601EC8C (RFC 9923), which is then mixed with the seed.
        #expect(NoiseModel.seed(7, name: "a") == 5_686_469_726_197_097_128)
    }

    @Test func `says itself in words with units`() throws {
        let model = try NoiseModel([.white(.hu(40)), .impulses(density: 0.1)])
        #expect(
            model.description
                == "white noise, standard deviation 40 HU, then salt and pepper, density 10 %, salt share 50 % "
                + "(salt 1023 HU, pepper −1024 HU)")
        #expect(try NoiseModel().description == "no noise")
    }

    @Test(arguments: [
        (NoiseStep.impulses(density: -0.1), "a density of -0.1; it must be in 0…1"),
        (.impulses(density: 10), "a density of 10;"), (.impulses(density: .nan), "a density of nan;"),
        (.impulses(density: 0.1, salt: 1.5), "a share of salt of 1.5;"),
        (.white(.hu(-1)), "a strength of -1.0;"),
        (.speckle(-1), "a strength of -1.0;"), (.rings(.hu(1), share: 2), "a share of 2;"),
        (.dose(LowDose(fraction: 1)), "a dose of 1;"), (.dose(LowDose(fraction: 0.5, pixel: 0)), "pixels of 0 mm"),
        (.correlated(.hu(1), kernel: .gaussian(width: 0)), "a kernel that ends at 0 per mm"),
    ])
    func `refuses what is impossible`(step: NoiseStep, reason: String) {
        let error = #expect(throws: NoiseError.self) { try NoiseModel([step]) }
        #expect(error?.description.contains("found \(reason)") == true, "\(String(describing: error))")
    }

    @Test func `refuses strengths that are none`() {
        for strength: NoiseStrength in [
            .hu(-1), .stored(.infinity), .part(1, of: 0), .percent(.nan), .part(1e308, of: 1),
        ] {
            #expect(throws: NoiseError.self) { try NoiseModel([.white(strength)]) }
        }
    }

    @Test func `goes through JSON unchanged, and bad JSON is refused`() throws {
        let model = try NoiseModel([.white(.part(25, of: 255)), .impulses(density: 0.1, salt: 0.3)])
        let json = try JSONEncoder().encode(model)
        #expect(try JSONDecoder().decode(NoiseModel.self, from: json) == model)
        #expect(String(decoding: json, as: UTF8.self).contains("255"))
        for bad in [#"["impulses:2"]"#, #"["white:25"]"#, "{}"] {
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode(NoiseModel.self, from: Data(bad.utf8))
            }
        }
    }
}

@Suite struct `A noise strength` {
    @Test(arguments: [
        ("12stored", NoiseStrength.stored(12)), ("40hu", .hu(40)), ("40 HU", .hu(40)), ("10%", .percent(10)),
        ("25/255", .part(25, of: 255)), (" 2.5 % ", .percent(2.5)), ("0hu", .hu(0)), ("1e2hu", .hu(100)),
    ])
    func `is read with its unit and written back`(text: String, strength: NoiseStrength) throws {
        #expect(try NoiseStrength(text) == strength)
        #expect(try NoiseStrength(strength.text) == strength)
    }

    @Test(arguments: [
        ("25", "it has no unit"), ("", "it is not a number with a unit"), ("much", "it is not a number with a unit"),
        ("-5hu", "found a strength of -5.0; it must be finite and not negative"),
        ("nan%", "found a strength of nan/100.0;"),
        ("infhu", "found a strength of inf;"), ("25/0", "found a strength of 25.0/0.0; the denominator"),
        ("25/255/3", "“255/3” is not a number"), ("%", "“” is not a number"), ("4 parsec", "it is not a number"),
        ("1e308/1", "found a strength of 1e+308/1.0; it is too large"),
    ])
    func `is refused with what is accepted`(text: String, reason: String) throws {
        let error = #expect(throws: NoiseError.self) { try NoiseStrength(text) }
        #expect(error?.reason.hasPrefix(reason) == true)
        #expect(error?.description.contains("write 40hu for HU, 25/255 or 10%") == true)
    }

    @Test func `means the same in stored units and HU`() {
        let scale = IntensityScale(slope: -2, intercept: 100)
        #expect(NoiseStrength.hu(40).stored(using: scale) == 20)
        #expect(NoiseStrength.stored(40).hu(using: scale) == 80)
        #expect(NoiseStrength.percent(10).hu(using: scale) == 204.7)
        #expect(abs(NoiseStrength.part(25, of: 255).stored(using: .init(assuming: 0...255)) - 25) < 1e-12)
    }
}
