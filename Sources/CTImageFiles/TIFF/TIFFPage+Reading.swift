internal import CImageShims
internal import CTImages
internal import CTSupport

extension TIFFPage {
    /// Creates the layout of a page from libtiff's description of it, and validates it.
    ///
    /// - Parameters:
    ///   - raw: libtiff's description of the page.
    ///   - limits: The limits on the page's size.
    ///   - isBigEndian: The byte order of the file.
    ///   - bytesInFile: The size of the file, which bounds the number of pixels.
    ///   - colorMap: Returns the colour map for a number of colours: all red, then green, then blue values.
    init(
        _ raw: ct_tiff_page, limits: DecodeLimits, isBigEndian: Bool, bytesInFile: Int,
        colorMap: (Int) throws(CodecFailure) -> [UInt16]
    ) throws(CodecFailure) {
        try Self.checkShape(raw)
        let (colors, isInverted) = try Self.colors(raw)
        try Self.checkChannels(raw, colors: colors)
        encoding = try Self.encoding(raw, isBigEndian: isBigEndian)
        format = encoding.format
        self.raw = raw
        self.colors = colors
        self.isInverted = isInverted
        try checkSize(limits: limits, bytesInFile: bytesInFile)
        if raw.photometric == 3 { try setLevels(colorMap) }
    }

    private static let convert = "Convert the file to grey integers or floating point."

    private static func checkShape(_ raw: ct_tiff_page) throws(CodecFailure) {
        guard raw.width > 0, raw.height > 0 else {
            throw .malformed("a size of \(raw.width)×\(raw.height)", expected: "at least one pixel")
        }
        guard raw.depth == 1 else {
            throw .unsupported("a volume of depth \(raw.depth)", expected: "flat pages", advice: convert)
        }
    }

    /// Returns the number of grey or colour samples per pixel, and whether low values are white.
    private static func colors(_ raw: ct_tiff_page) throws(CodecFailure) -> (colors: Int, isInverted: Bool) {
        switch raw.photometric {
        case 0: return (1, true)
        case 1, 3: return (1, false)
        case 2: return (3, false)
        case UInt16(CT_TIFF_ABSENT):
            // Fax compression is black on white; other files mostly are white on black.
            return (Int(raw.samples) - Int(raw.extra_count) == 3 ? 3 : 1, (2...4).contains(raw.compression))
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
    }

    private static func checkChannels(_ raw: ct_tiff_page, colors: Int) throws(CodecFailure) {
        guard raw.samples >= colors, Int(raw.samples) - colors == raw.extra_count, raw.extra_count <= 8 else {
            throw .unsupported(
                "\(raw.samples) samples per pixel, \(raw.extra_count) of them declared as extra",
                expected: "\(colors) plus those declared as extra", advice: convert)
        }
        let extras = [raw.extras.0, raw.extras.1, raw.extras.2, raw.extras.3]
        guard raw.extra_count <= 1, extras.prefix(Int(raw.extra_count)).allSatisfy({ $0 == 1 || $0 == 2 }) else {
            throw .unsupported(
                "\(raw.extra_count) extra samples per pixel that are not transparency", expected: "one channel",
                advice: "Save each channel as a separate page or file.")
        }
    }

    private static func encoding(_ raw: ct_tiff_page, isBigEndian: Bool) throws(CodecFailure) -> SampleEncoding {
        let bits = Int(raw.bits)
        switch raw.sample_format {
        case 1 where (1...32).contains(bits), 4 where (1...32).contains(bits):
            return encoding(.unsignedInteger, bits, isBigEndian: isBigEndian)
        case 2 where (1...32).contains(bits): return encoding(.signedInteger, bits, isBigEndian: isBigEndian)
        case 3 where [16, 24, 32, 64].contains(bits):
            return encoding(.floatingPoint, bits, isBigEndian: isBigEndian)
        default:
            let kinds: [UInt16: String] = [
                1: "unsigned integers", 2: "signed integers", 3: "floating point", 5: "complex integers",
                6: "complex numbers",
            ]
            throw .unsupported(
                "\(bits)-bit \(kinds[raw.sample_format] ?? "samples of format \(raw.sample_format)")",
                expected: "integers of up to 32 bits, or floating point of 16, 24, 32 or 64", advice: convert)
        }
    }

    private func checkSize(limits: DecodeLimits, bytesInFile: Int) throws(CodecFailure) {
        // Checked before any multiplication, since sizes and counts are still arbitrary 32-bit numbers.
        try limits.check(width: width, height: height, used: 0)
        guard raw.block_width > 0, raw.block_height > 0, Self.product([columns, rows, planes]) == Int(raw.blocks) else {
            throw .malformed(
                "\(raw.blocks) blocks of \(raw.block_width)×\(raw.block_height)",
                expected: "blocks that cover \(width)×\(height) pixels")
        }
        // A tile may be larger than a small image, but only within reason.
        guard let area = Self.product([blockWidth, blockHeight]), area <= max(limits.pixels, 1 << 24),
            let claimed = Self.product([rowBytes, blockHeight, columns])
        else {
            throw CodecFailure(
                .tooLarge, found: "tiles of \(blockWidth)×\(blockHeight)",
                expected: "no more than \(limits.pixels) pixels",
                advice: "Raise the limit on pixels if the file can be trusted.")
        }
        // The maximum expansion of each scheme, so that a short file cannot claim much memory.
        let ratios: [UInt16: Int] = [1: 1, 5: 3000, 8: 1040, 32946: 1040, 32773: 64]
        guard claimed / (ratios[raw.compression] ?? claimed) <= bytesInFile else {
            throw .malformed(
                "a file of \(bytesInFile) bytes", expected: "enough for \(width)×\(height) pixels")
        }
    }

    /// Returns the product, or `nil` on overflow.
    static func product(_ factors: [Int]) -> Int? {
        var result = 1
        for factor in factors {
            let (product, overflow) = result.multipliedReportingOverflow(by: factor)
            if overflow { return nil }
            result = product
        }
        return result
    }

    private mutating func setLevels(_ colorMap: (Int) throws(CodecFailure) -> [UInt16]) throws(CodecFailure) {
        guard raw.bits <= 16, encoding.kind == .unsignedInteger else {
            throw .malformed("a palette image of \(format)", expected: "unsigned integers up to 16 bits")
        }
        let map = try colorMap(1 << Int(raw.bits))
        let count = map.count / 3
        // Colours that are not grey are an error only where they are used; NaN marks them.
        var levels = (0..<count).map { index in
            let red = map[index]
            return red == map[count + index] && red == map[2 * count + index] ? Double(red) : .nan
        }
        let known = levels.filter { !$0.isNaN }
        if known.allSatisfy({ $0.truncatingRemainder(dividingBy: 257) == 0 }) {
            // 8 bits widened to 16, as the specification requires.
            levels = levels.map { $0 / 257 }
            format = .uint8
        } else if known.allSatisfy({ $0 < 256 }) {
            // 8 bits as written by some programs.
            format = .uint8
        } else {
            format = .uint16
        }
        self.levels = levels
    }
}
