internal import CImageShims
internal import CTImages

/// The layout of a page's samples according to its tags.
struct TIFFPage {
    static let deflate: UInt16 = 8

    /// Tags that state where and how samples are stored, or point to other images. They are never copied, but always
    /// rewritten.
    static let structuralTags: Set<Int> = Set([
        256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 288, 289, 292, 293, 317, 320, 322, 323, 324, 325,
        326, 327, 328, 330, 338, 339, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532, 32996,
        32997, 32998, 34750, 50674,
    ])

    /// Structural tags whose original entry is copied if it states the same.
    static let restatedTags: Set<Int> = [
        256, 257, 259, 262, 266, 277, 278, 284, 317, 322, 323, 32997, 32998,
    ]

    /// Whether a tag holds another version of the image, which would survive unchanged in a copy: Photoshop's layers,
    /// its resources with a thumbnail, and XMP with thumbnails.
    static func holdsAnotherImage(_ entry: TIFFEntry) -> Bool {
        switch entry.tag {
        case 37724: true
        // Resources 1033 and 1036.
        case 34377: [0x09, 0x0C].contains { contains(Array("8BIM".utf8) + [0x04, $0], in: entry.value) }
        case 700: contains(Array("xmpGImg:image".utf8), in: entry.value)
        default: false
        }
    }

    private static func contains(_ pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Bool {
        bytes.firstRange(of: pattern) != nil
    }

    var raw: ct_tiff_page
    var encoding: SampleEncoding
    /// The format of the slice; differs from that of the encoding for palettes.
    var format: SampleFormat
    /// The number of grey or colour samples per pixel: 3 for RGB, otherwise 1.
    var colors = 1
    /// The grey levels of a palette.
    var levels: [Double]?
    var isInverted = false
    /// Whether this is the layout of an existing page, adapted for writing.
    var isReused = false

    var width: Int { Int(raw.width) }
    var height: Int { Int(raw.height) }
    var isPlanar: Bool { raw.planar == 2 && raw.samples > 1 }
    var planes: Int { isPlanar ? Int(raw.samples) : 1 }
    var samplesInPlane: Int { isPlanar ? 1 : Int(raw.samples) }
    var blockWidth: Int { Int(raw.block_width) }
    var blockHeight: Int { Int(raw.block_height) }
    var columns: Int { (width + blockWidth - 1) / blockWidth }
    var rows: Int { (height + blockHeight - 1) / blockHeight }
    var blocks: Int { columns * rows * planes }

    /// Whether blocks are strips of grey samples, with or without alpha, without padding between rows.
    var hasGreyStrips: Bool {
        !raw.tiled && colors == 1 && levels == nil && planes == 1 && encoding.bits % 8 == 0
    }

    /// The number of bytes per row of a block.
    var rowBytes: Int { encoding.bytes(for: blockWidth * samplesInPlane) }

    /// Returns the part of the image that a block covers.
    func area(of block: Int) -> (x: Int, y: Int, width: Int, height: Int) {
        let place = block % (columns * rows)
        let x = place % columns * blockWidth
        let y = place / columns * blockHeight
        return (x, y, min(blockWidth, width - x), min(blockHeight, height - y))
    }

    /// Returns the number of bytes in a decoded block. Tiles are always complete; the last strip may be shorter.
    func bytes(in block: Int) -> Int { rowBytes * (raw.tiled ? blockHeight : area(of: block).height) }

    /// Returns the grey samples in a block: their position in a pixel, and the number of samples per pixel.
    func colorsInPlane(of block: Int) -> [(first: Int, step: Int)] {
        isPlanar
            ? (block / (columns * rows) < colors ? [(0, 1)] : [])
            : (0..<colors).map { ($0, samplesInPlane) }
    }

    /// Returns the encoding of the samples that libtiff returns.
    ///
    /// libtiff swaps 24-bit integers as if they followed the file's byte order. Other readers take them, like all
    /// widths other than 8, 16, 32 and 64, as packed from the most significant bit down. This follows the other readers
    /// and undoes the swap.
    static func encoding(_ kind: SampleFormat.Kind, _ bits: Int, isBigEndian: Bool) -> SampleEncoding {
        guard bits == 24, kind != .floatingPoint else { return SampleEncoding(kind: kind, bits: bits) }
        return SampleEncoding(kind: kind, bits: bits, isBigEndian: isBigEndian == SampleEncoding.hostIsBigEndian)
    }

    /// Creates the layout of a new page.
    init(newFor slice: CTSlice, isBigEndian: Bool) {
        encoding = Self.encoding(slice.format.kind, slice.format.bits, isBigEndian: isBigEndian)
        format = slice.format
        raw = ct_tiff_page()
        raw.width = UInt32(slice.width)
        raw.height = UInt32(slice.height)
        raw.depth = 1
        raw.bits = UInt16(slice.format.bits)
        raw.sample_format = [.unsignedInteger: 1, .signedInteger: 2, .floatingPoint: 3][slice.format.kind] ?? 1
        raw.samples = 1
        raw.photometric = 1
        if case .assumedRange = slice.scale.origin, slice.scale.slope < 0 { raw.photometric = 0 }
        raw.compression = Self.deflate
        raw.predictor = 1
        if slice.format.kind == .floatingPoint {
            raw.predictor = 3
        } else if slice.format.bits % 8 == 0 {
            raw.predictor = 2
        }
        if slice.format.bits == 24 { raw.predictor = 1 }
        raw.planar = 1
        raw.fill_order = 1
        raw.block_width = raw.width
        let rowBytes = encoding.bytes(for: slice.width)
        raw.block_height = UInt32(min(slice.height, max(1, (1 << 18) / rowBytes)))
    }

    /// Returns the layout for writing: the same, but without a palette and with lossless compression.
    func forWriting() -> TIFFPage {
        var page = self
        page.isReused = true
        page.levels = nil
        if levels != nil || raw.bits != format.bits {
            page.encoding = SampleEncoding(format)
            page.raw.bits = UInt16(format.bits)
            page.raw.photometric = 1
        }
        page.raw.sample_format = [.unsignedInteger: 1, .signedInteger: 2, .floatingPoint: 3][format.kind] ?? 1
        if raw.photometric == UInt16(CT_TIFF_ABSENT) {
            page.raw.photometric = colors == 3 ? 2 : isInverted ? 0 : 1
        }
        if !ct_tiff_can_write(raw.compression)
            || (page.raw.bits != 1 && [2, 3, 4, 32771, 34661].contains(raw.compression))
        {
            page.raw.compression = Self.deflate
            page.raw.predictor = 1
        }
        let predictable: [UInt16: [SampleFormat.Kind: [UInt16]]] = [
            2: [.unsignedInteger: [8, 16, 32], .signedInteger: [8, 16, 32], .floatingPoint: [16, 32]],
            3: [.floatingPoint: [16, 32, 64]],
        ]
        if predictable[raw.predictor]?[format.kind]?.contains(page.raw.bits) != true { page.raw.predictor = 1 }
        return page
    }
}
