import CTImageFiles
import CTImages
import CTMetrics
import CTNoise
import CTPhantoms
import Foundation
import TestSupport
import Testing

/// A slice that was scanned once, at full dose and as a quarter of the dose shows it.
struct DosePair: CustomTestStringConvertible, Sendable {
    let name: String
    let kernel: ReconstructionKernel
    let pixel: Double
    let full: [Double]
    let quarter: [Double]
    let width: Int
    var testDescription: String { name }

    static let manifest = SharedData.path("data/pairs/manifest.csv")

    /// Those of these names.
    static func named(_ names: [String]) throws -> [DosePair] {
        guard let manifest else { return [] }
        let lines = try String(contentsOfFile: manifest, encoding: .utf8).split(whereSeparator: \.isNewline)
        return try lines.map { $0.split(separator: ",").map(String.init) }.filter { names.contains($0[0]) }.map { row in
            func slice(_ dose: String) throws -> CTSlice {
                try ImageFile(contentsOf: manifest.dropLast("manifest.csv".count) + "\(dose)/\(row[0]).png").pages[0]
            }
            let (full, quarter) = (try slice("full"), try slice("quarter"))
            return DosePair(
                name: row[0], kernel: row[2].hasPrefix("D") ? .sharp : .soft, pixel: try #require(Double(row[4])),
                full: full.samples.map { $0 - 1024 }, quarter: quarter.samples.map { $0 - 1024 }, width: full.width)
        }
    }
}

@Suite struct LowDoseTests {
    private static let format = SampleFormat(kind: .floatingPoint, bits: 64)
    private static let scale = IntensityScale(slope: 1, intercept: 0)

    private func slice(_ hu: [Double], width: Int) -> CTSlice {
        CTSlice(width: width, height: hu.count / width, samples: hu, format: Self.format, scale: Self.scale)
    }

    private func added(_ dose: LowDose, to slice: CTSlice, seed: UInt64 = 1, threads: Int = 2) throws -> [Double] {
        let noisy = try NoiseModel([.dose(dose)]).apply(to: slice, seed: seed, threads: threads)
        return zip(noisy.samples, slice.samples).map { $0 - $1 }
    }

    /// A disc of water in air.
    private func water(side: Int) -> CTSlice {
        let middle = Double(side - 1) / 2
        let hu = (0..<side * side).map { index -> Double in
            let (x, y) = (Double(index % side) - middle, Double(index / side) - middle)
            return (x * x + y * y).squareRoot() < 0.4 * Double(side) ? 20 : -1000
        }
        return slice(hu, width: side)
    }

    private func deviation(_ values: [Double]) -> Double {
        let mean = values.reduce(0, +) / Double(values.count)
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
    }

    @Test(arguments: [(0.25, 3.0.squareRoot()), (0.5, 1)])
    func `variances add up to what the lower dose has`(fraction: Double, expected: Double) throws {
        let slice = water(side: 160)
        let noise = try added(LowDose(fraction: fraction, noise: .hu(12), pixel: 0.7), to: slice)
        let middle = slice.samples.indices.filter { index in
            let (x, y) = (Double(index % 160) - 79.5, Double(index / 160) - 79.5)
            return (x * x + y * y).squareRoot() < 58
        }
        // Noise of the soft kernel has half its power below 0.25/mm, so about one sample in eight is independent. The
        // standard deviation then has a relative error of 1 / √(2 n / 8); five of these are allowed, and 2 % for
        // squares around pixels near the edge.
        let bound = 5 / (Double(middle.count) / 4).squareRoot() + 0.02
        #expect(abs(deviation(middle.map { noise[$0] }) / (12 * expected) - 1) < bound)
        let inside = slice.samples.indices.filter { slice.samples[$0] == 20 }
        #expect(abs(inside.reduce(0) { $0 + noise[$1] } / Double(inside.count)) < 0.5)
    }

    @Test
    func `the noise is stronger in the middle than near the edge, equal for all threads, and differs by seed`() throws {
        let side = 160
        let slice = water(side: side)
        let dose = LowDose(fraction: 0.25, noise: .hu(20), pixel: 2)
        let noise = try added(dose, to: slice)
        func ring(_ range: Range<Double>) -> [Double] {
            slice.samples.indices.filter { index in
                let (x, y) = (Double(index % side) - 79.5, Double(index / side) - 79.5)
                return range.contains((x * x + y * y).squareRoot())
            }.map { noise[$0] }
        }
        #expect(deviation(ring(0..<25)) > 1.15 * deviation(ring(50..<62)))
        #expect(try added(dose, to: slice, threads: 1) == noise)
        let other = try added(dose, to: slice, seed: 2)
        let inside = slice.samples.indices.filter { slice.samples[$0] == 20 }
        let correlation =
            inside.reduce(0) { $0 + noise[$1] * other[$1] }
            / inside.reduce(0) { $0 + noise[$1] * noise[$1] }
        // Five deviations: 1 / √n of about a quarter of the pixels.
        #expect(abs(correlation) < 5 / (Double(inside.count) / 4).squareRoot())
    }

    @Test func `noise at full dose is measured if it is not told`() throws {
        var phantom = ChestPhantom(width: 256, height: 256, seed: 2).slice(format: Self.format, scale: Self.scale)
        // At half the dose the variance of the noise is doubled, so adding it to a noiseless slice gives 15 HU in soft
        // tissue, and less in lung.
        phantom = try NoiseModel([.dose(LowDose(fraction: 0.5, noise: .hu(15), pixel: 1.4))]).apply(
            to: phantom, seed: 4)
        let told = try added(LowDose(fraction: 0.25, noise: .hu(15), pixel: 1.4), to: phantom)
        let measured = try added(LowDose(fraction: 0.25, pixel: 1.4), to: phantom)
        #expect(abs(deviation(measured) / deviation(told) - 1) < 0.15)
    }

    @Test func `what no scan can be simulated of stays, and a model says so`() throws {
        let told = LowDose(fraction: 0.25, noise: .hu(15))
        for (width, height) in [(1, 20), (20, 1)] {
            let thin = CTSlice(
                width: width, height: height, samples: [Double](repeating: 40, count: 20), format: Self.format,
                scale: Self.scale)
            let model = try NoiseModel([.dose(told)])
            #expect(model.complaint(about: thin) != nil)
            #expect(model.apply(to: thin, seed: 1).samples == thin.samples)
        }
        #expect(try NoiseModel([.dose(LowDose(fraction: 0.5))]).complaint(about: water(side: 64)) != nil)
        #expect(try NoiseModel([.dose(told)]).complaint(about: water(side: 64)) == nil)
        // What is no number, far too dense, or larger than anybody stays finite elsewhere.
        for value in [Double.nan, .infinity, -.infinity, 60_000, 1e300] {
            var odd = water(side: 64)
            odd.samples[32 * 64 + 32] = value
            let noisy = try NoiseModel([.dose(told)]).apply(to: odd, seed: 1)
            let others = noisy.samples[..<(32 * 64 + 32)] + noisy.samples[(32 * 64 + 33)...]
            #expect(others.allSatisfy { $0.isFinite }, "\(value)")
        }
        let huge = try added(LowDose(fraction: 0.25, noise: .hu(15), pixel: 100), to: water(side: 64))
        #expect(huge.allSatisfy { $0.isFinite })
    }

    /// One slice of each kernel; docs/noise.md has all.
    @Test(.enabled(if: DosePair.manifest != nil, "../shared/data is not there"))
    func `a quarter simulated from the full dose is as noisy as the real one`() throws {
        let pairs = try DosePair.named(["L192_soft_0184", "L286_sharp_000012"])
        try #require(pairs.count == 2)
        for pair in pairs {
            let full = slice(pair.full, width: pair.width)
            let noise = try added(LowDose(fraction: 0.25, kernel: pair.kernel, pixel: pair.pixel), to: full)
            let simulated = NoiseEstimate(zip(pair.full, noise).map { $0 + $1 }, width: pair.width)
            let real = NoiseEstimate(pair.quarter, width: pair.width)
            let soft = (try #require(simulated.softTissue), try #require(real.softTissue))
            let lung = (try #require(simulated.lung), try #require(real.lung))
            #expect(abs(soft.0 / soft.1 - 1) < 0.1 && abs(lung.0 / lung.1 - 1) < 0.1, "\(pair.name): \(soft), \(lung)")
            let isBody = pair.full.map { $0 > -950 && $0 < 200 }
            func spectrum(_ noise: [Double]) throws -> NoisePowerSpectrum {
                try #require(NoisePowerSpectrum(noise, width: pair.width, where: isBody, pixel: pair.pixel))
            }
            let spectra = (try spectrum(noise), try spectrum(zip(pair.quarter, pair.full).map { $0 - $1 }))
            #expect(abs(spectra.0.peak / spectra.1.peak - 1) < 0.15, "\(pair.name)")
            #expect(abs(spectra.0.mean / spectra.1.mean - 1) < 0.05, "\(pair.name)")
        }
    }
}
