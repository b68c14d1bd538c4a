import ArgumentParser
import CTImageFiles
import CTImages
import CTSupport

/// How files are read: the scale of their values, and the largest size.
struct ReadingOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How values store HU: hu, hu+1024, unit, window:-600,1500 …",
            discussion: """
                By default this is recognised from air, lung, fat and muscle. Where several answers are possible, \
                nothing is done and they are listed; where no CT is seen, integers are assumed to span -1024…1023 HU \
                over the range of their type, and floating-point numbers to be HU. Known are:
                  hu, hu+N           HU, or HU plus N
                  wrapped            negative HU in an unsigned type
                  window:C,W         a window of W HU around C, over the whole type
                  unit[:LOW,HIGH]    0…1 for LOW…HIGH HU (-1024…3071)
                  symmetric[:LOW,HIGH]
                                     -1…1 for the same
                  1/mm[:WATER], 1/cm[:WATER]
                                     attenuation; that of water is 0.02 or 0.2
                  full-range         -1024…1023 HU over the whole type
                """,
            valueName: "convention"),
        transform: ReadingOptions.parseConvention)
    var stored: IntensityConvention?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "HU = SLOPE · stored value + INTERCEPT in every file, instead of --stored.", valueName: "slope,intercept"),
        transform: ReadingOptions.parseScale)
    var rescale: IntensityScale?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Refuse files with more pixels than this in all pages together. (default: \(DecodeLimits().pixels))",
            valueName: "number"))
    var maxPixels: Int?

    /// What --stored or --rescale says.
    var convention: IntensityConvention? {
        stored ?? rescale.map { .linear(slope: $0.slope, intercept: $0.intercept) }
    }

    private var limits: DecodeLimits { maxPixels.map { DecodeLimits(pixels: $0) } ?? DecodeLimits() }

    func validate() throws {
        if stored != nil, rescale != nil { throw ValidationError("Choose one of --stored and --rescale.") }
        if let maxPixels, maxPixels < 1 { throw ValidationError("--max-pixels must be 1 or more, not \(maxPixels).") }
    }

    static func parseConvention(_ text: String) throws -> IntensityConvention {
        guard let convention = IntensityConvention(text) else {
            throw ValidationError(
                "it is none of hu, hu+1024 or another number, wrapped, full-range, window:-600,1500, unit, "
                    + "unit:-1000,400, symmetric, 1/mm and 1/cm")
        }
        return convention
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

    /// Reads a file with the scale that it states, or that its format has; see ``Intensities`` for another.
    func read(_ path: String) throws(FileError) -> ImageFile {
        try decode(contents(of: path), of: path)
    }

    /// Returns the bytes of an image file within the limits.
    func contents(of path: String) throws(FileError) -> [UInt8] { try ImageFile.bytes(of: path, limits: limits) }

    /// Reads the pages of a mask; of a palette, samples are the indices, which are its labels.
    func labels(_ path: String) throws(FileError) -> [CTSlice] {
        try ImageFile(bytes: contents(of: path), file: path, limits: limits, labels: true).pages
    }

    /// Decodes the bytes of the file at `path`, likewise.
    func decode(_ bytes: [UInt8], of path: String) throws(FileError) -> ImageFile {
        try ImageFile(bytes: bytes, file: path, limits: limits)
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

/// An ``IntensityScale`` as JSON.
struct ScaleDescription: Encodable, Equatable, Sendable {
    let slope: Double
    let intercept: Double
    /// The convention, such as "hu+1024"; or "declared" by the file, "assumed range" or "assumed HU".
    let origin: String

    /// The scale in words.
    let phrase: String

    private enum CodingKeys: CodingKey {
        case slope, intercept, origin
    }

    init(_ scale: IntensityScale) {
        phrase = "\(scale)"
        slope = scale.slope
        intercept = scale.intercept
        origin =
            switch scale.origin {
            case .declared: "declared"
            case .assumedRange: "assumed range"
            case .assumedHU: "assumed HU"
            case .convention(let convention): "\(convention)"
            }
    }
}
