internal import CImageShims
internal import CTImages

/// Describes TIFF pages in words.
enum TIFFSummary {
    static func summary(_ page: TIFFPage, directories: TIFFDirectories, page index: Int) -> PageSummary {
        let raw = page.raw
        var pixels = page.colors == 3 ? "RGB (grey)" : page.levels != nil ? "palette (grey)" : "grey"
        if page.isInverted { pixels += ", low is white" }
        if raw.extra_count > 0 { pixels += " + alpha" }
        var layout =
            raw.tiled ? "tiles of \(raw.block_width)×\(raw.block_height)" : "strips of \(raw.block_height) rows"
        if page.isPlanar { layout += ", planes apart" }
        layout += directories.isBigEndian ? ", big-endian" : ", little-endian"
        if directories.isBig { layout += ", BigTIFF" }
        let kept = page.forWriting().raw.compression
        var notes: [String] = []
        if kept != raw.compression { notes.append("written with \(compression(kept))") }
        if page.levels != nil { notes.append("written as grey") }
        if let orientation = directories.wholeNumber(274, page: index), orientation != 1 {
            notes.append("orientation \(orientation), kept and not applied")
        }
        if directories.pages.indices.contains(index), directories.pages[index].contains(where: { $0.tag == 330 }) {
            notes.append("sub-images, which are not read, and dropped when the file is written")
        }
        return PageSummary(
            width: page.width, height: page.height, format: page.format, pixels: pixels,
            compression: compression(raw.compression) + (raw.predictor > 1 ? ", predictor \(raw.predictor)" : ""),
            layout: layout, resolution: resolution(directories, page: index),
            texts: names.compactMap { tag, name in
                directories.text(tag, page: index).map { .init(name: name, value: $0) }
            }, notes: notes)
    }

    private static func resolution(_ directories: TIFFDirectories, page: Int) -> String? {
        guard let x = directories.number(282, page: page), let y = directories.number(283, page: page) else {
            return nil
        }
        let units = [1: "without a unit", 2: "pixels per inch", 3: "pixels per cm"]
        let unit = directories.wholeNumber(296, page: page).flatMap { units[$0] } ?? "pixels per inch"
        return "\(x) × \(y) \(unit)"
    }

    /// Returns whether the system's libtiff supports a compression scheme; builds differ.
    static func has(compression: Int) -> Bool { UInt16(exactly: compression).map(ct_tiff_has) ?? false }

    static func compression(_ scheme: UInt16) -> String {
        let names: [UInt16: String] = [
            1: "uncompressed", 2: "CCITT RLE", 3: "CCITT group 3", 4: "CCITT group 4", 5: "LZW", 6: "old JPEG",
            7: "JPEG", 8: "Deflate", 32766: "NeXT", 32771: "CCITT RLE by words", 32773: "PackBits",
            32809: "ThunderScan", 32909: "PixarLog", 32946: "Deflate (old number)", 34661: "JBIG", 34676: "SGILog",
            34677: "SGILog 24", 34887: "LERC", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP",
        ]
        return names[scheme] ?? "compression \(scheme)"
    }

    /// Tags that contain text, the most often wanted first.
    private static let names: [(Int, String)] = [
        (270, "ImageDescription"), (269, "DocumentName"), (285, "PageName"), (271, "Make"), (272, "Model"),
        (305, "Software"), (306, "DateTime"), (315, "Artist"), (316, "HostComputer"), (33432, "Copyright"),
        (700, "XMP"), (42112, "GDAL metadata"), (42113, "GDAL no-data value"),
        (IntensityMark.tag, IntensityMark.name),
    ]
}
