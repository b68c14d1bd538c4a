import CTSupport
import CTImages
import CTNoise

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A complete description of a set of noisy slices and their clean partners: `manifest.json`.
struct Manifest: Codable {
    /// A noisy file and its clean partner.
    struct Pair: Codable {
        /// The paths relative to the folder of the manifest.
        var clean: String
        var noisy: String
        /// The path of the source file relative to the input folder.
        var source: String
        /// The group of slices that belong together: a patient's folder.
        var group: String
        /// "train", "val" or "test", if the set is split.
        var split: String?
        /// The number of this noisy version of the source, counted from 1.
        var realisation: Int
        /// The seed of this file's noise, as text because not every JSON reader supports 64-bit integers.
        var seed: String
        /// The noise, in order.
        var noise: NoiseModel
        /// The convention by which the values of the source store HU, such as "hu+1024"; `nil` if it states it itself,
        /// or if the scale of its format was assumed.
        var stored: String?
        /// HU = slope · stored + intercept for the first page. Informative.
        var slope: Double
        var intercept: Double
        var pages: Int
        /// The PSNR of the noisy file in dB for a range of 2047 HU, the mean over pages; `nil` if a page is unchanged.
        var psnr: Double?
        /// The number of samples that were clamped to the range of their format.
        var clamped: Int
        var cleanSHA256: String
        var noisySHA256: String
    }

    static let fileName = "manifest.json"

    /// The names of both forms, JSON and CSV.
    static let fileNames = [fileName, "manifest.csv"]

    private static let currentFormat = "ctdenoise noisy pairs 1"

    /// Identifies the file as a manifest.
    var format = Manifest.currentFormat
    /// The version of the program that made the set.
    var program: String
    /// The value of --seed.
    var seed: String
    /// Whether the clean files are links to their sources.
    var links: Bool
    /// The slope and intercept of all sources, in manifests that do not say how each stores HU.
    var rescale: [Double]?
    var pairs: [Pair]

    /// The manifest as CSV, one line per pair.
    var csv: String {
        let titles =
            "clean,noisy,source,group,split,realisation,seed,noise,stored,slope,intercept,pages,psnr,clamped,"
            + "cleanSHA256,noisySHA256"
        let lines = pairs.map { pair in
            [
                pair.clean, pair.noisy, pair.source, pair.group, pair.split ?? "", "\(pair.realisation)", pair.seed,
                pair.noise.steps.map(\.text).joined(separator: " "), pair.stored ?? "", Format.plain(pair.slope),
                Format.plain(pair.intercept), "\(pair.pages)", pair.psnr.map { Format.plain($0) } ?? "inf",
                "\(pair.clamped)", pair.cleanSHA256, pair.noisySHA256,
            ].map(CSV.quoted).joined(separator: ",")
        }
        return ([titles] + lines).joined(separator: "\n") + "\n"
    }

    /// Returns the convention of the source of a pair; `nil` if the manifest does not say it.
    func convention(of pair: Pair) -> IntensityConvention? {
        pair.stored.flatMap { IntensityConvention($0) }
            ?? rescale.map { .linear(slope: $0[0], intercept: $0[1]) }
    }

    init(program: String, seed: String, links: Bool, pairs: [Pair]) {
        self.program = program
        self.seed = seed
        self.links = links
        self.pairs = pairs
    }

    /// Returns the manifest as JSON.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }

    /// Reads a manifest.
    init(contentsOf path: String) throws(FileError) {
        let bytes = try FileAccess.contents(of: path, largest: 1 << 30)
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(bytes))
        } catch {
            throw FileError(
                file: path, found: phrase(error), expected: "a manifest that `ctdenoise noise --pairs` wrote",
                advice: "Pass the manifest.json of a set.")
        }
        if let defect {
            throw FileError(
                file: path, found: defect, expected: "a manifest as `ctdenoise noise --pairs` wrote it",
                advice: "Use an unedited manifest.")
        }
    }

    /// What is wrong with a manifest that could be decoded; `nil` if it is valid.
    private var defect: String? {
        if format != Self.currentFormat { return "the format “\(format)”, not “\(Self.currentFormat)”" }
        if UInt64(seed) == nil { return "a seed of “\(seed)”" }
        if let rescale, rescale.count != 2 || rescale[0] == 0 || !rescale.allSatisfy(\.isFinite) {
            return "a scale of \(rescale)"
        }
        if pairs.isEmpty { return "no pairs" }
        // No file may have the path of another's folder.
        var folders: Set<String> = []
        for name in pairs.flatMap({ [$0.clean, $0.noisy] }) {
            let parts = name.lowercased().split(separator: "/", omittingEmptySubsequences: false)
            if parts.contains(where: { ["", ".", ".."].contains($0) }) || name.contains("\0") {
                return "the path “\(Format.visible(name))”"
            }
            for count in 1..<max(parts.count, 2) { folders.insert(parts.prefix(count).joined(separator: "/")) }
            if parts.count == 1 { return "the path “\(name)” outside of clean/ and noisy/" }
        }
        for pair in pairs {
            if let stored = pair.stored, IntensityConvention(stored) == nil { return "the convention “\(stored)”" }
            if folders.contains(pair.clean.lowercased()) || folders.contains(pair.noisy.lowercased()) {
                return "“\(pair.noisy)” or its partner with the path of a folder"
            }
            if UInt64(pair.seed) == nil || pair.realisation < 1 {
                return "an invalid seed or realisation of “\(pair.noisy)”"
            }
        }
        return nil
    }
}
