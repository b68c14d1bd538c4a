internal import CImageShims
internal import CTImages
internal import CTSupport

/// TIFF ⇄ slices.
///
/// libtiff decodes and encodes strips and tiles. Files are put together here, so that tags can be
/// copied as they are, whether libtiff knows them or not.
enum TIFFCodec {
    // MARK: - Reading

    static func decode(
        _ bytes: [UInt8], limits: DecodeLimits
    ) throws(CodecFailure) -> (pages: [CTSlice], summaries: [PageSummary]) {
        let directories = TIFFDirectories(bytes)
        try directories.check(bytesInFile: bytes.count)
        let source = try TIFFSource(bytes, limits: limits, isBigEndian: directories.isBigEndian)
        let total = directories.pages.count
        var pages: [CTSlice] = []
        var summaries: [PageSummary] = []
        var used = 0
        repeat {
            do {
                let layout = try source.page(bytesInFile: bytes.count)
                try check(layout, directories: directories, page: pages.count, bytesInFile: bytes.count)
                try limits.check(width: layout.width, height: layout.height, used: used)
                used += layout.width * layout.height
                let samples = try source.samples(layout)
                let scale = scale(layout, samples: samples, directories: directories, page: pages.count)
                pages.append(
                    CTSlice(
                        width: layout.width, height: layout.height, samples: samples, format: layout.format,
                        scale: scale))
                summaries.append(TIFFSummary.summary(layout, directories: directories, page: summaries.count))
            } catch {
                throw error.onPage(pages.count + 1, of: total)
            }
        } while try source.nextPage()
        try checkImageJ(directories, pages: pages.count)
        return (pages, summaries)
    }

    private static func scale(
        _ layout: TIFFPage, samples: [Double], directories: TIFFDirectories, page: Int
    ) -> IntensityScale? {
        guard let full = layout.format.range else { return nil }
        var range = full
        // Ends that are no whole numbers are not what integers can be, and may be too close for any scale.
        if let low = directories.wholeNumber(340, page: page).map(Double.init),
            let high = directories.wholeNumber(341, page: page).map(Double.init), low < high,
            full.contains(low), full.contains(high), samples.allSatisfy({ (low...high).contains($0) })
        {
            range = low...high
        }
        return IntensityScale(assuming: range, inverted: layout.isInverted)
    }

    /// What libtiff makes up where a tag is missing or strange, other readers make up differently.
    private static func check(
        _ layout: TIFFPage, directories: TIFFDirectories, page: Int, bytesInFile: Int
    ) throws(CodecFailure) {
        guard directories.pages.indices.contains(page) else { return }
        let entries = directories.pages[page]
        if layout.raw.compression == 1, let predictor = directories.wholeNumber(317, page: page), predictor > 1 {
            throw .unsupported(
                "the predictor \(predictor) without compression", expected: "a predictor only with LZW or Deflate",
                advice: "Convert the file with the program that made it.")
        }
        for (name, tags) in [("offsets", [273, 324]), ("byte counts", [279, 325])] {
            let count = entries.first { tags.contains($0.tag) }?.count ?? 0
            guard count >= layout.blocks else {
                throw .malformed("\(name) of \(count) strips or tiles", expected: "those of \(layout.blocks)")
            }
        }
        if layout.raw.compression == 1, let entry = entries.first(where: { $0.tag == 279 || $0.tag == 325 }) {
            let counts = directories.numbers(entry, limit: layout.blocks)
            let fit = counts.enumerated().allSatisfy { block, count in
                Double(layout.bytes(in: block)) <= count && count <= Double(bytesInFile)
            }
            guard counts.count == layout.blocks, fit else {
                throw .malformed(
                    "byte counts that do not fit the strips or tiles", expected: "as many bytes as samples need")
            }
        }
    }

    /// ImageJ writes long stacks as a single page, whose description alone says how many images follow.
    private static func checkImageJ(_ directories: TIFFDirectories, pages: Int) throws(CodecFailure) {
        guard pages == 1, let text = directories.text(270, page: 0), text.hasPrefix("ImageJ="),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("images=") }),
            let images = Int(line.dropFirst(7)), images > 1
        else { return }
        throw .unsupported(
            "an ImageJ stack of \(images) images in one page", expected: "a page for every image",
            advice: "Save the stack with another program, or as an image sequence.")
    }

    // MARK: - Writing

    static func encode(
        _ pages: [CTSlice], template: [UInt8]?, limits: DecodeLimits
    ) throws(CodecFailure) -> (bytes: [UInt8], clamped: Int) {
        let directories = template.map { TIFFDirectories($0) }
        let source: TIFFSource? =
            if let template, let directories {
                try TIFFSource(template, limits: limits, isBigEndian: directories.isBigEndian)
            } else {
                nil
            }
        let size = pages.reduce(0) { $0 + $1.samples.count * ($1.format.bits + 7) / 8 * 4 / 3 }
        var file = TIFFAssembler(
            isBigEndian: directories?.isBigEndian ?? false,
            // Offsets of classic TIFF end at 4 GiB.
            isBig: directories?.isBig ?? false || size > 3 << 30)
        var clamped = 0
        var left = source != nil
        for (index, slice) in pages.enumerated() {
            do {
                let old: TIFFPage? = if left, let source { try source.page(bytesInFile: .max) } else { nil }
                let (stored, count) = slice.quantized()
                clamped += count
                try append(
                    slice, samples: stored.samples, old: old, source: source,
                    entries: left && index < directories?.pages.count ?? 0 ? directories?.pages[index] ?? [] : [],
                    to: &file)
                if left, let source { left = try source.nextPage() }
            } catch {
                throw error.onPage(index + 1, of: pages.count)
            }
        }
        guard file.isBig || file.bytes.count <= UInt32.max else {
            throw .unsupported(
                "\(file.bytes.count) bytes", expected: "less than 4 GiB, in a classic TIFF",
                advice: "Write fewer pages to a file, or start from a BigTIFF.")
        }
        return (file.bytes, clamped)
    }

    private static func append(
        _ slice: CTSlice, samples: [Double], old: TIFFPage?, source: TIFFSource?, entries: [TIFFEntry],
        to file: inout TIFFAssembler
    ) throws(CodecFailure) {
        var page = TIFFPage(newFor: slice, isBigEndian: file.isBigEndian)
        var reused: TIFFPage?
        if let old, old.width == slice.width, old.height == slice.height, old.format == slice.format {
            page = old.forWriting()
            // Samples beside the grey ones, that is alpha, are taken from the original.
            if old.raw.samples > old.colors { reused = old }
        }
        var encoded: [UInt8]
        do {
            encoded = try encode(samples, page: page, reused: reused, source: source, isBigEndian: file.isBigEndian)
        } catch  where page.raw.compression != TIFFPage.deflate && error.code == .unsupported {
            // A scheme that cannot take these samples, for example LERC with some widths.
            page.raw.compression = TIFFPage.deflate
            page.raw.predictor = 1
            encoded = try encode(samples, page: page, reused: reused, source: source, isBigEndian: file.isBigEndian)
        }

        let directory = TIFFDirectories(encoded)
        guard let fresh = directory.pages.first else {
            throw .malformed("no page in what libtiff wrote", expected: "one")
        }
        func locations(_ tags: Set<Int>) -> [Int] {
            fresh.first { tags.contains($0.tag) }.map { directory.numbers($0, limit: .max / 16).map { Int($0) } } ?? []
        }
        let blocks = zip(locations([273, 324]), locations([279, 325])).map { encoded[$0..<$0 + $1] }
        var all = fresh.filter { ![273, 279, 324, 325].contains($0.tag) }
        if page.isReused {
            // As the original says the same: types of numbers, strips said to be higher than the image, defaults.
            for entry in entries where TIFFPage.restatedTags.contains(entry.tag) {
                let number = entry.number(isBigEndian: file.isBigEndian)
                let place = all.firstIndex { $0.tag == entry.tag }
                if let place, number == all[place].number(isBigEndian: file.isBigEndian) || entry.tag == 278 {
                    all[place] = entry
                } else if place == nil, number == 1 {
                    all.append(entry)
                }
            }
        }
        let structural = Set(fresh.map { $0.tag }).union(TIFFPage.structuralTags)
        all += entries.filter { !structural.contains($0.tag) }
        if entries.isEmpty { all += declaredRange(slice, isBigEndian: file.isBigEndian) }
        file.append(entries: all, blocks: blocks, tiled: page.raw.tiled)
    }

    /// SMinSampleValue and SMaxSampleValue for a new page whose range is not the format's.
    private static func declaredRange(_ slice: CTSlice, isBigEndian: Bool) -> [TIFFEntry] {
        guard let range = slice.storableRange, range != slice.format.range else { return [] }
        return [(340, range.lowerBound), (341, range.upperBound)].map { tag, value in
            let little = (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(8 * $0)) }
            return TIFFEntry(tag: tag, type: 12, count: 1, value: isBigEndian ? little.reversed()[...] : little[...])
        }
    }

    /// Encodes a page as a BigTIFF of its own.
    private static func encode(
        _ samples: [Double], page: TIFFPage, reused: TIFFPage?, source: TIFFSource?, isBigEndian: Bool
    ) throws(CodecFailure) -> [UInt8] {
        let sink = try TIFFSink(page, isBigEndian: isBigEndian)
        let encoding = page.encoding
        for block in 0..<page.blocks {
            let area = page.area(of: block)
            var bytes: [UInt8]
            if let reused, let source {
                bytes = try source.block(block, of: reused)
            } else {
                bytes = [UInt8](repeating: 0, count: page.bytes(in: block))
            }
            for (channel, step) in page.colorsInPlane(of: block) {
                for y in 0..<area.height {
                    encoding.write(
                        area.width, of: samples, at: (area.y + y) * page.width + area.x, into: &bytes,
                        row: y * page.rowBytes, first: channel, step: step)
                }
            }
            try sink.write(block, bytes: &bytes)
        }
        return try sink.finish()
    }
}

// MARK: - A page's layout

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
    private static func encoding(_ kind: SampleFormat.Kind, _ bits: Int, isBigEndian: Bool) -> SampleEncoding {
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

    /// Makes out what libtiff says of a page. `isBigEndian` is the file's byte order; `colorMap` reads the
    /// colour map, three times as many values as it is given.
    init(
        _ raw: ct_tiff_page, limits: DecodeLimits, isBigEndian: Bool, bytesInFile: Int,
        colorMap: (Int) throws(CodecFailure) -> [UInt16]
    ) throws(CodecFailure) {
        self.raw = raw
        let convert = "Convert the file to grey integers or floating point."
        guard raw.width > 0, raw.height > 0 else {
            throw .malformed("a size of \(raw.width)×\(raw.height)", expected: "at least a pixel")
        }
        guard raw.depth == 1 else {
            throw .unsupported("a volume of depth \(raw.depth)", expected: "flat pages", advice: convert)
        }

        switch raw.photometric {
        case 0: isInverted = true
        case 1: break
        case 2: colors = 3
        case 3: break
        case UInt16(CT_TIFF_ABSENT):
            // The fax schemes are black on white; other files mostly white on black.
            isInverted = (2...4).contains(raw.compression)
            colors = raw.samples - raw.extra_count == 3 ? 3 : 1
        default:
            let names: [UInt16: String] = [
                4: "a transparency mask", 5: "CMYK or other inks", 6: "YCbCr colours", 8: "CIE L*a*b* colours",
                9: "ICC L*a*b* colours", 10: "ITU L*a*b* colours", 32803: "a colour filter mosaic",
                32844: "LogL luminance", 32845: "LogLuv colours", 34892: "linear raw colours",
            ]
            throw CodecFailure(
                [5, 6, 8, 9, 10, 32803, 32845].contains(raw.photometric) ? .color : .unsupported,
                found: names[raw.photometric] ?? "photometric interpretation \(raw.photometric)",
                expected: "grey, RGB or palette", advice: convert)
        }
        guard raw.samples >= colors, Int(raw.samples) - colors == raw.extra_count, raw.extra_count <= 8 else {
            throw .unsupported(
                "\(raw.samples) samples a pixel, \(raw.extra_count) of them declared as extra",
                expected: "\(colors) and those declared", advice: convert)
        }
        let extras = [raw.extras.0, raw.extras.1, raw.extras.2, raw.extras.3]
        guard raw.extra_count <= 1, extras.prefix(Int(raw.extra_count)).allSatisfy({ $0 == 1 || $0 == 2 }) else {
            throw .unsupported(
                "\(raw.extra_count) extra samples a pixel that are not transparency", expected: "one channel",
                advice: "Save every channel as a page or file of its own.")
        }

        let bits = Int(raw.bits)
        switch raw.sample_format {
        case 1 where (1...32).contains(bits), 4 where (1...32).contains(bits):
            encoding = Self.encoding(.unsignedInteger, bits, isBigEndian: isBigEndian)
        case 2 where (1...32).contains(bits): encoding = Self.encoding(.signedInteger, bits, isBigEndian: isBigEndian)
        case 3 where [16, 24, 32, 64].contains(bits):
            encoding = Self.encoding(.floatingPoint, bits, isBigEndian: isBigEndian)
        default:
            let kinds: [UInt16: String] = [
                1: "unsigned integers", 2: "signed integers", 3: "floating point", 5: "complex integers",
                6: "complex numbers",
            ]
            throw .unsupported(
                "\(bits)-bit \(kinds[raw.sample_format] ?? "samples of format \(raw.sample_format)")",
                expected: "integers up to 32 bits, or floating point of 16, 24, 32 or 64", advice: convert)
        }
        format = encoding.format

        // Before anything is multiplied: sizes and counts are any 32-bit numbers so far.
        try limits.check(width: width, height: height, used: 0)
        guard raw.block_width > 0, raw.block_height > 0, Self.product(columns, rows, planes) == Int(raw.blocks) else {
            throw .malformed(
                "\(raw.blocks) blocks of \(raw.block_width)×\(raw.block_height)",
                expected: "blocks that cover \(width)×\(height) pixels")
        }
        // A tile may be larger than a small image, but not out of all proportion.
        guard let area = Self.product(blockWidth, blockHeight), area <= max(limits.pixels, 1 << 24),
            let claimed = Self.product(rowBytes, blockHeight, columns)
        else {
            throw CodecFailure(
                .tooLarge, found: "tiles of \(blockWidth)×\(blockHeight)",
                expected: "no more than \(limits.pixels) pixels",
                advice: "Raise the limit on pixels if the file can be trusted.")
        }
        // What these schemes can make of a byte at most, so that a short file cannot claim much memory.
        let ratios: [UInt16: Int] = [1: 1, 5: 3000, 8: 1040, 32946: 1040, 32773: 64]
        guard claimed / (ratios[raw.compression] ?? claimed) <= bytesInFile else {
            throw .malformed(
                "a file of \(bytesInFile) bytes", expected: "enough for \(width)×\(height) pixels")
        }

        if raw.photometric == 3 {
            guard bits <= 16, encoding.kind == .unsignedInteger else {
                throw .malformed("a palette image of \(format)", expected: "unsigned integers up to 16 bits")
            }
            let map = try colorMap(1 << bits)
            try setLevels(map)
        }
    }

    /// The product, or `nil` if it is out of all bounds.
    private static func product(_ factors: Int...) -> Int? {
        var result = 1
        for factor in factors {
            let (product, overflow) = result.multipliedReportingOverflow(by: factor)
            if overflow { return nil }
            result = product
        }
        return result
    }

    private mutating func setLevels(_ map: [UInt16]) throws(CodecFailure) {
        let count = map.count / 3
        // Colours that are not grey are an error only where they are used; a NaN marks them.
        var levels = (0..<count).map { index in
            let red = map[index]
            return red == map[count + index] && red == map[2 * count + index] ? Double(red) : .nan
        }
        let known = levels.filter { !$0.isNaN }
        if known.allSatisfy({ $0.truncatingRemainder(dividingBy: 257) == 0 }) {
            // 8 bits widened to 16, as the specification wants it.
            levels = levels.map { $0 / 257 }
            format = .uint8
        } else if known.allSatisfy({ $0 < 256 }) {
            // 8 bits as some programs leave them.
            format = .uint8
        } else {
            format = .uint16
        }
        self.levels = levels
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

// MARK: - Handles

/// A TIFF being read, at one of its pages.
@safe
final class TIFFSource {
    private let file: [UInt8]
    private let handle: OpaquePointer
    private let limits: DecodeLimits
    private let isBigEndian: Bool

    init(_ file: [UInt8], limits: DecodeLimits, isBigEndian: Bool) throws(CodecFailure) {
        self.file = file
        self.limits = limits
        self.isBigEndian = isBigEndian
        var status = ct_status()
        let largest = limits.pixels.multipliedReportingOverflow(by: 32)
        let opened = unsafe file.withUnsafeBufferPointer { bytes in
            unsafe ct_tiff_open(
                bytes.baseAddress, bytes.count, largest.overflow ? 0 : Int64(max(largest.partialValue, 1 << 28)),
                &status)
        }
        guard let opened = unsafe opened else {
            try CodecFailure.check(status, expected: "a whole TIFF file")
            throw .malformed("nothing readable", expected: "a whole TIFF file")
        }
        unsafe handle = opened
    }

    deinit { unsafe ct_tiff_close(handle) }

    /// Makes a call that reads: an array says where its bytes are only for a while.
    private func reading(_ call: (OpaquePointer) -> ct_status) -> ct_status {
        unsafe file.withUnsafeBufferPointer { bytes in
            unsafe ct_tiff_place(handle, bytes.baseAddress)
            return unsafe call(handle)
        }
    }

    /// The current page's layout. `bytesInFile` is what the pixels have to come out of.
    func page(bytesInFile: Int) throws(CodecFailure) -> TIFFPage {
        var raw = ct_tiff_page()
        try CodecFailure.check(
            unsafe reading { unsafe ct_tiff_read_page($0, &raw) }, expected: "a page that can be read")
        return try TIFFPage(
            raw, limits: limits, isBigEndian: isBigEndian, bytesInFile: bytesInFile
        ) { count throws(CodecFailure) in
            var map = [UInt16](repeating: 0, count: 3 * count)
            try CodecFailure.check(
                unsafe reading { unsafe ct_tiff_read_color_map($0, &map, 3 * count) },
                expected: "a colour map of \(count) colours")
            return map
        }
    }

    /// Goes to the next page, if there is one.
    func nextPage() throws(CodecFailure) -> Bool {
        var moved = false
        try CodecFailure.check(unsafe reading { unsafe ct_tiff_next_page($0, &moved) }, expected: "another page")
        return moved
    }

    /// A decoded strip or tile.
    func block(_ block: Int, of page: TIFFPage) throws(CodecFailure) -> [UInt8] {
        let size = page.bytes(in: block)
        var status = ct_status()
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            unsafe status = reading { unsafe ct_tiff_read_block($0, UInt32(block), buffer.baseAddress, size) }
            initialized = status.code == 0 ? size : 0
        }
        try CodecFailure.check(status, expected: "\(size) bytes of samples")
        return bytes
    }

    /// The current page's samples.
    func samples(_ page: TIFFPage) throws(CodecFailure) -> [Double] {
        // Much more memory than this is not asked for before there is something to put into it.
        if page.hasGreyStrips, page.width * page.height <= 1 << 24 { return try greyStrips(page) }
        var samples: [Double] = []
        // Band by band, so that memory is used only for what has been decoded.
        for row in 0..<page.rows {
            let height = min(page.blockHeight, page.height - row * page.blockHeight)
            var bands = [[Double]](
                repeating: [Double](repeating: 0, count: page.width * height), count: page.colors)
            for plane in 0..<(page.isPlanar ? page.colors : 1) {
                for column in 0..<page.columns {
                    let block = (plane * page.rows + row) * page.columns + column
                    let bytes = try self.block(block, of: page)
                    let area = page.area(of: block)
                    for (channel, step) in page.colorsInPlane(of: block) {
                        for y in 0..<area.height {
                            page.encoding.read(
                                area.width, from: bytes, row: y * page.rowBytes, first: channel, step: step,
                                into: &bands[page.isPlanar ? plane : channel], at: y * page.width + area.x)
                        }
                    }
                }
            }
            if page.colors == 3 {
                try GreyCheck.check(bands[0], bands[1], bands[2], width: page.width, from: samples.count)
            }
            if let levels = page.levels {
                for place in bands[0].indices {
                    let level = levels[Int(bands[0][place])]
                    guard !level.isNaN else {
                        let position = samples.count + place
                        throw CodecFailure(
                            .color,
                            found: "a palette colour at column \(position % page.width), row \(position / page.width)",
                            expected: "an image that is grey everywhere",
                            advice: "Convert the file to grey, if its colours mean nothing.")
                    }
                    bands[0][place] = level
                }
            }
            samples += bands[0]
        }
        // Planes of alpha are needed only for writing, but damage should show now.
        if page.isPlanar {
            for number in page.blocks / page.planes * page.colors..<page.blocks { _ = try block(number, of: page) }
        }
        return samples
    }

    /// The current page's samples, if strips hold nothing that is not in the slice, or only alpha.
    private func greyStrips(_ page: TIFFPage) throws(CodecFailure) -> [Double] {
        var failure: CodecFailure?
        let samples = unsafe [Double](unsafeUninitializedCapacity: page.width * page.height) { samples, initialized in
            do throws(CodecFailure) {
                for block in 0..<page.blocks {
                    let bytes = try self.block(block, of: page)
                    let end = initialized + page.width * page.area(of: block).height
                    unsafe page.encoding.read(
                        from: bytes, row: 0, first: 0, step: page.samplesInPlane,
                        into: .init(rebasing: samples[initialized..<end]))
                    initialized = end
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return samples
    }
}

/// A TIFF of one page being written.
@safe
final class TIFFSink {
    private let handle: OpaquePointer

    init(_ page: TIFFPage, isBigEndian: Bool) throws(CodecFailure) {
        var status = ct_status()
        var raw = page.raw
        let created = unsafe ct_tiff_create(&raw, isBigEndian, &status)
        guard let created = unsafe created else {
            try CodecFailure.check(status, expected: "a layout that libtiff writes")
            throw .malformed("no file from libtiff", expected: "one")
        }
        unsafe handle = created
    }

    deinit { unsafe ct_tiff_close(handle) }

    /// Encodes a strip or tile; the bytes are spoilt.
    func write(_ block: Int, bytes: inout [UInt8]) throws(CodecFailure) {
        try CodecFailure.check(
            unsafe ct_tiff_write_block(handle, UInt32(block), &bytes, bytes.count),
            expected: "samples that can be encoded")
    }

    /// The file.
    func finish() throws(CodecFailure) -> [UInt8] {
        var buffer = unsafe ct_buffer()
        try CodecFailure.check(unsafe ct_tiff_finish(handle, &buffer), expected: "a file that can be completed")
        defer { unsafe ct_buffer_free(&buffer) }
        return unsafe Array(UnsafeBufferPointer(start: buffer.bytes, count: buffer.count))
    }
}
