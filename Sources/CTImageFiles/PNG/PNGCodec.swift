internal import CImageShims
internal import CTImages
internal import CTSupport

/// Decodes PNG files to slices, and encodes slices to PNG files.
///
/// libpng processes only IHDR, PLTE and IDAT; every other chunk is read and copied here, so that its contents cannot be
/// changed or lost.
enum PNGCodec {
    // MARK: - Reading

    /// - Parameter labels: Whether samples of a palette are its indices and not its grey levels.
    static func decode(
        _ bytes: [UInt8], limits: DecodeLimits, labels: Bool
    ) throws(CodecFailure) -> DecodedFile {
        let chunks = try PNGChunks(bytes)
        let header = chunks.header
        try limits.check(width: header.width, height: header.height, used: 0)
        let rows = try rows(of: chunks)
        let encoding = SampleEncoding(kind: .unsignedInteger, bits: header.depth, isBigEndian: true)

        var samples = try samples(in: rows, of: header, encoding: encoding)
        var format = encoding.format
        switch header.colorType {
        case 3 where !labels:
            samples = try levels(of: samples, chunks: chunks)
            format = .uint8
        default: break
        }
        let scale = significantRange(chunks, samples: samples, bits: format.bits).map { IntensityScale(assuming: $0) }
        var slice = CTSlice(
            width: header.width, height: header.height, samples: samples, format: format, scale: scale)
        slice.noData = [chunks.transparentValue].compactMap(\.self)
        return DecodedFile(
            pages: [slice], summaries: [summary(chunks, format: format)], numbers: [0], omissions: omissions(chunks))
    }

    /// Returns what a new file will not have.
    private static func omissions(_ chunks: PNGChunks) -> [String] {
        var omissions: [String] = []
        if let control = chunks["acTL"], control.count >= 4 {
            let frames = PNGChunks.number(control.prefix(4))
            omissions.append(
                "the \(frames) frame\(frames == 1 ? "" : "s") of an animation, of which only the still image is kept")
        }
        if chunks.transparentValue != nil, !chunks.canHaveAlpha {
            omissions.append("transparency by a value of less than 8 bits, if the pixels that have it change")
        }
        if (chunks.before + chunks.after).contains(where: holdsThumbnail) {
            omissions.append("XMP metadata with a thumbnail of the old image")
        }
        if chunks["eXIf"].map(hasThumbnail) == true { omissions.append("Exif data with a thumbnail of the old image") }
        return omissions
    }

    /// Whether a text is XMP with a thumbnail.
    private static func holdsThumbnail(_ chunk: PNGChunks.Chunk) -> Bool {
        chunk.type == "iTXt" && text(chunk)?.value.contains("xmpGImg:image") == true
    }

    /// Whether Exif data have a second directory, which is that of a thumbnail.
    private static func hasThumbnail(_ exif: ArraySlice<UInt8>) -> Bool { TIFFDirectories(Array(exif)).pages.count > 1 }

    /// Returns the grey samples in decoded rows, or their palette indices.
    private static func samples(
        in rows: [UInt8], of header: PNGChunks.Header, encoding: SampleEncoding
    ) throws(CodecFailure) -> [Double] {
        let count = header.width * header.height
        let isColor = header.colorType == 2 || header.colorType == 6
        // Without padding between rows, all of them can be read as one.
        if !isColor, encoding.bits % 8 == 0 { return encoding.samples(count, from: rows, step: header.channels) }

        var samples = [Double](repeating: 0, count: count)
        // Colours are compared row by row, which takes no memory for whole colour planes.
        var colors = [[Double]](repeating: [Double](repeating: 0, count: header.width), count: isColor ? 3 : 0)
        for y in 0..<header.height {
            let row = y * header.rowBytes
            let start = y * header.width
            encoding.read(
                header.width, from: rows, row: row, first: 0, step: header.channels, into: &samples, at: start)
            guard isColor else { continue }
            for channel in colors.indices {
                encoding.read(
                    header.width, from: rows, row: row, first: channel, step: header.channels, into: &colors[channel],
                    at: 0)
            }
            try GreyCheck.check(colors[0], colors[1], colors[2], width: header.width, from: start)
        }
        return samples
    }

    /// Returns the rows as libpng decodes them.
    static func rows(of chunks: PNGChunks) throws(CodecFailure) -> [UInt8] {
        let header = chunks.header
        let expected = "image data for \(header.width)×\(header.height) pixels"
        let (size, overflow) = header.rowBytes.multipliedReportingOverflow(by: header.height)
        let compressed = chunks.data.reduce(0) { $0 + $1.data.count }
        // Deflate compresses by a factor of at most 1032, so this cannot contain what the header claims.
        guard !overflow, size / 1032 <= compressed else {
            throw .malformed("only \(compressed) bytes of image data", expected: expected)
        }
        var start = PNGChunks.signature
        start += PNGChunks.bytes(.init(type: "IHDR", data: headerBytes(header)[...]))
        if header.colorType == 3, let palette = chunks["PLTE"] {
            start += PNGChunks.bytes(.init(type: "PLTE", data: palette))
        }
        let end = PNGChunks.bytes(.init(type: "IEND", data: []))

        var status = ct_status()
        let rows = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            unsafe chunks.image.withUnsafeBufferPointer { image in
                unsafe start.withUnsafeBufferPointer { start in
                    unsafe end.withUnsafeBufferPointer { end in
                        let parts = unsafe [start, image, end].map {
                            unsafe ct_bytes(bytes: $0.baseAddress, count: $0.count)
                        }
                        unsafe status = ct_png_decode(
                            parts, parts.count, buffer.baseAddress, header.rowBytes, header.height)
                    }
                }
            }
            initialized = status.code == 0 ? size : 0
        }
        try CodecFailure.check(status, expected: expected)
        return rows
    }

    private static func headerBytes(_ header: PNGChunks.Header) -> [UInt8] {
        let size = [header.width, header.height].flatMap { number in
            [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
        }
        return size + [UInt8(header.depth), UInt8(header.colorType), 0, 0, header.interlaced ? 1 : 0]
    }

    /// Returns the grey levels of palette indices.
    private static func levels(of indices: [Double], chunks: PNGChunks) throws(CodecFailure) -> [Double] {
        let palette = Array(chunks["PLTE"] ?? [])
        guard !palette.isEmpty, palette.count % 3 == 0, palette.count <= 768 else {
            throw .malformed("a palette of \(palette.count) bytes", expected: "1 to 256 colours of 3 bytes")
        }
        var result = indices
        for place in indices.indices {
            let entry = Int(indices[place]) * 3
            guard entry < palette.count else {
                throw .malformed(
                    "the palette index \(entry / 3)", expected: "less than \(palette.count / 3), the palette's size")
            }
            guard palette[entry] == palette[entry + 1], palette[entry] == palette[entry + 2] else {
                throw GreyCheck.failure(
                    Double(palette[entry]), Double(palette[entry + 1]), Double(palette[entry + 2]), at: place,
                    width: chunks.header.width)
            }
            result[place] = Double(palette[entry])
        }
        return result
    }

    /// Returns the range that sBIT declares if it is narrower than the format's and contains all samples, otherwise
    /// `nil`.
    private static func significantRange(
        _ chunks: PNGChunks, samples: [Double], bits: Int
    ) -> ClosedRange<Double>? {
        let colors = [0: 1, 2: 3, 3: 3, 4: 1, 6: 3][chunks.header.colorType] ?? 1
        guard let data = chunks["sBIT"], data.count >= colors, Set(data.prefix(colors)).count == 1,
            let significant = data.first, (1..<bits).contains(Int(significant))
        else { return nil }
        let top = Double(1 << Int(significant)) - 1
        return samples.allSatisfy { $0 <= top } ? 0...top : nil
    }

    // MARK: - Writing

    static func encode(
        _ pages: [CTSlice], template: [UInt8]?
    ) throws(CodecFailure) -> (bytes: [UInt8], clamped: Int) {
        let slice = pages[0]
        guard pages.count == 1 else {
            throw .unsupported("\(pages.count) pages", expected: "one page in a PNG", advice: "Write a TIFF.")
        }
        guard slice.format.kind == .unsignedInteger, slice.format.bits <= 16 else {
            throw .unsupported(
                "\(slice.format) samples", expected: "unsigned integers of up to 16 bits in a PNG",
                advice: "Write a TIFF.")
        }
        let chunks: PNGChunks? = if let template { try PNGChunks(template) } else { nil }
        let (quantized, clamped) = slice.quantized()
        let stored = quantized.fileSamples
        var image = try layout(for: slice, template: chunks)
        var isKeyKept = true
        if image.isSame, let chunks, let isTransparent = try movedKey(of: chunks, stored: stored) {
            isKeyKept = false
            if chunks.canHaveAlpha { (image.header, image.rows) = withAlpha(isTransparent, header: image.header) }
        }
        let header = image.header
        write(stored, into: &image.rows, header: header)
        let fresh = try compress(image.rows, header: header)
        let (before, after) = ancillaryChunks(
            for: slice, header: header, template: chunks, isSame: image.isSame, isKeyKept: isKeyKept)

        var result = PNGChunks.signature
        result += PNGChunks.bytes(.init(type: "IHDR", data: headerBytes(header)[...]))
        let mark = IntensityMark.text(slice.scale).map { text in
            let bytes = Array("\(IntensityMark.name)\0\(text)".utf8)
            return PNGChunks.Chunk(type: "tEXt", data: bytes[...])
        }
        for chunk in before + [mark].compactMap(\.self) + fresh.data + after { result += PNGChunks.bytes(chunk) }
        result += PNGChunks.bytes(.init(type: "IEND", data: []))
        return (result, clamped)
    }

    /// Returns the header of the new file and its rows, with the template's alpha channel but without grey samples.
    ///
    /// `isSame` is true if the pixels have the same layout as in the template.
    private static func layout(
        for slice: CTSlice, template chunks: PNGChunks?
    ) throws(CodecFailure) -> (header: PNGChunks.Header, rows: [UInt8], isSame: Bool) {
        let depth = [1, 2, 4, 8].first { $0 >= slice.format.bits } ?? 16
        var header = PNGChunks.Header(
            width: slice.width, height: slice.height, depth: depth, colorType: 0, interlaced: false)
        var isSame = false
        if let chunks, chunks.header.width == slice.width, chunks.header.height == slice.height {
            let old = chunks.header
            header.interlaced = old.interlaced
            if old.colorType == 3, depth == 8 {
                isSame = true
                if let transparency = chunks["tRNS"] {
                    header.colorType = 4
                    let rows = try withAlpha(of: chunks, transparency: Array(transparency), header: header)
                    return (header, rows, isSame)
                }
            } else if old.depth == depth, old.colorType != 3 {
                isSame = true
                header.colorType = old.colorType
                // The alpha channel is preserved.
                if old.colorType == 4 || old.colorType == 6 { return (header, try rows(of: chunks), isSame) }
            }
        }
        return (header, [UInt8](repeating: 0, count: header.rowBytes * header.height), isSame)
    }

    /// Returns which pixels of the template are transparent because they have the value that tRNS names, if the same
    /// value would name other pixels of the new image; otherwise `nil`.
    private static func movedKey(of chunks: PNGChunks, stored: [Double]) throws(CodecFailure) -> [Bool]? {
        guard let key = chunks.transparentValue else { return nil }
        let encoding = SampleEncoding(kind: .unsignedInteger, bits: chunks.header.depth, isBigEndian: true)
        let original = try samples(in: rows(of: chunks), of: chunks.header, encoding: encoding)
        let isTransparent = original.map { $0 == key }
        return zip(isTransparent, stored).allSatisfy { $0 == ($1 == key) } ? nil : isTransparent
    }

    /// Returns a header with an alpha channel, and rows without grey samples in which some pixels are transparent.
    private static func withAlpha(
        _ isTransparent: [Bool], header: PNGChunks.Header
    ) -> (header: PNGChunks.Header, rows: [UInt8]) {
        var header = header
        header.colorType += 4
        var rows = [UInt8](repeating: 0, count: header.rowBytes * header.height)
        let alpha = isTransparent.map { $0 ? 0 : Double((1 << header.depth) - 1) }
        let encoding = SampleEncoding(kind: .unsignedInteger, bits: header.depth, isBigEndian: true)
        for y in 0..<header.height {
            encoding.write(
                header.width, of: alpha, at: y * header.width, into: &rows, row: y * header.rowBytes,
                first: header.channels - 1, step: header.channels)
        }
        return (header, rows)
    }

    /// Writes grey samples into the grey or colour channels of rows.
    private static func write(_ samples: [Double], into rows: inout [UInt8], header: PNGChunks.Header) {
        let encoding = SampleEncoding(kind: .unsignedInteger, bits: header.depth, isBigEndian: true)
        let colors = header.colorType == 2 || header.colorType == 6 ? 3 : 1
        for y in 0..<header.height {
            for color in 0..<colors {
                encoding.write(
                    header.width, of: samples, at: y * header.width, into: &rows, row: y * header.rowBytes,
                    first: color, step: header.channels)
            }
        }
    }

    /// Returns the chunks before and after the image data: the template's, or the significant bits of a new file.
    private static func ancillaryChunks(
        for slice: CTSlice, header: PNGChunks.Header, template chunks: PNGChunks?, isSame: Bool, isKeyKept: Bool
    ) -> (before: [PNGChunks.Chunk], after: [PNGChunks.Chunk]) {
        if let chunks {
            return (
                chunks.before.compactMap { kept($0, of: chunks, header: header, isSame: isSame, isKeyKept: isKeyKept) },
                chunks.after.compactMap { kept($0, of: chunks, header: header, isSame: isSame, isKeyKept: isKeyKept) }
            )
        }
        guard let range = slice.storableRange, range.lowerBound == 0,
            let significant = (1..<header.depth).first(where: { Double(1 << $0) - 1 == range.upperBound })
        else { return ([], []) }
        return ([.init(type: "sBIT", data: [UInt8(significant)])], [])
    }

    private static func compress(_ rows: [UInt8], header: PNGChunks.Header) throws(CodecFailure) -> PNGChunks {
        var description = ct_png_header(
            width: UInt32(header.width), height: UInt32(header.height), depth: UInt8(header.depth),
            color_type: UInt8(header.colorType), interlace: header.interlaced ? 1 : 0)
        var buffer = unsafe ct_buffer()
        let status = unsafe ct_png_encode(&description, rows, header.rowBytes, &buffer)
        try CodecFailure.check(status, expected: "an image that libpng can encode")
        defer { unsafe ct_buffer_free(&buffer) }
        return try PNGChunks(unsafe Array(UnsafeBufferPointer(start: buffer.bytes, count: buffer.count)))
    }

    /// Returns grey + alpha rows, with the alpha that a palette's tRNS assigns to indices.
    private static func withAlpha(
        of chunks: PNGChunks, transparency: [UInt8], header: PNGChunks.Header
    ) throws(CodecFailure) -> [UInt8] {
        let old = chunks.header
        let indexRows = try Self.rows(of: chunks)
        let encoding = SampleEncoding(kind: .unsignedInteger, bits: old.depth, isBigEndian: true)
        var indices = [Double](repeating: 0, count: old.width)
        var rows = [UInt8](repeating: 0, count: header.rowBytes * header.height)
        for y in 0..<old.height {
            encoding.read(old.width, from: indexRows, row: y * old.rowBytes, first: 0, step: 1, into: &indices, at: 0)
            for x in 0..<old.width {
                let index = Int(indices[x])
                rows[y * header.rowBytes + 2 * x + 1] = index < transparency.count ? transparency[index] : 255
            }
        }
        return rows
    }

    /// Returns a chunk of the template in the form that the new file needs, or `nil` to remove it.
    ///
    /// `isSame` is true if the pixels have the same layout as in the template.
    private static func kept(
        _ chunk: PNGChunks.Chunk, of chunks: PNGChunks, header: PNGChunks.Header, isSame: Bool, isKeyKept: Bool
    ) -> PNGChunks.Chunk? {
        var chunk = chunk
        let wasPalette = chunks.header.colorType == 3
        // Alpha takes the place of a value that was transparent.
        let hasNewAlpha = !wasPalette && header.channels == chunks.header.channels + 1
        switch chunk.type {
        case "acTL", "fcTL", "fdAT", "dSIG": return nil
        case "eXIf" where hasThumbnail(chunk.data): return nil
        case "iTXt" where holdsThumbnail(chunk): return nil
        case "tEXt" where text(chunk)?.name == IntensityMark.name: return nil
        case "PLTE", "hIST": return isSame && !wasPalette ? chunk : nil
        case "sBIT" where wasPalette:
            guard isSame, let first = chunk.data.first, Set(chunk.data).count == 1 else { return nil }
            chunk.data = chunks["tRNS"] == nil ? [first] : [first, 8]
            return chunk
        case "bKGD" where wasPalette:
            let palette = Array(chunks["PLTE"] ?? [])
            guard isSame, let index = chunk.data.first, 3 * Int(index) < palette.count else { return nil }
            chunk.data = [0, palette[3 * Int(index)]]
            return chunk
        case "tRNS": return isSame && !wasPalette && isKeyKept ? chunk : nil
        case "sBIT" where hasNewAlpha:
            chunk.data = (Array(chunk.data) + [UInt8(header.depth)])[...]
            return chunk
        case "sBIT", "bKGD": return isSame ? chunk : nil
        case "cHRM", "gAMA", "iCCP", "sRGB", "cICP", "mDCV", "cLLI", "pHYs", "sPLT", "tIME", "tEXt", "zTXt", "iTXt",
            "oFFs", "pCAL", "sCAL", "sTER", "gIFg", "gIFt", "gIFx", "eXIf":
            return chunk
        default: return chunk.isSafeToCopy ? chunk : nil
        }
    }

    // MARK: - Summary

    private static func summary(_ chunks: PNGChunks, format: SampleFormat) -> PageSummary {
        let header = chunks.header
        let all = chunks.before + chunks.after
        var notes: [String] = []
        if chunks["acTL"] != nil { notes.append("animated: only the still image is read, and written") }
        if header.colorType == 3 { notes.append("written as grey") }
        if let bits = chunks["sBIT"] {
            notes.append("significant bits: \(bits.map { String($0) }.joined(separator: ", "))")
        }
        if chunks["tRNS"] != nil { notes.append("with transparency, which is kept") }
        var resolution: String?
        if let data = chunks["pHYs"], data.count == 9 {
            let x = PNGChunks.number(data.prefix(4))
            let y = PNGChunks.number(data.dropFirst(4).prefix(4))
            resolution =
                data.last == 1
                ? "\(Double(x) / 1000) × \(Double(y) / 1000) pixels per mm" : "pixel aspect ratio \(x) : \(y)"
        }
        return PageSummary(
            width: header.width, height: header.height, format: format,
            pixels: [0: "grey", 2: "RGB (grey)", 3: "palette (grey)", 4: "grey + alpha", 6: "RGB (grey) + alpha"][
                header.colorType] ?? "",
            compression: "Deflate", layout: header.interlaced ? "interlaced" : "rows", resolution: resolution,
            texts: all.compactMap { text($0) }, notes: notes)
    }

    /// Returns a chunk's text. Compressed text is mentioned, but not decompressed.
    private static func text(_ chunk: PNGChunks.Chunk) -> PageSummary.Text? {
        guard ["tEXt", "zTXt", "iTXt"].contains(chunk.type), let end = chunk.data.firstIndex(of: 0) else { return nil }
        func latin(_ bytes: some Sequence<UInt8>) -> String {
            String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
        }
        let name = latin(chunk.data[..<end])
        let rest = chunk.data[(end + 1)...]
        switch chunk.type {
        case "tEXt": return .init(name: name, value: latin(rest))
        case "iTXt":
            // Compression flag and method, language and translated keyword, then the text.
            let parts = rest.dropFirst(2).split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
            guard rest.first == 0, parts.count == 3 else { return .init(name: name, value: "(compressed)") }
            return .init(name: name, value: String(decoding: parts[2], as: UTF8.self))
        default: return .init(name: name, value: "(compressed)")
        }
    }
}
