import ArgumentParser
import CTImageFiles
import CTImages
import CTSupport

/// How files are read: the scale of their values, and the largest size.
struct ReadingOptions: ParsableArguments {
    @Option(
        name: .customLong("rescale"), parsing: .unconditional,
        help: ArgumentHelp(
            "HU = SLOPE · stored value + INTERCEPT in every file; 1,-1024 for values stored as HU + 1024.",
            discussion: """
                By default, integer samples are assumed to span -1024…1023 HU over the range that the file declares or \
                that their type has, and floating-point samples to be HU. A note shows the assumption.
                """,
            valueName: "slope,intercept"),
        transform: ReadingOptions.parseScale)
    var scale: IntensityScale?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Refuse files with more pixels than this in all pages together. (default: \(DecodeLimits().pixels))",
            valueName: "number"))
    var maxPixels: Int?

    private var limits: DecodeLimits { maxPixels.map { DecodeLimits(pixels: $0) } ?? DecodeLimits() }

    func validate() throws {
        if let maxPixels, maxPixels < 1 { throw ValidationError("--max-pixels must be 1 or more, not \(maxPixels).") }
    }

    static func parseScale(_ text: String) throws -> IntensityScale {
        let (slope, intercept) = try parsePair(text, example: "--rescale 1,-1024")
        guard slope != 0 else { throw ValidationError("the slope must not be zero; for example --rescale 1,-1024") }
        let scale = IntensityScale(slope: slope, intercept: intercept)
        let ends = [IntensityScale.huRange.lowerBound, IntensityScale.huRange.upperBound].map(scale.stored(hu:))
        guard ends.allSatisfy(\.isFinite), ends[0] != ends[1] else {
            throw ValidationError(
                "no stored values represent -1024…1023 HU on this scale; for example --rescale 1,-1024")
        }
        return scale
    }

    /// Reads a file, with the scale of `--rescale` if there is one.
    func read(_ path: String) throws(FileError) -> ImageFile {
        try decode(contents(of: path), of: path)
    }

    /// Returns the bytes of an image file within the limits.
    func contents(of path: String) throws(FileError) -> [UInt8] { try ImageFile.bytes(of: path, limits: limits) }

    /// Reads the pages of a mask; of a palette, samples are the indices, which are its labels.
    func labels(_ path: String) throws(FileError) -> [CTSlice] {
        try ImageFile(bytes: contents(of: path), file: path, limits: limits, labels: true).pages
    }

    /// Decodes the bytes of the file at `path`, with the scale of `--rescale` if there is one.
    func decode(_ bytes: [UInt8], of path: String) throws(FileError) -> ImageFile {
        var file = try ImageFile(bytes: bytes, file: path, limits: limits)
        if let scale {
            for page in file.pages.indices { file.pages[page].scale = scale }
        }
        return file
    }
}

/// Parses two finite numbers separated by a comma.
func parsePair(_ text: String, example: String) throws -> (Double, Double) {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
        Double(part.filter { !$0.isWhitespace })
    }
    guard numbers.count == 2, let first = numbers[0], let second = numbers[1], first.isFinite, second.isFinite else {
        throw ValidationError("expected two numbers separated by a comma; for example \(example)")
    }
    return (first, second)
}

/// Prints each assumption about intensities once, and a warning if the samples contradict it.
struct Assumptions {
    private var told: Set<IntensityScale> = []
    private var hasDoubted = false

    /// Prints the assumed scale of `slice`, unless it is declared or was printed before, and a warning for the first
    /// slice that does not match it.
    mutating func tell(_ slice: CTSlice, of file: String, to console: inout Console) {
        tell(slice.scale, of: file, to: &console)
        if !hasDoubted, let doubt = slice.intensityDoubt?.warning { self.doubt(doubt, of: file, to: &console) }
    }

    /// The assumptions about a slice, without its samples.
    struct Assumed: Sendable {
        fileprivate let file: String
        fileprivate let scale: IntensityScale
        fileprivate let doubt: String?

        init(_ slice: CTSlice, of file: String) {
            (self.file, scale, doubt) = (file, slice.scale, slice.intensityDoubt?.warning)
        }
    }

    /// Prints the same for a slice that is no longer in memory.
    mutating func tell(_ assumed: Assumed, to console: inout Console) {
        tell(assumed.scale, of: assumed.file, to: &console)
        if !hasDoubted, let doubt = assumed.doubt { self.doubt(doubt, of: assumed.file, to: &console) }
    }

    private mutating func doubt(_ doubt: String, of file: String, to console: inout Console) {
        hasDoubted = true
        console.warning("\(file): \(doubt)")
    }

    /// Prints an assumed scale, unless it was printed before.
    private mutating func tell(_ scale: IntensityScale, of file: String, to console: inout Console) {
        if case .declared = scale.origin { return }
        guard told.insert(scale).inserted else { return }
        console.line("note: \(scale) (\(file)\(told.count == 1 ? " and files like it" : ""))")
        if told.count == 1 { console.line("      pass --rescale SLOPE,INTERCEPT if that is wrong") }
    }
}

extension IntensityDoubt {
    /// What was found, and which option to pass.
    var warning: String {
        switch self {
        case .narrowRange(let least, _):
            "\(self); if they are " + (least < 0 ? "HU, pass --rescale 1,0" : "HU + 1024, pass --rescale 1,-1024")
        case .beyondMetal: "\(self); check --rescale"
        }
    }
}

/// An ``IntensityScale`` as JSON.
struct ScaleDescription: Encodable, Equatable {
    let slope: Double
    let intercept: Double
    /// "declared", "assumed range" or "assumed HU".
    let origin: String

    init(_ scale: IntensityScale) {
        slope = scale.slope
        intercept = scale.intercept
        origin =
            switch scale.origin {
            case .declared: "declared"
            case .assumedRange: "assumed range"
            case .assumedHU: "assumed HU"
            }
    }
}
