internal import CImageShims
internal import CTImages
internal import CTSupport

/// Decodes TIFF files to slices, and encodes slices to TIFF files.
///
/// libtiff decodes and encodes strips and tiles. Files are assembled here, so that all tags can be copied unchanged,
/// whether libtiff knows them or not.
enum TIFFCodec {
    /// - Parameter labels: Whether samples of a palette are its indices and not its grey levels.
    static func decode(
        _ bytes: [UInt8], limits: DecodeLimits, labels: Bool
    ) throws(CodecFailure) -> DecodedFile {
        let directories = TIFFDirectories(bytes)
        try directories.check(bytesInFile: bytes.count)
        let source = try TIFFSource(bytes, limits: limits, isBigEndian: directories.isBigEndian)
        var file = DecodedFile()
        var used = 0
        var number = 0
        repeat {
            do {
                var layout = try source.page(bytesInFile: bytes.count)
                if labels, layout.levels != nil { (layout.levels, layout.format) = (nil, layout.encoding.format) }
                try check(layout, directories: directories, page: number, bytesInFile: bytes.count)
                try limits.check(width: layout.width, height: layout.height, used: used)
                used += layout.width * layout.height
                let samples = try source.samples(layout)
                let scale = scale(layout, samples: samples, directories: directories, page: number)
                var slice = CTSlice(
                    width: layout.width, height: layout.height, samples: samples, format: layout.format, scale: scale)
                // GDAL's tag is a number as text.
                if let text = directories.text(42113, page: number) {
                    slice.noData = [Double(text.filter { !$0.isWhitespace })].compactMap(\.self)
                }
                file.pages.append(slice)
                file.summaries.append(TIFFSummary.summary(layout, directories: directories, page: number))
                file.numbers.append(number)
            } catch {
                guard !file.pages.isEmpty, isSecondary(number, directories),
                    [.color, .unsupported].contains(error.code)
                else { throw error.onPage(number + 1, of: directories.pages.count) }
                file.omissions.append("page \(number + 1), a reduced image or a mask that is not grey")
            }
            number += 1
        } while try source.nextPage()
        try checkStacks(directories, slice: file.pages[0], pages: number)
        file.omissions += omissions(directories)
        return file
    }

    /// Whether a page is a reduced version or a mask of another one, by NewSubfileType.
    private static func isSecondary(_ page: Int, _ directories: TIFFDirectories) -> Bool {
        (directories.wholeNumber(254, page: page) ?? 0) & 5 != 0
    }

    /// Returns what a new file will not have.
    private static func omissions(_ directories: TIFFDirectories) -> [String] {
        let entries = directories.pages.joined()
        var omissions: [String] = []
        let images = entries.filter { $0.tag == 330 }.reduce(0) { $0 + $1.count }
        if images > 0 {
            omissions.append("\(images) image\(images == 1 ? "" : "s") in sub-directories, such as reduced versions")
        }
        if entries.contains(where: TIFFPage.holdsAnotherImage) {
            omissions.append("metadata with another version of the image: layers or a thumbnail")
        }
        return omissions
    }

    private static func scale(
        _ layout: TIFFPage, samples: [Double], directories: TIFFDirectories, page: Int
    ) -> IntensityScale? {
        guard let full = layout.format.range else { return nil }
        var range = full
        // Bounds that are not integers cannot be the range of integers, and may be too close together for any scale.
        if let low = directories.wholeNumber(340, page: page).map(Double.init),
            let high = directories.wholeNumber(341, page: page).map(Double.init), low < high,
            full.contains(low), full.contains(high), samples.allSatisfy({ (low...high).contains($0) }),
            !isStatistic(low...high, of: samples)
        {
            range = low...high
        }
        return IntensityScale(assuming: range, inverted: layout.isInverted)
    }

    /// Whether a declared range merely says which samples occur, as many programs write it.
    ///
    /// A range of whole bits, such as 0…4095 or −32768…32767, is a declaration even if the samples fill it.
    private static func isStatistic(_ range: ClosedRange<Double>, of samples: [Double]) -> Bool {
        let values = range.upperBound - range.lowerBound + 1
        let isWhole = values.significand == 1 && (range.lowerBound == 0 || range.lowerBound == -values / 2)
        return !isWhole && samples.min() == range.lowerBound && samples.max() == range.upperBound
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
            let entry = entries.first { tags.contains($0.tag) }
            // Where strips have no byte counts at all, libtiff works them out, as other readers do.
            if entry == nil, name == "byte counts", !layout.raw.tiled { continue }
            let count = entry?.count ?? 0
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

    /// Rejects files whose description claims more images than there are pages: stacks of which only the first image is
    /// a page, and the others follow its samples.
    private static func checkStacks(
        _ directories: TIFFDirectories, slice: CTSlice, pages: Int
    ) throws(CodecFailure) {
        guard let text = directories.text(270, page: 0) else { return }
        let claim: (program: String, images: Int)? =
            if text.hasPrefix("ImageJ=") {
                imagesOfImageJ(text).map { ("ImageJ", $0) }
            } else if text.contains("<OME") {
                planesOfOME(text).map { ("OME", $0) }
            } else {
                shape(text).map { shape in
                    let samples = max(directories.wholeNumber(277, page: 0) ?? 1, 1)
                    return ("tifffile", shape.reduce(1, *) / (slice.width * slice.height) / samples)
                }
            }
        guard let claim, claim.images > pages else { return }
        throw .unsupported(
            "a stack of \(claim.images) images in \(pages) page\(pages == 1 ? "" : "s"), as \(claim.program) writes it",
            expected: "one page per image",
            advice: "Save the stack with another program, or as an image sequence.")
    }

    /// Returns the number of images in ImageJ's description: `images`, or the product of its axes.
    private static func imagesOfImageJ(_ text: String) -> Int? {
        let lines = text.split(whereSeparator: \.isNewline)
        func value(_ name: String) -> Int? {
            lines.first { $0.hasPrefix(name + "=") }.flatMap { Int($0.dropFirst(name.count + 1)) }
        }
        if let images = value("images") { return images }
        let axes = ["channels", "slices", "frames"].compactMap(value)
        return axes.isEmpty || axes.contains { !(1...1 << 20).contains($0) } ? nil : TIFFPage.product(axes)
    }

    /// Returns the number of planes of an image in OME-XML, unless other files hold some of them.
    private static func planesOfOME(_ text: String) -> Int? {
        guard !text.contains("FileName=") else { return nil }
        let sizes = ["SizeZ=\"", "SizeC=\"", "SizeT=\""].compactMap { name -> Int? in
            guard let place = text.firstRange(of: name) else { return nil }
            return Int(text[place.upperBound...].prefix { $0.isNumber })
        }
        return sizes.count < 3 || sizes.contains { !(1...1 << 20).contains($0) } ? nil : TIFFPage.product(sizes)
    }

    /// Returns the shape in a description such as `{"shape": [3, 96, 96]}` or `shape=(3, 96, 96)`, which tifffile
    /// writes for arrays; `nil` if there is none that makes sense.
    private static func shape(_ text: String) -> [Int]? {
        let isOld = text.hasPrefix("shape=(")
        guard isOld || text.hasPrefix("{"), let key = text.firstRange(of: isOld ? "shape=" : "\"shape\":"),
            let open = text[key.upperBound...].firstIndex(of: isOld ? "(" : "["),
            let close = text[open...].firstIndex(of: isOld ? ")" : "]")
        else { return nil }
        let sides = text[text.index(after: open)..<close].split(separator: ",").map { side in
            Int(side.filter { !$0.isWhitespace })
        }
        let shape = sides.compactMap(\.self)
        let isPlausible = shape.allSatisfy { (1...1 << 20).contains($0) } && TIFFPage.product(shape) != nil
        return shape.count == sides.count && !shape.isEmpty && isPlausible ? shape : nil
    }
}
