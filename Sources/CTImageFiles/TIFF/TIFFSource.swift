internal import CImageShims
internal import CTImages
internal import CTSupport

/// A TIFF file being read, positioned at one of its pages.
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

    /// Calls a reading function, with the address of the file's bytes, which is valid only during the call.
    private func reading(_ call: (OpaquePointer) -> ct_status) -> ct_status {
        unsafe file.withUnsafeBufferPointer { bytes in
            unsafe ct_tiff_place(handle, bytes.baseAddress)
            return unsafe call(handle)
        }
    }

    /// Returns the layout of the current page. `bytesInFile` bounds the number of its pixels.
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

    /// Moves to the next page; returns `false` if there is none.
    func nextPage() throws(CodecFailure) -> Bool {
        var moved = false
        try CodecFailure.check(unsafe reading { unsafe ct_tiff_next_page($0, &moved) }, expected: "another page")
        return moved
    }

    /// Returns a decoded strip or tile.
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

    /// Returns the samples of the current page.
    func samples(_ page: TIFFPage) throws(CodecFailure) -> [Double] {
        // Larger pages allocate memory only as samples are decoded.
        if page.hasGreyStrips, page.width * page.height <= 1 << 24 { return try greyStrips(page) }
        var samples: [Double] = []
        // Band by band, so that memory grows only with what has been decoded.
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
                            advice: "Convert the file to grey if its colours carry no meaning.")
                    }
                    bands[0][place] = level
                }
            }
            samples += bands[0]
        }
        // Alpha planes are needed only for writing, but damage in them should be detected now.
        if page.isPlanar {
            for number in page.blocks / page.planes * page.colors..<page.blocks { _ = try block(number, of: page) }
        }
        return samples
    }

    /// Returns the samples of the current page, if its strips contain only grey samples and alpha.
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
