internal import CImageShims
internal import CTImages
internal import CTSupport

extension TIFFCodec {
    /// - Parameter numbers: The place of each page in the template; pages beyond them are new.
    static func encode(
        _ pages: [CTSlice], template: [UInt8]?, numbers: [Int], limits: DecodeLimits
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
            // Offsets in a classic TIFF end at 4 GiB.
            isBig: directories?.isBig ?? false || size > 3 << 30)
        var clamped = 0
        // Where the template is read.
        var place = 0
        for (index, slice) in pages.enumerated() {
            do {
                var old: TIFFPage?
                var entries: [TIFFEntry] = []
                if let source, let directories, numbers.indices.contains(index) {
                    while place < numbers[index] {
                        _ = try source.nextPage()
                        place += 1
                    }
                    old = try source.page(bytesInFile: .max)
                    if directories.pages.indices.contains(place) { entries = directories.pages[place] }
                }
                let (stored, count) = slice.quantized()
                clamped += count
                try append(slice, samples: stored.fileSamples, old: old, source: source, entries: entries, to: &file)
            } catch {
                throw error.onPage(index + 1, of: pages.count)
            }
        }
        guard file.isBig || file.bytes.count <= UInt32.max else {
            throw .unsupported(
                "\(file.bytes.count) bytes", expected: "less than 4 GiB in a classic TIFF",
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
            // Samples other than grey, namely alpha, are taken from the original.
            if old.raw.samples > old.colors { reused = old }
        }
        var encoded: [UInt8]
        do {
            encoded = try encode(samples, page: page, reused: reused, source: source, isBigEndian: file.isBigEndian)
        } catch  where page.raw.compression != TIFFPage.deflate && error.code == .unsupported {
            // The scheme cannot encode these samples, for example LERC with some widths.
            page.raw.compression = TIFFPage.deflate
            page.raw.predictor = 1
            encoded = try encode(samples, page: page, reused: reused, source: source, isBigEndian: file.isBigEndian)
        }

        let directory = TIFFDirectories(encoded)
        guard let fresh = directory.pages.first else {
            throw .malformed("no page in libtiff's output", expected: "one page")
        }
        func locations(_ tags: Set<Int>) -> [Int] {
            fresh.first { tags.contains($0.tag) }.map { directory.numbers($0, limit: .max / 16).map { Int($0) } } ?? []
        }
        let blocks = zip(locations([273, 324]), locations([279, 325])).map { encoded[$0..<$0 + $1] }
        var all = fresh.filter { ![273, 279, 324, 325].contains($0.tag) }
        if page.isReused {
            // Keeps the original's wording of the same facts: number types, strips declared higher than the image,
            // defaults.
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
        all += entries.filter {
            !structural.contains($0.tag) && $0.tag != IntensityMark.tag && !TIFFPage.holdsAnotherImage($0)
        }
        if let text = IntensityMark.text(slice.scale) {
            let bytes = Array(text.utf8) + [0]
            all.append(TIFFEntry(tag: IntensityMark.tag, type: 2, count: bytes.count, value: bytes[...]))
        }
        if entries.isEmpty { all += declaredRange(slice, isBigEndian: file.isBigEndian) }
        file.append(entries: all, blocks: blocks, tiled: page.raw.tiled)
    }

    /// Returns SMinSampleValue and SMaxSampleValue for a new page whose range differs from the format's.
    private static func declaredRange(_ slice: CTSlice, isBigEndian: Bool) -> [TIFFEntry] {
        guard let range = slice.storableRange, range != slice.format.range else { return [] }
        return [(340, range.lowerBound), (341, range.upperBound)].map { tag, value in
            let little = (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(8 * $0)) }
            return TIFFEntry(tag: tag, type: 12, count: 1, value: isBigEndian ? little.reversed()[...] : little[...])
        }
    }

    /// Encodes a page as a BigTIFF file.
    private static func encode(
        _ samples: [Double], page: TIFFPage, reused: TIFFPage?, source: TIFFSource?, isBigEndian: Bool
    ) throws(CodecFailure) -> [UInt8] {
        let sink = try TIFFSink(page, isBigEndian: isBigEndian)
        let encoding = page.encoding
        for block in 0..<page.blocks {
            let area = page.area(of: block)
            var bytes = [UInt8](repeating: 0, count: page.bytes(in: block))
            if let reused, let source {
                let original = try source.block(block, of: reused)
                if reused.encoding == encoding {
                    bytes = original
                } else {
                    copyExtraSamples(of: original, block, from: reused, to: page, into: &bytes)
                }
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

    /// Copies the samples of a block that are not grey, namely alpha, to a page whose samples have another width, as
    /// those of a palette or of 24-bit floating point do when they are written.
    private static func copyExtraSamples(
        of original: [UInt8], _ block: Int, from old: TIFFPage, to page: TIFFPage, into bytes: inout [UInt8]
    ) {
        let area = page.area(of: block)
        let channels: Range<Int>
        if old.isPlanar {
            channels = block / (old.columns * old.rows) < old.colors ? 0..<0 : 0..<1
        } else {
            channels = old.colors..<Int(old.raw.samples)
        }
        // Integers are shares of their range: opaque stays opaque.
        let factor: Double
        if old.encoding.kind == .floatingPoint || page.encoding.kind == .floatingPoint {
            factor = 1
        } else {
            factor = (exp2(page.encoding.bits) - 1) / (exp2(old.encoding.bits) - 1)
        }
        var row = [Double](repeating: 0, count: area.width)
        for channel in channels {
            for y in 0..<area.height {
                old.encoding.read(
                    area.width, from: original, row: y * old.rowBytes, first: channel, step: old.samplesInPlane,
                    into: &row, at: 0)
                if factor != 1 { for x in row.indices { row[x] = (row[x] * factor).rounded() } }
                page.encoding.write(
                    area.width, of: row, at: 0, into: &bytes, row: y * page.rowBytes, first: channel,
                    step: page.samplesInPlane)
            }
        }
    }

    private static func exp2(_ bits: Int) -> Double { Double(sign: .plus, exponent: bits, significand: 1) }
}
