import Testing
import CTDenoising
import CTImageFiles
import CTImages
import CTMetrics
import CTNoise
import CTPhantoms
import CTSupport
import Foundation
import TestSupport

/// A picture in HU, and what the checks of the models do with it.
struct Picture {
    let width: Int
    let height: Int
    var hu: [Double]

    /// A phantom of 512×384 as it is drawn, without noise, with sharp edges.
    static func phantom(_ seed: Int) -> Picture {
        if let phantom = phantoms[seed] { return phantom }
        preconditionFailure("A phantom of seed \(seed)")
    }

    // Drawn once, since that takes most of a second in a debug build.
    private static let phantoms: [Int: Picture] = Dictionary(
        uniqueKeysWithValues: (1...3).map { seed in
            let phantom = ChestPhantom(width: 512, height: 384, seed: UInt64(seed))
            return (seed, Picture(width: 512, height: 384, hu: phantom.hu))
        })

    /// A part.
    func crop(x: Int, y: Int, width: Int, height: Int) -> Picture {
        let rows = (y..<y + height).flatMap { hu[$0 * self.width + x..<$0 * self.width + x + width] }
        return Picture(width: width, height: height, hu: rows)
    }

    /// What `body` makes of the values.
    func mapHU(_ body: ([Double]) -> [Double]) -> Picture { Picture(width: width, height: height, hu: body(hu)) }

    /// With additive white noise, or with the same noise subtracted.
    func noisy(sigma: Double, seed: UInt64 = 1, negated: Bool = false) -> Picture {
        var noise = [Double](repeating: 0, count: hu.count)
        WhiteNoise.add(to: &noise, sigma: sigma, seed: seed)
        return mapHU { zip($0, noise).map { negated ? $0 - $1 : $0 + $1 } }
    }

    // MARK: - Kernels

    /// As a soft kernel makes it: blurred by a Gaussian of a standard deviation of one sample.
    func soft() -> Picture {
        let weights = (-3...3).map { [1.0, 0.6065, 0.1353, 0.0111][abs($0)] / 2.506 }
        func blur(_ values: [Double], _ count: Int, _ index: (Int, Int) -> Int, lines: Int) -> [Double] {
            var result = values
            for line in 0..<lines {
                for place in 0..<count {
                    var sum = 0.0
                    for tap in -3...3 {
                        sum += weights[tap + 3] * values[index(line, min(max(place + tap, 0), count - 1))]
                    }
                    result[index(line, place)] = sum
                }
            }
            return result
        }
        return mapHU { values in
            let across = blur(values, width, { $0 * width + $1 }, lines: height)
            return blur(across, height, { $1 * width + $0 }, lines: width)
        }
    }

    /// As a sharp kernel makes it: what ``soft()`` takes away is added.
    func sharp() -> Picture {
        let blurred = soft().hu
        return mapHU { zip($0, blurred).map { 2 * $0 - $1 } }
    }

    // MARK: - Denoising

    /// Denoised as a slice in HU.
    func denoised(by denoiser: Denoiser) -> Picture {
        let slice = CTSlice(width: width, height: height, samples: hu, format: .float32, scale: .assumedHU)
        return mapHU { _ in denoiser.denoise(slice, threads: 2).samples }
    }

    /// The root of the mean of the squared differences where `mask` holds.
    func difference(from other: Picture, where mask: [Bool]) -> Double {
        let chosen = mask.indices.filter { mask[$0] }
        let sum = chosen.reduce(0) { $0 + (hu[$1] - other.hu[$1]) * (hu[$1] - other.hu[$1]) }
        return (sum / Double(max(chosen.count, 1))).squareRoot()
    }

    /// dB between −1024…1023 HU.
    func psnr(of test: Picture) throws -> Double { try peakSignalToNoiseRatio(hu, test.hu, dataRange: 2047) }

    // MARK: - Regions

    /// Between the first and the last sample of each row that is no air: the body with its lungs.
    var body: [Bool] {
        var mask = [Bool](repeating: false, count: hu.count)
        for row in 0..<height {
            let inside = (row * width..<(row + 1) * width).filter { hu[$0] > -500 }
            if let first = inside.first, let last = inside.last { for i in first...last { mask[i] = true } }
        }
        return mask
    }

    /// The tissue of each sample inside the body, by the mean of 5×5.
    func tissues() -> [Tissue?] {
        var result = [Tissue?](repeating: nil, count: hu.count)
        let body = body
        let columns = (0..<hu.count).map { i in
            i < 2 * width || i >= (height - 2) * width
                ? 0 : hu[i - 2 * width] + hu[i - width] + hu[i] + hu[i + width] + hu[i + 2 * width]
        }
        for y in 2..<height - 2 {
            for i in y * width + 2..<(y + 1) * width - 2 where body[i] {
                let mean = (columns[i - 2] + columns[i - 1] + columns[i] + columns[i + 1] + columns[i + 2]) / 25
                result[i] = Tissue.allCases.first { $0.range.contains(mean) }
            }
        }
        return result
    }
}

/// A tissue whose mean must not move.
enum Tissue: String, CaseIterable {
    case lung, soft, bone

    /// HU of the mean of a few neighbours.
    var range: ClosedRange<Double> {
        switch self {
        case .lung: -950 ... -700
        case .soft: 0...100
        case .bone: 200...800
        }
    }
}

/// Slices of people, which are no part of the repository.
struct RealSlice {
    let picture: Picture
    /// The standard deviation of the noise they came with, in HU.
    let noise: Double

    /// Where they are listed, `nil` without `../shared/data`.
    static let manifest = SharedData.path("data/manifest.csv")

    /// One slice, from the middle of the list, of each of so many patients of the validation set.
    static func some(_ patients: Int) throws -> [RealSlice] {
        guard let manifest else { return [] }
        let lines = try String(contentsOfFile: manifest, encoding: .utf8).split(separator: "\n")
            .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        let titles = try #require(lines.first)
        func column(_ title: String) throws -> Int { try #require(titles.firstIndex(of: title), "no \(title)") }
        let (file, patient, split, noise) = try (column("file"), column("patient"), column("split"), column("noise_hu"))
        let rows = lines.dropFirst().filter { $0[split] == "val" }
        let groups = Dictionary(grouping: rows) { $0[patient] }.sorted { $0.key < $1.key }
        try #require(groups.count >= patients)
        return try groups.prefix(patients).map { _, rows in
            let row = rows[rows.count / 2]
            let folder = manifest.dropLast("manifest.csv".count)
            let slice = try ImageFile(contentsOf: folder + row[file]).pages[0]
            let picture = Picture(width: slice.width, height: slice.height, hu: slice.samples.map { $0 - 1024 })
            return RealSlice(picture: picture, noise: Double(row[noise]) ?? 0)
        }
    }
}

/// Parts of the two-dimensional Fourier transform of a square image.
struct Spectrum {
    private let values: [Double]
    private let side: Int
    private let waves: [(cos: Double, sin: Double)]
    /// For a wave number across, each row's sum.
    private var rows: [Int: [(Double, Double)]] = [:]

    init(_ values: [Double], side: Int) {
        let mean = values.reduce(0, +) / Double(values.count)
        self.values = values.map { $0 - mean }
        self.side = side
        waves = (0..<side).map { index in
            let angle = 2 * Double.pi * Double(index) / Double(side)
            return (cos(angle), sin(angle))
        }
    }

    /// The squared magnitude at wave numbers across and down.
    mutating func power(_ u: Int, _ v: Int) -> Double {
        let (u, v) = ((u + side) % side, (v + side) % side)
        var (real, imaginary) = (0.0, 0.0)
        for (row, sum) in row(u).enumerated() {
            let wave = waves[row * v % side]
            real += sum.0 * wave.cos - sum.1 * wave.sin
            imaginary += sum.0 * wave.sin + sum.1 * wave.cos
        }
        return real * real + imaginary * imaginary
    }

    /// The mean of the power at wave numbers up to 3 away.
    mutating func powerAround(_ u: Int, _ v: Int) -> Double {
        var sum = 0.0
        for down in -3...3 {
            for across in -3...3 where (across, down) != (0, 0) { sum += power(u + across, v + down) }
        }
        return sum / 48
    }

    private mutating func row(_ u: Int) -> [(Double, Double)] {
        if let known = rows[u] { return known }
        let sums = (0..<side).map { row in
            var (real, imaginary) = (0.0, 0.0)
            for column in 0..<side {
                let (value, wave) = (values[row * side + column], waves[column * u % side])
                real += value * wave.cos
                imaginary += value * wave.sin
            }
            return (real, imaginary)
        }
        rows[u] = sums
        return sums
    }
}

/// Prints what tests measure, where the environment variable `CTDENOISE_FIGURES` is set.
enum Figures {
    private static let areWanted = ProcessInfo.processInfo.environment["CTDENOISE_FIGURES"] != nil

    static func note(_ what: String, _ model: BundledModel, _ value: Double) {
        if areWanted { print("figure: \(model.rawValue): \(what): \(value)") }
    }
}
