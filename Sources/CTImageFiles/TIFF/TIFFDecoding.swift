internal import CImageShims
internal import CTImages

/// Decodes TIFF files to slices, and encodes slices to TIFF files.
///
/// libtiff decodes and encodes strips and tiles. Files are assembled here, so that all tags can be copied unchanged,
/// whether libtiff knows them or not.
enum TIFFCodec {
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
        // Bounds that are not integers cannot be the range of integers, and may be too close together for any scale.
        if let low = directories.wholeNumber(340, page: page).map(Double.init),
            let high = directories.wholeNumber(341, page: page).map(Double.init), low < high,
            full.contains(low), full.contains(high), samples.allSatisfy({ (low...high).contains($0) })
        {
            range = low...high
        }
        return IntensityScale(assuming: range, inverted: layout.isInverted)
    }

    /// Rejects pages with missing or invalid tags for which libtiff substitutes values that other readers do not.
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
                throw .malformed("\(name) of \(count) strips or tiles", expected: "at least \(layout.blocks)")
            }
        }
        if layout.raw.compression == 1, let entry = entries.first(where: { $0.tag == 279 || $0.tag == 325 }) {
            let counts = directories.numbers(entry, limit: layout.blocks)
            let fit = counts.enumerated().allSatisfy { block, count in
                Double(layout.bytes(in: block)) <= count && count <= Double(bytesInFile)
            }
            guard counts.count == layout.blocks, fit else {
                throw .malformed(
                    "byte counts that do not fit the strips or tiles", expected: "as many bytes as the samples need")
            }
        }
    }

    /// Rejects long ImageJ stacks, which have a single page whose description states the number of images that follow.
    private static func checkImageJ(_ directories: TIFFDirectories, pages: Int) throws(CodecFailure) {
        guard pages == 1, let text = directories.text(270, page: 0), text.hasPrefix("ImageJ="),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("images=") }),
            let images = Int(line.dropFirst(7)), images > 1
        else { return }
        throw .unsupported(
            "an ImageJ stack of \(images) images in one page", expected: "one page per image",
            advice: "Save the stack with another program, or as an image sequence.")
    }
}
