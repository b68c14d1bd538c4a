import CTSupport
import CTImages
import CTNoise

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What is in a set of noisy slices and their clean partners, to the last parameter: `manifest.json`.
struct Manifest: Codable {
    /// A noisy file and its clean partner.
    struct Pair: Codable {
        /// Paths below the folder of the manifest.
        var clean: String
        var noisy: String
        /// The path of what it was made of, below the folder that was named.
        var source: String
        /// What slices that belong together have in common: a patient's folder.
        var group: String
        /// train, val or test, if the set is split.
        var split: String?
        /// Counts the noisy versions of one source, from 1.
        var realisation: Int
        /// The seed of this file's noise, as text since not every reader of JSON has numbers of 64 bits.
        var seed: String
        /// The noise, in order.
        var noise: NoiseModel
        /// HU = slope · stored + intercept, of the first page; for the reader. Files say the same again, or ``Manifest/rescale`` does.
        var slope: Double
        var intercept: Double
        var pages: Int
        /// Of the noisy file against the clean one in dB, the mean over pages, for a range of 2047 HU; `nil` for equal ones.
        var psnr: Double?
        /// Samples that lay outside the range of their format and were set to its end.
        var clamped: Int
        var cleanSHA256: String
        var noisySHA256: String
    }

    static let fileName = "manifest.json"

    /// Both, for programs and for people.
    static let fileNames = [fileName, "manifest.csv"]

    private static let currentFormat = "ctdenoise noisy pairs 1"

    /// What other files are not.
    var format = Manifest.currentFormat
    /// The version of the program that made it.
    var program: String
    /// The seed that was given.
    var seed: String
    /// Whether the clean files are links to their sources.
    var links: Bool
    /// Slope and intercept of --rescale, if it was said.
    var rescale: [Double]?
    var pairs: [Pair]

    /// As CSV, a line a pair.
    var csv: String {
        let titles =
            "clean,noisy,source,group,split,realisation,seed,noise,slope,intercept,pages,psnr,clamped,cleanSHA256,noisySHA256"
        let lines = pairs.map { pair in
            [
                pair.clean, pair.noisy, pair.source, pair.group, pair.split ?? "", "\(pair.realisation)", pair.seed,
                pair.noise.steps.map(\.text).joined(separator: " "), Format.plain(pair.slope),
                Format.plain(pair.intercept), "\(pair.pages)", pair.psnr.map { Format.plain($0) } ?? "inf",
                "\(pair.clamped)", pair.cleanSHA256, pair.noisySHA256,
            ].map(CSV.quoted).joined(separator: ",")
        }
        return ([titles] + lines).joined(separator: "\n") + "\n"
    }

    /// The scale of --rescale.
    var scale: IntensityScale? {
        rescale.map { IntensityScale(slope: $0[0], intercept: $0[1]) }
    }

    init(program: String, seed: String, links: Bool, scale: IntensityScale?, pairs: [Pair]) {
        rescale = scale.map { [$0.slope, $0.intercept] }
        self.program = program
        self.seed = seed
        self.links = links
        self.pairs = pairs
    }

    /// As JSON.
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
                file: path, found: phrase(error), expected: "one that `ctdenoise noise --pairs` wrote",
                advice: "Name its manifest.json.")
        }
        if let defect {
            throw FileError(
                file: path, found: defect, expected: "a manifest as `ctdenoise noise --pairs` wrote it",
                advice: "Use one that nobody has changed.")
        }
    }

    /// What is wrong with a manifest that could be read; `nil` if nothing is.
    private var defect: String? {
        if format != Self.currentFormat { return "the format “\(format)”, not “\(Self.currentFormat)”" }
        if UInt64(seed) == nil { return "a seed of “\(seed)”" }
        if let rescale, rescale.count != 2 || rescale[0] == 0 || !rescale.allSatisfy(\.isFinite) {
            return "a scale of \(rescale)"
        }
        if pairs.isEmpty { return "no pairs" }
        // No file may be where another has its folder.
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
            if folders.contains(pair.clean.lowercased()) || folders.contains(pair.noisy.lowercased()) {
                return "“\(pair.noisy)” or its partner where a folder is"
            }
            if UInt64(pair.seed) == nil || pair.realisation < 1 {
                return "a seed or number of “\(pair.noisy)” that is none"
            }
        }
        return nil
    }
}
