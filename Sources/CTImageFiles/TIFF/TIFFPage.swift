internal import CImageShims
internal import CTImages

/// What a page's tags say about its samples, made out and checked.
struct TIFFPage {
    static let deflate: UInt16 = 8

    /// Tags that say where and how samples are stored: never copied, always written anew. Also those that
    /// point to other images.
    static let structuralTags: Set<Int> = Set([
        256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 288, 289, 292, 293, 317, 320, 322, 323, 324, 325,
        326, 327, 328, 330, 338, 339, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532, 32996,
        32997, 32998, 34750, 50674,
    ])

    /// Of those, the ones whose original entry is taken if it says the same.
    static let restatedTags: Set<Int> = [
        256, 257, 259, 262, 266, 277, 278, 284, 317, 322, 323, 32997, 32998,
    ]

    var raw: ct_tiff_page
    var encoding: SampleEncoding
    /// The format of the slice; differs from the encoding's for palettes.
    var format: SampleFormat
    /// 3 for RGB, else 1.
    var colors = 1
    /// The grey levels of a palette.
    var levels: [Double]?
    var isInverted = false
    /// Whether this is the layout of an original page, adapted for writing.
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

    /// Whether blocks are strips of grey samples, perhaps with alpha, without anything between rows.
    var hasGreyStrips: Bool {
        !raw.tiled && colors == 1 && levels == nil && planes == 1 && encoding.bits % 8 == 0
    }

    /// Bytes of a row of a block.
    var rowBytes: Int { encoding.bytes(for: blockWidth * samplesInPlane) }

    /// The part of the image that a block holds.
    func area(of block: Int) -> (x: Int, y: Int, width: Int, height: Int) {
        let place = block % (columns * rows)
        let x = place % columns * blockWidth
        let y = place / columns * blockHeight
        return (x, y, min(blockWidth, width - x), min(blockHeight, height - y))
    }

    /// Bytes of a decoded block. Tiles are always whole; the last strip is as high as it needs to be.
    func bytes(in block: Int) -> Int { rowBytes * (raw.tiled ? blockHeight : area(of: block).height) }

    /// The grey samples in a block: their place in a pixel, and the samples to a pixel.
    func colorsInPlane(of block: Int) -> [(first: Int, step: Int)] {
        isPlanar
            ? (block / (columns * rows) < colors ? [(0, 1)] : [])
            : (0..<colors).map { ($0, samplesInPlane) }
    }

    /// How libtiff hands over samples.
    ///
    /// It swaps 24-bit integers as if they followed the file's byte order. Other readers take them, as all
    /// odd widths, for bits from the highest down; so do we, and undo the swap.
    static func encoding(_ kind: SampleFormat.Kind, _ bits: Int, isBigEndian: Bool) -> SampleEncoding {
        guard bits == 24, kind != .floatingPoint else { return SampleEncoding(kind: kind, bits: bits) }
        return SampleEncoding(kind: kind, bits: bits, isBigEndian: isBigEndian == SampleEncoding.hostIsBigEndian)
    }

    /// The layout of a new page.
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

    /// The layout for writing: as it was, but without palette, and with a compression that loses nothing.
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
