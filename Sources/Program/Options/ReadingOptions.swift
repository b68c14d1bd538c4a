import ArgumentParser
import CTImageFiles
import CTImages

/// How files are read: what their values mean, and how large they may be.
struct ReadingOptions: ParsableArguments {
    @Option(
        name: .customLong("rescale"), parsing: .unconditional,
        help: ArgumentHelp(
            "HU = SLOPE · stored value + INTERCEPT in every file; 1,-1024 for values stored as HU + 1024.",
            discussion: """
                Without it, integer samples are taken to span -1024…1023 HU over the range that the file declares or \
                that their type has, and floating-point samples to be HU. The program says which it assumed.
                """,
            valueName: "slope,intercept"),
        transform: ReadingOptions.parseScale)
    var scale: IntensityScale?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Refuse files that claim more pixels than this, all pages together. (default: \(DecodeLimits().pixels))",
            valueName: "number"))
    var maxPixels: Int?

    func validate() throws {
        if let maxPixels, maxPixels < 1 { throw ValidationError("--max-pixels is 1 or more, not \(maxPixels).") }
    }

    static func parseScale(_ text: String) throws -> IntensityScale {
        let (slope, intercept) = try parsePair(text, example: "--rescale 1,-1024")
        guard slope != 0 else { throw ValidationError("the slope is zero; write for example --rescale 1,-1024") }
        let scale = IntensityScale(slope: slope, intercept: intercept)
        let ends = [IntensityScale.huRange.lowerBound, IntensityScale.huRange.upperBound].map(scale.stored(hu:))
        guard ends.allSatisfy(\.isFinite), ends[0] != ends[1] else {
            throw ValidationError(
                "no stored values stand for -1024…1023 HU by this; write for example --rescale 1,-1024")
        }
        return scale
    }

    /// Reads a file and gives its pages the scale that the user declared, if any.
    func read(_ path: String) throws(Failure) -> ImageFile {
        do throws(ImageFileError) {
            let limits = maxPixels.map { DecodeLimits(pixels: $0) } ?? DecodeLimits()
            var file = try ImageFile(contentsOf: path, limits: limits)
            if let scale {
                for page in file.pages.indices { file.pages[page].scale = scale }
            }
            return file
        } catch {
            throw Failure(error)
        }
    }
}

/// Reads two finite numbers with a comma between them.
func parsePair(_ text: String, example: String) throws -> (Double, Double) {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
        Double(part.filter { !$0.isWhitespace })
    }
    guard numbers.count == 2, let first = numbers[0], let second = numbers[1], first.isFinite, second.isFinite else {
        throw ValidationError("two numbers with a comma between them are expected; write for example \(example)")
    }
    return (first, second)
}

/// Tells each assumption about intensities once, and doubts it where the samples do.
struct Assumptions {
    private var told: Set<IntensityScale> = []
    private var hasDoubted = false

    /// Prints what the scale of `slice` assumes, unless it is declared or was told before; and, for the first slice
    /// that does not look like it, that the assumption may be wrong.
    mutating func tell(_ slice: CTSlice, of file: String, to console: inout Console) {
        tell(slice.scale, of: file, to: &console)
        if !hasDoubted, let doubt = slice.doubt { self.doubt(doubt, of: file, to: &console) }
    }

    /// What is assumed of a slice, without its samples.
    struct Assumed: Sendable {
        fileprivate let file: String
        fileprivate let scale: IntensityScale
        fileprivate let doubt: String?

        init(_ slice: CTSlice, of file: String) {
            (self.file, scale, doubt) = (file, slice.scale, slice.doubt)
        }
    }

    /// The same of a slice that is not in memory any more.
    mutating func tell(_ assumed: Assumed, to console: inout Console) {
        tell(assumed.scale, of: assumed.file, to: &console)
        if !hasDoubted, let doubt = assumed.doubt { self.doubt(doubt, of: assumed.file, to: &console) }
    }

    private mutating func doubt(_ doubt: String, of file: String, to console: inout Console) {
        hasDoubted = true
        console.warning("\(file): \(doubt)")
    }

    /// Prints what `scale` assumes, unless it is declared or was told before.
    private mutating func tell(_ scale: IntensityScale, of file: String, to console: inout Console) {
        if case .declared = scale.origin { return }
        guard told.insert(scale).inserted else { return }
        console.line("note: \(scale.phrase) (\(file)\(told.count == 1 ? " and files like it" : ""))")
        if told.count == 1 { console.line("      say --rescale SLOPE,INTERCEPT if that is not so") }
    }
}

extension CTSlice {
    /// Why the scale of this slice is probably not its own.
    var doubt: String? {
        // A look at some samples is enough for nearly all slices; it takes no time.
        let step = max(samples.count / 8192, 1)
        let some = stride(from: 0, to: samples.count, by: step).map { samples[$0] }
        guard step == 1 || doubtOfRange(some) != nil || doubtOfSize(some) != nil else { return nil }
        return doubtOfRange(samples) ?? doubtOfSize(samples)
    }

    /// Why HU cannot be what the samples are, whoever says so: metal goes to some 20 000, and hardly anybody has more of
    /// it than of everything else.
    private func doubtOfSize(_ samples: [Double]) -> String? {
        if case .assumedRange = scale.origin { return nil }
        let limit = 20_000.0
        let beyond = samples.reduce(into: 0) { if abs(scale.hu(stored: $1)) > limit { $0 += 1 } }
        guard beyond > samples.count / 2 else { return nil }
        return "most samples lie beyond ±20000 HU if \(scale.phrase); check --rescale"
    }

    /// Why the range that this slice's samples are assumed to span is probably not theirs, and what to write instead.
    ///
    /// Chest slices have air and tissue, and so span a third of −1024…1023 HU at least. Those that hold HU or HU + 1024
    /// in 16 bits span a sixteenth.
    private func doubtOfRange(_ samples: [Double]) -> String? {
        guard case .assumedRange(let range) = scale.origin, format.bits >= 16 else { return nil }
        guard let least = samples.min(), let greatest = samples.max() else { return nil }
        let span = greatest - least
        guard span > 0, span < (range.upperBound - range.lowerBound) / 8 else { return nil }
        let meaning = least < 0 ? "HU, say --rescale 1,0" : "HU + 1024, say --rescale 1,-1024"
        return "only the values \(Format.plain(least))…\(Format.plain(greatest)) occur; if they are \(meaning)"
    }
}

extension IntensityScale {
    /// What stored values mean, for a person.
    var phrase: String {
        switch origin {
        case .declared:
            "HU = \(Format.plain(slope)) · stored \(intercept < 0 ? "-" : "+") \(Format.plain(abs(intercept)))"
        case .assumedRange(let range):
            "assuming that stored \(Format.plain(range.lowerBound))…\(Format.plain(range.upperBound)) stand for "
                + (slope < 0 ? "1023…-1024 HU" : "-1024…1023 HU")
        case .assumedHU: "assuming that floating-point samples are HU"
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
