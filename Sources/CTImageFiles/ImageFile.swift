public import CTImages
public import CTSupport

/// An image file: its pages as slices, and all its other contents.
///
/// Stored samples are read exactly: no gamma, scaling or clipping is applied. To modify a file, change its ``pages``
/// and call ``write(to:overwrite:)``; everything else in the original is preserved.
///
/// ```swift
/// var file = try ImageFile(contentsOf: "scan.tif")
/// file.pages = file.pages.map(denoise)
/// let clamped = try file.write(to: "denoised.tif")
/// ```
///
/// ## Supported files
///
/// - PNG: greyscale of 1 to 16 bits, with or without alpha, interlaced or not; RGB and palette if every pixel is grey.
///   Of an animated PNG, the still image.
/// - TIFF, classic and BigTIFF, both byte orders, strips and tiles, any number of pages: integers of 1 to 32 bits and
///   floating point of 16, 24, 32 and 64 bits; MinIsBlack and MinIsWhite, with or without alpha; RGB and palette if
///   every pixel is grey; every compression scheme of the system's libtiff. All pages count, including reduced ones; if
///   one cannot be read, the file is rejected.
///
/// The samples of a palette image are its grey levels, not its indices. TIFF's orientation is preserved but not
/// applied. Damaged files are rejected, even if a viewer would display a part of them.
///
/// ## Interpretation of samples
///
/// What the file states counts: the convention in a file that this library wrote, or a rescale slope and intercept in a
/// description. Otherwise ``recognizedIntensities()`` tells from the samples how they store HU. Until that is
/// ``adopt(_:)``ed, floating-point samples are assumed to be HU. For integers, the stored range is assumed to span
/// −1024…1023 HU, reversed for MinIsWhite. The stored range is 0…2ⁿ − 1 if a PNG's sBIT declares n significant bits, or
/// SMinSampleValue…SMaxSampleValue if a TIFF has these tags, provided that all samples are within it; otherwise it is
/// the range of the format.
///
/// ## Preservation on writing
///
/// Number format, pages, alpha, layout (interlacing, strips, tiles, planes, byte order, BigTIFF), and compression with
/// its predictor are preserved. PNG chunks are copied byte for byte, except those that describe removed contents
/// (animation, signatures) and unknown ones marked as depending on the samples. TIFF tags, including unknown ones, are
/// copied byte for byte, along with Exif and GPS directories.
///
/// There are four exceptions. Palette images are written as 8-bit grey (16-bit if the palette requires it), and 24-bit
/// floating point as 32-bit. A TIFF with a compression scheme that is lossy or cannot be written (JPEG, PixarLog, WebP,
/// ThunderScan, NeXT) is written with Deflate. Sub-images and thumbnails in TIFF sub-directories are removed, since
/// they would show the old samples.
public struct ImageFile: Sendable {
    /// An image file format.
    public enum Container: String, Hashable, Sendable {
        /// Portable Network Graphics, ISO/IEC 15948.
        case png
        /// Tag Image File Format, revision 6.0, with BigTIFF.
        case tiff
    }

    /// The format of the file.
    public let container: Container

    /// The pages, at least one.
    ///
    /// - Precondition: A new value is not empty.
    public var pages: [CTSlice] {
        didSet { precondition(!pages.isEmpty, "A file without pages") }
    }

    /// Descriptions of the pages of the file that was read; empty for a new file.
    package let pageSummaries: [PageSummary]

    /// What the file that was read contains but a written file will not, as phrases: frames of an animation,
    /// thumbnails, layers. Empty for a new file.
    public let omissions: [String]

    /// The scale of each page of the file that was read, if the file's descriptions were unknown.
    let assumedScales: [IntensityScale]

    /// The place of each page in the original file, from 0.
    private let numbers: [Int]

    /// The original file, the source of everything other than the samples.
    let template: [UInt8]?

    private let limits: DecodeLimits

    /// Reads the image file at a path.
    ///
    /// - Parameters:
    ///   - path: The path of the file.
    ///   - limits: The limits on the file's size.
    /// - Throws: `FileError` if the file cannot be read, is damaged or is not supported.
    public init(contentsOf path: String, limits: DecodeLimits = DecodeLimits()) throws(FileError) {
        try self.init(bytes: Self.bytes(of: path, limits: limits), file: path, limits: limits)
    }

    /// Returns the bytes of an image file, or the first 512 bytes of any other file.
    ///
    /// - Throws: `FileError` if the file cannot be read or is larger than any image within the limits.
    package static func bytes(of path: String, limits: DecodeLimits) throws(FileError) -> [UInt8] {
        let head = try FileAccess.contents(of: path, prefix: ForeignFile.prefix)
        if container(of: head) == nil { return head }
        // No image needs more than 16 bytes per pixel, and no metadata more than 1 GiB.
        let largest = limits.pixels.multipliedReportingOverflow(by: 16)
        return try FileAccess.contents(
            of: path, largest: largest.overflow ? .max : max(largest.partialValue, 1 << 30))
    }

    /// Called with the name of each file that is decoded, so that tests can count.
    @TaskLocal package static var onDecode: (@Sendable (String) -> Void)?

    /// Reads an image file from memory.
    ///
    /// - Parameters:
    ///   - bytes: The contents of the file.
    ///   - file: The name of the file in errors.
    ///   - limits: The limits on the file's size.
    /// - Throws: `FileError` if the contents are damaged or not supported.
    public init(bytes: [UInt8], file: String, limits: DecodeLimits = DecodeLimits()) throws(FileError) {
        try self.init(bytes: bytes, file: file, limits: limits, labels: false)
    }

    /// Reads an image file from memory.
    ///
    /// - Parameter labels: Whether samples of a palette are its indices, as in a mask, and not its grey levels.
    package init(bytes: [UInt8], file: String, limits: DecodeLimits, labels: Bool) throws(FileError) {
        guard let container = Self.container(of: bytes) else { throw ForeignFile.error(bytes, file: file) }
        Self.onDecode?(file)
        self.container = container
        self.limits = limits
        template = bytes
        do {
            let decoded =
                switch container {
                case .png: try PNGCodec.decode(bytes, limits: limits, labels: labels)
                case .tiff: try TIFFCodec.decode(bytes, limits: limits, labels: labels)
                }
            assumedScales = decoded.pages.map(\.scale)
            (pages, pageSummaries) = (Self.declared(decoded), decoded.summaries)
            (numbers, omissions) = (decoded.numbers, decoded.omissions)
        } catch {
            throw error.inFile(file)
        }
    }

    /// Returns the pages of a file with the scales that its descriptions state.
    private static func declared(_ file: DecodedFile) -> [CTSlice] {
        zip(file.pages, file.summaries).map { page, summary in
            var page = page
            let mark = summary.texts.first { $0.name == IntensityMark.name }
            if let convention = mark.flatMap({ IntensityMark.convention($0.value) }), page.adopt(convention) {
                return page
            }
            if let (slope, intercept) = DeclaredRescale.find(in: summary.texts) {
                page.scale = IntensityScale(slope: slope, intercept: intercept)
            }
            return page
        }
    }

    /// Creates a new file.
    ///
    /// A TIFF holds every sample format and is written in strips with Deflate compression. A PNG holds one page of
    /// unsigned integers of up to 16 bits. A file records an assumed range that is narrower than the format's, and a
    /// TIFF also that low values are white. Both record a convention, but not another declared scale.
    ///
    /// - Parameters:
    ///   - pages: The pages of the file.
    ///   - container: The format of the file.
    /// - Precondition: `pages` is not empty.
    public init(pages: [CTSlice], container: Container) {
        precondition(!pages.isEmpty, "A file without pages")
        self.pages = pages
        self.container = container
        pageSummaries = []
        assumedScales = []
        numbers = []
        omissions = []
        template = nil
        limits = DecodeLimits()
    }

    // MARK: - Writing

    /// Returns the bytes of the file and the number of samples that were clamped.
    ///
    /// Integers are rounded to nearest, halves away from zero, and clamped to the range of the format, or to the
    /// narrower range that the file itself declares (sBIT, SMinSampleValue and SMaxSampleValue), since readers
    /// interpret samples relative to it.
    ///
    /// - Parameter file: The name of the file in errors.
    /// - Returns: The bytes, and the number of samples that were clamped.
    /// - Throws: `FileError` if the format cannot hold the slices.
    public func encoded(file: String) throws(FileError) -> (bytes: [UInt8], clamped: Int) {
        do {
            switch container {
            case .png: return try PNGCodec.encode(pages, template: template)
            case .tiff: return try TIFFCodec.encode(pages, template: template, numbers: numbers, limits: limits)
            }
        } catch {
            throw error.inFile(file)
        }
    }

    /// Writes the file atomically: to a temporary file in the same folder, which is then renamed.
    ///
    /// - Parameters:
    ///   - path: The path of the file to write.
    ///   - overwrite: Whether to replace an existing file. If `false`, an existing file is an error.
    /// - Returns: The number of samples that were clamped; see ``encoded(file:)``.
    /// - Throws: `FileError` if the format cannot hold the slices or the file cannot be written.
    @discardableResult
    public func write(to path: String, overwrite: Bool = false) throws(FileError) -> Int {
        let (bytes, clamped) = try encoded(file: path)
        try FileAccess.save(bytes, to: path, overwrite: overwrite)
        return clamped
    }

    // MARK: - Recognition

    /// Returns the format of a file, judged by its first bytes, or `nil` if it is neither format or cannot be read.
    public static func container(ofFileAt path: String) -> Container? {
        (try? FileAccess.contents(of: path, prefix: 16)).flatMap { container(of: $0) }
    }

    static func container(of bytes: [UInt8]) -> Container? {
        if bytes.starts(with: PNGChunks.signature) { return .png }
        let tiff: [[UInt8]] = [[0x49, 0x49, 42, 0], [0x4D, 0x4D, 0, 42], [0x49, 0x49, 43, 0], [0x4D, 0x4D, 0, 43]]
        return tiff.contains { bytes.starts(with: $0) } ? .tiff : nil
    }
}
