public import CTImages
public import CTSupport

/// An image file: its pages as slices, and all else that was in it.
///
/// Stored samples come back exactly: no gamma, no scaling, no clipping. Change ``pages`` and
/// ``write(to:overwrite:)`` the file: what the original held beside the samples is kept.
///
/// ```swift
/// var file = try ImageFile(contentsOf: "scan.tif")
/// file.pages = file.pages.map(denoise)
/// let clamped = try file.write(to: "denoised.tif")
/// ```
///
/// ## What is read
///
/// - PNG: grey of 1 to 16 bits, with or without alpha, interlaced or not; RGB and palette if every
///   pixel is grey. Of an animated PNG, the still image.
/// - TIFF, classic and Big, both byte orders, strips and tiles, any number of pages: integers of 1 to
///   32 bits, floating point of 16, 24, 32 and 64; MinIsBlack and MinIsWhite, with or without alpha;
///   RGB and palette if every pixel is grey; all compression that the system's libtiff has.
///   Every page counts, reduced ones too; if one of them cannot be read, the file is refused.
///
/// A palette image's samples are its grey levels, not its indices. TIFF's orientation is kept and not
/// applied. Damaged files are refused, also where a viewer would still show something.
///
/// ## What samples are taken to mean
///
/// Floating-point samples are taken to be HU. Of integers, the stored range stands for −1024…1023 HU:
/// 0…2ⁿ − 1 if a PNG's sBIT says that n bits are significant, SMinSampleValue…SMaxSampleValue if a
/// TIFF has them, in both cases only if all samples are within; else the range of the format. It is upside
/// down for MinIsWhite.
///
/// ## What is kept when written
///
/// Number format, pages, alpha, layout (interlacing, strips, tiles, planes, byte order, BigTIFF), and
/// compression with its predictor. PNG chunks are copied byte for byte, except those that describe what
/// is gone (animation, signatures) and unknown ones that say they depend on the samples. TIFF tags are
/// copied byte for byte, unknown ones too, with Exif and GPS directories.
///
/// What changes: palette images are written as grey of 8 bits (16 if the palette needs them); 24-bit
/// floating point as 32-bit; a TIFF whose compression loses something or cannot be written (JPEG,
/// PixarLog, WebP, ThunderScan, NeXT) with Deflate; sub-images and thumbnails in TIFF
/// sub-directories are dropped, since they would show the old samples.
public struct ImageFile: Sendable {
    /// The file formats.
    public enum Container: String, Hashable, Sendable {
        /// Portable Network Graphics, ISO/IEC 15948.
        case png
        /// Tag Image File Format, revision 6.0, with BigTIFF.
        case tiff
    }

    /// The file format.
    public let container: Container

    /// The pages, at least one.
    ///
    /// - Precondition: A new value is not empty.
    public var pages: [CTSlice] {
        didSet { precondition(!pages.isEmpty, "A file without pages") }
    }

    /// What the file that was read says of each page; empty for a new file.
    package let pageSummaries: [PageSummary]

    /// The original file, where everything beside the samples is taken from.
    let template: [UInt8]?

    private let limits: DecodeLimits

    /// Reads a file.
    ///
    /// - Throws: ``FileError`` for whatever is wrong with the file or its contents.
    public init(contentsOf path: String, limits: DecodeLimits = DecodeLimits()) throws(FileError) {
        try self.init(bytes: Self.bytes(of: path, limits: limits), file: path, limits: limits)
    }

    /// The bytes of an image file, or the first 16 of a file that is none.
    ///
    /// - Throws: ``FileError`` if it cannot be read or is larger than an image within the limits can be.
    package static func bytes(of path: String, limits: DecodeLimits) throws(FileError) -> [UInt8] {
        let head = try FileAccess.contents(of: path, prefix: 16)
        if container(of: head) == nil { return head }
        // No image needs more than 16 bytes a pixel, and metadata more than this.
        let largest = limits.pixels.multipliedReportingOverflow(by: 16)
        return try FileAccess.contents(
            of: path, largest: largest.overflow ? .max : max(largest.partialValue, 1 << 30))
    }

    /// Called with the name of each file that is decoded, so that tests can count.
    @TaskLocal package static var onDecode: (@Sendable (String) -> Void)?

    /// Reads a file that is in memory.
    ///
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - file: The name for errors.
    ///   - limits: How many pixels are accepted.
    /// - Throws: ``FileError`` for whatever is wrong with the contents.
    public init(bytes: [UInt8], file: String, limits: DecodeLimits = DecodeLimits()) throws(FileError) {
        guard let container = Self.container(of: bytes) else { throw Self.notAnImage(bytes, file: file) }
        Self.onDecode?(file)
        self.container = container
        self.limits = limits
        template = bytes
        do {
            switch container {
            case .png: (pages, pageSummaries) = try PNGCodec.decode(bytes, limits: limits)
            case .tiff: (pages, pageSummaries) = try TIFFCodec.decode(bytes, limits: limits)
            }
        } catch {
            throw error.inFile(file)
        }
    }

    /// Makes a new file.
    ///
    /// TIFF takes every format, and is written in strips with Deflate compression; PNG takes one page of
    /// unsigned integers up to 16 bits. Of the scale, a file holds an assumed range that is narrower than the
    /// format's, and in a TIFF that low is white; neither format holds a declared scale.
    ///
    /// - Precondition: `pages` is not empty.
    public init(pages: [CTSlice], container: Container) {
        precondition(!pages.isEmpty, "A file without pages")
        self.pages = pages
        self.container = container
        pageSummaries = []
        template = nil
        limits = DecodeLimits()
    }

    // MARK: - Writing

    /// The file's bytes, and how many samples had to be clamped.
    ///
    /// Integers are rounded to the nearest, halves away from zero, and clamped to the format's range, or
    /// to the narrower range that the file itself declares (sBIT, SMin/SMaxSampleValue), by which
    /// readers understand the samples.
    ///
    /// - Parameter file: The name for errors.
    /// - Returns: The bytes, and how many samples were moved into range.
    /// - Throws: ``FileError`` if the format cannot hold the slices.
    public func encoded(file: String) throws(FileError) -> (bytes: [UInt8], clamped: Int) {
        do {
            switch container {
            case .png: return try PNGCodec.encode(pages, template: template)
            case .tiff: return try TIFFCodec.encode(pages, template: template, limits: limits)
            }
        } catch {
            throw error.inFile(file)
        }
    }

    /// Writes the file, whole or not at all: first beside its place, then renamed.
    ///
    /// - Parameters:
    ///   - path: Where to.
    ///   - overwrite: Whether a file of this name is replaced; if not, its presence is an error.
    /// - Returns: How many samples had to be clamped; see ``encoded(file:)``.
    /// - Throws: ``FileError`` if the format cannot hold the slices or the file cannot be written.
    @discardableResult
    public func write(to path: String, overwrite: Bool = false) throws(FileError) -> Int {
        let (bytes, clamped) = try encoded(file: path)
        try FileAccess.save(bytes, to: path, overwrite: overwrite)
        return clamped
    }

    // MARK: - Recognition

    /// The format of a file by its first bytes, or `nil` if it is no image of ours or cannot be read.
    public static func container(ofFileAt path: String) -> Container? {
        (try? FileAccess.contents(of: path, prefix: 16)).flatMap { container(of: $0) }
    }

    static func container(of bytes: [UInt8]) -> Container? {
        if bytes.starts(with: PNGChunks.signature) { return .png }
        let tiff: [[UInt8]] = [[0x49, 0x49, 42, 0], [0x4D, 0x4D, 0, 42], [0x49, 0x49, 43, 0], [0x4D, 0x4D, 0, 43]]
        return tiff.contains { bytes.starts(with: $0) } ? .tiff : nil
    }

    private static func notAnImage(_ bytes: [UInt8], file: String) -> FileError {
        let digits = bytes.prefix(8).map { byte in
            let text = String(byte, radix: 16, uppercase: true)
            return text.count == 1 ? "0" + text : text
        }
        return FileError(
            .notAnImage, file: file,
            found: bytes.isEmpty
                ? "an empty file" : "a file that starts with the bytes \(digits.joined(separator: " "))",
            expected: "a PNG or TIFF file", advice: "Convert it, or leave it out.")
    }
}
