@testable import CTImageFiles
import CTImages
import CTSupport
import Testing

@Suite struct `A file of another encoder` {
    @Test(arguments: Fixture.regular)
    func `comes in as stored, and goes out the same`(fixture: Fixture) throws {
        let file = try ImageFile(contentsOf: fixture.path)
        let format = try #require(fixture.kind)
        #expect(file.pages.count == (fixture.name.contains("pages") ? 3 : 1))
        for (index, page) in file.pages.enumerated() {
            #expect(page.width == 17 && page.height == 11)
            #expect(page.format == format)
            let twelve = SampleFormat(kind: .unsignedInteger, bits: 12)
            let samples = Fixture.samples(fixture.name.contains("12-bits") ? twelve : format, page: index)
            #expect(page.samples == samples)
        }

        let (bytes, clamped) = try file.encoded(file: fixture.name)
        #expect(clamped == 0)
        let again = try ImageFile(bytes: bytes, file: fixture.name)
        #expect(again.pages == file.pages)
        if !fixture.name.contains("palette") { #expect(again.pageSummaries == file.pageSummaries) }
        #expect(try again.encoded(file: fixture.name).bytes == bytes)
    }

    /// Says aloud which fixtures the tests of all of them leave out here.
    @Test(
        .disabled(
            if: !Fixture.undecodable.isEmpty,
            "left out, since this libtiff lacks their compression: \(Fixture.undecodable.map(\.name))"))
    func `has a compression that libtiff has`() {
        #expect(Fixture.regular.count == Fixture.all.count { $0.kind != nil })
    }

    @Test func `that is a Big TIFF in another byte order stays one`() throws {
        let file = try ImageFile(contentsOf: Fixture("i16-tiles-bigtiff-big-endian.tif").path)
        let layout = "tiles of 32×16, big-endian, BigTIFF"
        #expect(file.pageSummaries[0].layout == layout)
        #expect(try file.encoded(file: "").bytes.prefix(4) == [0x4D, 0x4D, 0, 43])
    }

    @Test(arguments: [
        "u8-alpha.tif", "u8-alpha-planes.tif", "u8-alpha.png", "u16-alpha.png", "u16-rgba-interlaced.png",
    ])
    func `keeps its alpha when its grey changes`(name: String) throws {
        let fixture = Fixture(name)
        var file = try ImageFile(contentsOf: fixture.path)
        let grey = file.pages[0].samples
        file.pages[0].samples = Array(grey.reversed())
        let changed = try ImageFile(bytes: file.encoded(file: name).bytes, file: name)
        #expect(changed.pages[0].samples == grey.reversed())
        // Back again, all of it is as it was.
        file = changed
        file.pages[0].samples = grey
        #expect(try file.encoded(file: name).bytes == ImageFile(contentsOf: fixture.path).encoded(file: name).bytes)
        #expect(try alpha(of: file.encoded(file: name).bytes) == Fixture.samples(try #require(fixture.kind), page: 7))
    }

    /// A palette of 256 greys in 16 bits with alpha of 8, which is written as 16-bit grey; and one whose greys fit 8.
    @Test(arguments: [257, 100], [1, 2])
    func `keeps the alpha of a palette whose grey is written with another width`(step: Int, planar: Int) throws {
        let map = (0..<3).flatMap { _ in (0..<256).flatMap { TIFFSample.bytes($0 * step, 2) } }
        let extra = [
            TIFFEntry(tag: 258, type: 3, count: 2, value: [8, 0, 8, 0]),
            TIFFEntry(tag: 320, type: 3, count: 768, value: map[...]),
        ]
        // Chunky: index, alpha, index, alpha …; planes: all indices, then all alphas.
        let samples: [UInt8] = planar == 1 ? [10, 255, 20, 0, 30, 128, 40, 1] : [10, 20, 30, 40, 255, 0, 128, 1]
        let tags = [262: 3, 277: 2, 284: planar, 338: 2]
        var bytes = TIFFSample.file(samples: samples, tags: tags, extra: extra, without: [258])
        if planar == 2 {
            bytes = TIFFSample.file(blocks: [samples[..<4], samples[4...]], tags: tags, extra: extra, without: [258])
        }
        var file = try ImageFile(bytes: bytes, file: "palette")
        let isNarrow = step == 257
        #expect(file.pages[0].samples == [10, 20, 30, 40].map { isNarrow ? $0 : $0 * 100 })
        file.pages[0].samples[0] += 1
        let written = try file.encoded(file: "palette").bytes
        #expect(try ImageFile(bytes: written, file: "grey").pages[0].samples == file.pages[0].samples)
        #expect(try alpha(of: written) == [255, 0, 128, 1].map { isNarrow ? $0 : $0 * 257 })
    }

    @Test func `keeps the alpha of 24-bit floating point, which is written with 32`() throws {
        // 0 01111111 0… is 1 in this format, 0 10000000 0… is 2.
        func number(_ exponent: Int) -> [UInt8] { [0, 0, UInt8(exponent)] }
        let samples = (0..<4).flatMap { number(62 + $0) + number(64) }
        let extra = [
            TIFFEntry(tag: 258, type: 3, count: 2, value: [24, 0, 24, 0]),
            TIFFEntry(tag: 339, type: 3, count: 2, value: [3, 0, 3, 0]),
        ]
        let bytes = TIFFSample.file(samples: samples, tags: [277: 2, 338: 2], extra: extra, without: [258])
        var file = try ImageFile(bytes: bytes, file: "float24")
        #expect(file.pages[0].samples == [0.5, 1, 2, 4])
        file.pages[0].samples[1] = 7
        let written = try file.encoded(file: "float24").bytes
        #expect(try ImageFile(bytes: written, file: "float32").pages[0].samples == [0.5, 7, 2, 4])
        #expect(try alpha(of: written) == [2, 2, 2, 2])
    }

    /// The last sample of every pixel, by reading the alpha of a file as if it were its grey.
    private func alpha(of bytes: [UInt8]) throws -> [Double] {
        if let source = try? TIFFSource(bytes, limits: DecodeLimits(), isBigEndian: false) {
            let page = try source.page(bytesInFile: bytes.count)
            var result = [Double](repeating: .nan, count: page.width * page.height)
            for block in 0..<page.blocks where !page.isPlanar || block >= page.blocks / 2 {
                let samples = try source.block(block, of: page)
                let area = page.area(of: block)
                for y in 0..<area.height {
                    page.encoding.read(
                        area.width, from: samples, row: y * page.rowBytes, first: page.isPlanar ? 0 : 1,
                        step: page.samplesInPlane, into: &result, at: (area.y + y) * page.width)
                }
            }
            return result
        }
        let chunks = try PNGChunks(bytes)
        let rows = try PNGCodec.rows(of: chunks)
        let header = chunks.header
        var result = [Double](repeating: .nan, count: header.width * header.height)
        for y in 0..<header.height {
            SampleEncoding(kind: .unsignedInteger, bits: header.depth, isBigEndian: true).read(
                header.width, from: rows, row: y * header.rowBytes, first: header.channels - 1, step: header.channels,
                into: &result, at: y * header.width)
        }
        return result
    }

    @Test(.enabled(if: Fixture("flat-jpeg.tif").isDecodable, "this libtiff lacks JPEG"))
    func `with a lossy compression is written with a lossless one`() throws {
        let file = try ImageFile(contentsOf: Fixture("flat-jpeg.tif").path)
        #expect(file.pages[0].samples == [Double](repeating: 128, count: 256))
        #expect(file.pageSummaries[0].notes == ["written with Deflate"])
        let again = try ImageFile(bytes: file.encoded(file: "").bytes, file: "")
        #expect(again.pages == file.pages)
        #expect(again.pageSummaries[0].compression == "Deflate")
    }

    @Test(arguments: ["color.png", "color.tif"])
    func `that is coloured is refused, saying where`(name: String) throws {
        let error = try #require(failure(Fixture(name).bytes))
        #expect(error.code == .color)
        #expect(error.found == "the colour 0, 0, 60 at column 0, row 0")
    }

    @Test func `with a palette becomes grey, with its alpha and background`() throws {
        let file = try ImageFile(contentsOf: Fixture("u8-palette-alpha.png").path)
        let chunks = try PNGChunks(file.encoded(file: "").bytes)
        #expect(chunks.header.colorType == 4)
        let background = try ImageFile(contentsOf: Fixture("u8-palette.png").path)
        let written = try PNGChunks(background.encoded(file: "").bytes)
        #expect(written.header.colorType == 0)
        #expect(written["bKGD"] == [0, 252])
        #expect(written["PLTE"] == nil)
    }
}

@Suite struct `What is beside the samples` {
    @Test func `in a TIFF is copied byte for byte, page by page`() throws {
        let fixture = Fixture("u16-pages-tags.tif")
        var file = try ImageFile(contentsOf: fixture.path)
        for index in file.pages.indices { file.pages[index].samples.reverse() }
        let before = TIFFDirectories(try fixture.bytes)
        let after = TIFFDirectories(try file.encoded(file: "").bytes)
        #expect(before.pages.count == 3 && after.pages.count == 3)
        for (old, new) in zip(before.pages, after.pages) {
            let places = [273, 279]
            let kept = old.filter { !places.contains($0.tag) }.allSatisfy { entry in
                new.contains {
                    $0.tag == entry.tag && (TIFFPage.structuralTags.contains($0.tag) || $0.type == entry.type)
                        && before.numbers($0) == after.numbers(entry)
                        && (TIFFPage.structuralTags.contains($0.tag) || $0.value == entry.value)
                }
            }
            #expect(kept)
        }
        let summary = file.pageSummaries[1]
        #expect(summary.resolution == "72.5 × 36.25 pixels per cm")
        #expect(summary.texts.first { $0.name == "Artist" }?.value == "An artist")
        #expect(summary.notes == ["orientation 4, kept and not applied"])
    }

    @Test func `in Exif directories is copied too`() throws {
        let exif = [TIFFEntry(tag: 33434, type: 5, count: 1, value: [1, 0, 0, 0, 125, 0, 0, 0])]
        let gps = [TIFFEntry(tag: 1, type: 2, count: 2, value: [78, 0])]
        let bytes = TIFFSample.file(extra: [
            TIFFEntry(tag: 34665, type: 4, count: 1, value: [], directory: exif),
            TIFFEntry(tag: 34853, type: 13, count: 1, value: [], directory: gps),
        ])
        let written = TIFFDirectories(try ImageFile(bytes: bytes, file: "").encoded(file: "").bytes)
        let page = try #require(written.pages.first)
        #expect(page.first { $0.tag == 34665 }?.directory?.first?.value == [1, 0, 0, 0, 125, 0, 0, 0])
        #expect(page.first { $0.tag == 34853 }?.directory?.first?.value == [78, 0])
    }

    @Test func `in a PNG is copied byte for byte, but for what depends on the samples`() throws {
        let fixture = Fixture("u16-12-bits.png")
        var file = try ImageFile(contentsOf: fixture.path)
        file.pages[0].samples.reverse()
        let before = try PNGChunks(fixture.bytes)
        let after = try PNGChunks(file.encoded(file: "").bytes)
        let kept = before.before.filter { $0.type != "prVT" }
        #expect(after.before.map(\.type) == kept.map(\.type))
        #expect(after.before.map { Array($0.data) } == kept.map { Array($0.data) })
        #expect(after.after.map(\.type) == ["tEXt", "zTXt", "iTXt", "tIME"])
        #expect(after.after.map { Array($0.data) } == before.after.map { Array($0.data) })
        let summary = file.pageSummaries[0]
        #expect(summary.resolution == "2.0 × 1.0 pixels per mm")
        #expect(summary.texts.map(\.value) == ["A title", "(compressed)", "é"])
    }
}

@Suite struct `The declared range` {
    @Test func `of a PNG is its significant bits, which also bound what is written`() throws {
        var file = try ImageFile(contentsOf: Fixture("u16-12-bits.png").path)
        #expect(file.pages[0].scale == IntensityScale(assuming: 0...4095))
        file.pages[0].samples[0] = 5000
        let (bytes, clamped) = try file.encoded(file: "")
        #expect(clamped == 1)
        let again = try ImageFile(bytes: bytes, file: "").pages[0]
        #expect(again.scale == file.pages[0].scale)
        #expect(again.samples[0] == 4095)
    }

    @Test(arguments: [ImageFile.Container.png, .tiff])
    func `of a new file is written into it`(container: ImageFile.Container) throws {
        let slice = CTSlice(
            width: 2, height: 1, samples: [0, 1023], format: .uint16, scale: IntensityScale(assuming: 0...1023))
        let file = ImageFile(pages: [slice], container: container)
        #expect(try ImageFile(bytes: file.encoded(file: "").bytes, file: "").pages == [slice])
    }

    @Test func `is the whole range if a sample is beyond it`() {
        let entries = [(340, 1), (341, 3)].map { TIFFEntry(tag: $0, type: 3, count: 1, value: [$1, 0]) }
        func scale(_ samples: [UInt8]) -> IntensityScale? {
            try? ImageFile(bytes: TIFFSample.file(samples: samples, extra: entries), file: "").pages[0].scale
        }
        #expect(scale([1, 2, 2, 1]) == IntensityScale(assuming: 1...3))
        #expect(scale([1, 2, 3, 4]) == IntensityScale(assuming: 0...255))
    }

    @Test(arguments: [(24, 200, 255), (0, 200, 255), (1, 255, 255), (0, 127, 127), (0, 255, 255)])
    func `is no declaration if it says which samples occur, unless it is one of whole bits`(
        low: Int, high: Int, top: Int
    ) throws {
        let entries = [(340, low), (341, high)].map {
            TIFFEntry(tag: $0, type: 3, count: 1, value: [UInt8($1), 0])
        }
        let samples = [low, 30, 100, high].map { UInt8($0) }
        let file = try ImageFile(bytes: TIFFSample.file(samples: samples, extra: entries), file: "")
        #expect(file.pages[0].scale == IntensityScale(assuming: 0...Double(top)))
    }

    @Test func `is upside down where low is white`() throws {
        let page = try ImageFile(contentsOf: Fixture("u8-min-is-white.tif").path).pages[0]
        #expect(page.scale == IntensityScale(assuming: 0...255, inverted: true))
    }
}

/// A TIFF of 2×2 uncompressed 8-bit samples, put together here.
enum TIFFSample {
    /// Returns a file with `tags` added as 32-bit numbers and `extra` unchanged, from which the tags in `without` are
    /// removed unless they are in `extra`.
    static func file(
        samples: [UInt8] = [1, 2, 3, 4], width: Int = 2, height: Int = 2, tags: [Int: Int] = [:],
        extra: [TIFFEntry] = [], tiled: Bool = false, without: Set<Int> = []
    ) -> [UInt8] {
        file(
            blocks: [samples[...]], width: width, height: height, tags: tags, extra: extra, tiled: tiled,
            without: without)
    }

    /// The same, of several strips or tiles.
    static func file(
        blocks: [ArraySlice<UInt8>], width: Int = 2, height: Int = 2, tags: [Int: Int] = [:],
        extra: [TIFFEntry] = [], tiled: Bool = false, without: Set<Int> = []
    ) -> [UInt8] {
        var numbers = [256: width, 257: height, 258: 8, 259: 1, 262: 1, 277: 1]
        if !tiled { numbers[278] = height }
        numbers.merge(tags) { $1 }
        let entries = numbers.filter { !without.contains($0.key) }.map { tag, number in
            TIFFEntry(tag: tag, type: 4, count: 1, value: bytes(number, 4)[...])
        }
        var file = TIFFAssembler(isBigEndian: false, isBig: false)
        file.append(entries: entries + extra, blocks: blocks, tiled: tiled)
        return file.bytes
    }

    /// A tag of one 64-bit floating-point number.
    static func entry(_ tag: Int, _ value: Double) -> TIFFEntry {
        TIFFEntry(tag: tag, type: 12, count: 1, value: bytes(Int(bitPattern: UInt(value.bitPattern)), 8)[...])
    }

    /// A number from its low byte up.
    static func bytes(_ number: Int, _ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}
