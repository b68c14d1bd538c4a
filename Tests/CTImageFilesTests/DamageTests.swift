@testable import CTImageFiles
import CTImages
import CTSupport
import TestSupport
import Testing

@Suite struct `A damaged file` {
    static let samples = [
        "u8-grey.png", "u4-grey-interlaced.png", "u8-palette-alpha.png", "u8-lzw-predictor.tif", "u16-zlib.tif",
        "u1-g3-2d.tif", "f32-lerc.tif", "u16-packbits.tif", "u8-alpha-planes.tif", "flat-jpeg.tif", "u16-lzma.tif",
        "i16-tiles-bigtiff-big-endian.tif",
    ].map { Fixture($0) }.filter(\.isDecodable)

    @Test(arguments: samples)
    func `that ends too early is refused`(fixture: Fixture) throws {
        let bytes = try fixture.bytes
        var read: [Int] = []
        for count in 0..<bytes.count where failure(Array(bytes[..<count]), limits: DecodeLimits(pixels: 1 << 16)) == nil
        {
            read.append(count)
        }
        // Padding at the end of a file is no loss, and JPEG data is whole without it.
        #expect(read.allSatisfy { $0 >= bytes.count - 4 }, "\(read) of \(bytes.count)")
    }

    @Test(arguments: samples)
    func `gives samples or an error, whatever byte is wrong`(fixture: Fixture) throws {
        let original = try fixture.bytes
        var refused = 0
        for place in original.indices {
            var bytes = original
            bytes[place] ^= place % 2 == 0 ? 0xFF : 1 << UInt8(place / 2 % 8)
            if let error = failure(bytes, limits: DecodeLimits(pixels: 1 << 16)) {
                refused += 1
                #expect(error.file == "test" && !error.found.isEmpty && !error.advice.isEmpty)
            }
        }
        #expect(refused > 0)
        if fixture.name.hasSuffix(".png") { #expect(refused == original.count) }
    }

    @Test func `that is no image is called so`() throws {
        #expect(failure([])?.code == .notAnImage)
        #expect(
            failure([1, 2, 3, 0xAB])?.description == """
                test: found a file that starts with the bytes 01 02 03 AB; expected a PNG or TIFF file. \
                Convert it, or leave it out.
                """)
        let folder = try TemporaryFolder()
        for path in [folder.file("none.png"), folder.path] {
            let error = #expect(throws: FileError.self) { try ImageFile(contentsOf: path) }
            #expect(error?.code == .unreadable)
            #expect(ImageFile.container(ofFileAt: path) == nil)
        }
        #expect(ImageFile.container(ofFileAt: Fixture("u8-grey.png").path) == .png)
        #expect(ImageFile.container(ofFileAt: Fixture("u8-none.tif").path) == .tiff)
    }

    @Test func `with directories in a circle is refused`() throws {
        var bytes = TIFFSample.file()
        let first = Int(bytes[4]) | Int(bytes[5]) << 8
        let count = Int(bytes[first])
        bytes.replaceSubrange((first + 2 + 12 * count)..<(first + 6 + 12 * count), with: bytes[4..<8])
        #expect(failure(bytes)?.code == .malformed)
    }
}

@Suite struct `A file that claims too much` {
    @Test func `is refused before memory is asked for`() throws {
        let header: [UInt8] = [0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF, 8, 0, 0, 0, 0]
        let png =
            PNGChunks.signature + PNGChunks.bytes(.init(type: "IHDR", data: header[...]))
            + PNGChunks.bytes(.init(type: "IDAT", data: [0])) + PNGChunks.bytes(.init(type: "IEND", data: []))
        #expect(failure(png)?.code == .tooLarge)
        #expect(failure(png, limits: DecodeLimits(pixels: .max))?.code == .malformed)
        let tiff = TIFFSample.file(width: 65535, height: 65535)
        #expect(failure(tiff)?.code == .tooLarge)
        #expect(failure(tiff, limits: DecodeLimits(pixels: .max))?.code == .malformed)
        let deflated = TIFFSample.file(width: 65535, height: 65535, tags: [259: 8])
        #expect(failure(deflated, limits: DecodeLimits(pixels: .max))?.code == .malformed)
    }

    @Test func `counts all its pages together`() throws {
        let bytes = try Fixture("u16-pages-tags.tif").bytes
        #expect(failure(bytes, limits: DecodeLimits(pixels: 3 * 17 * 11)) == nil)
        let error = failure(bytes, limits: DecodeLimits(pixels: 3 * 17 * 11 - 1))
        #expect(error?.code == .tooLarge)
        #expect(error?.found == "on page 3, 17×11 pixels after 374 others")
    }
}

@Suite struct `A file that is neither PNG nor TIFF` {
    /// `count` bytes, with `text` at an offset.
    private static func bytes(_ offset: Int, _ text: String, count: Int = 600) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xAA, count: count)
        bytes.replaceSubrange(offset..<offset + text.utf8.count, with: Array(text.utf8))
        return bytes
    }

    @Test(arguments: [
        (bytes(128, "DICM"), "a DICOM file", "--rescale"),
        (
            [8, 0, 5, 0] + Array("CS".utf8) + [10, 0] + [UInt8](repeating: 65, count: 10), "a DICOM file without",
            "PNG or TIFF"
        ),
        ([8, 0, 0, 0, 4, 0, 0, 0, 1, 2, 0, 0], "a DICOM file without", "PNG or TIFF"),
        ([0x5C, 1, 0, 0] + bytes(340, "n+1\0"), "a NIfTI volume", "TIFF"),
        (bytes(4, "n+2\0"), "a NIfTI volume", "TIFF"),
        ([0x5C, 1, 0, 0, 1, 2], "an Analyze or NIfTI header", "TIFF"), (bytes(0, "NRRD0004"), "an NRRD volume", "TIFF"),
        (bytes(0, "ObjectType = Image"), "a MetaImage header", "TIFF"),
        ([0x93] + bytes(0, "NUMPY"), "a NumPy array", "32-bit"),
        ([0x89] + bytes(0, "HDF\r\n\u{1A}\n"), "an HDF5 file", "TIFF"),
        ([0xFF, 0xD8, 0xFF, 0xE0], "a JPEG image", "again"),
        (bytes(4, "jP  "), "a JPEG 2000 image", "PNG"), (bytes(0, "GIF89a"), "a GIF image", "again"),
        (bytes(0, "BM"), "a Windows bitmap", "again"), (bytes(0, "P5\n512 512\n255\n"), "a PGM or PPM image", "PNG"),
        ([0x1F, 0x8B, 8], "a gzip archive", "Unpack"), (bytes(0, "PK\u{3}\u{4}"), "a ZIP archive", "Unpack"),
        (bytes(0, "version https://git-lfs.github.com/spec/v1"), "a Git LFS pointer", "git lfs pull"),
        (bytes(0, "\n<!DOCTYPE html><html>"), "a page of HTML", "Download"),
        ([UInt8](repeating: 0, count: 4096), "nothing but zeros", "Copy"), ([], "an empty file", "Convert"),
    ])
    func `is named, with what to do`(bytes: [UInt8], name: String, advice: String) throws {
        let error = failure(bytes)
        #expect(error?.code == .notAnImage)
        #expect(error?.found.hasPrefix(name) == true, "\(error?.found ?? "")")
        #expect(error?.advice.contains(advice) == true, "\(error?.advice ?? "")")
        // The same from a file, of which only the beginning is read.
        let folder = try TemporaryFolder()
        try FileAccess.save(bytes, to: folder.file("a.png"))
        let read = #expect(throws: FileError.self) { try ImageFile(contentsOf: folder.file("a.png")) }
        #expect(read?.found == error?.found)
    }
}

@Suite struct `A TIFF that is not a plain grey image` {
    @Test(arguments: [
        ([262: 4], FileError.Code.unsupported), ([262: 5], .color), ([262: 8], .color), ([277: 2], .unsupported),
        ([339: 6], .unsupported), ([258: 64], .unsupported), ([32997: 2], .unsupported), ([317: 2], .unsupported),
        ([259: 12345], .unsupported),
    ])
    func `is refused with a reason`(tags: [Int: Int], code: FileError.Code) {
        #expect(failure(TIFFSample.file(samples: [UInt8](repeating: 0, count: 64), tags: tags))?.code == code)
    }

    @Test func `among several pages is named`() throws {
        var file = TIFFAssembler(isBigEndian: false, isBig: false)
        for name in ["u8-none.tif", "color.tif"] {
            let bytes = try Fixture(name).bytes
            let directory = TIFFDirectories(bytes)
            let places = [273, 279].map { tag in
                directory.pages[0].first { $0.tag == tag }.map { directory.numbers($0).map { Int($0) } } ?? []
            }
            file.append(
                entries: directory.pages[0].filter { $0.tag != 273 && $0.tag != 279 },
                blocks: zip(places[0], places[1]).map { bytes[$0..<$0 + $1] }, tiled: false)
        }
        let error = failure(file.bytes)
        #expect(error?.code == .color)
        #expect(error?.found == "on page 2, the colour 0, 0, 60 at column 0, row 0")
    }

    @Test func `but lacks byte counts is read, and written with them`() throws {
        var bytes = TIFFSample.file()
        let entry = try #require(bytes.indices.first { bytes[$0...].starts(with: [0x17, 0x01, 4, 0, 1, 0, 0, 0]) })
        // A private tag in the place of StripByteCounts.
        bytes.replaceSubrange(entry..<entry + 2, with: [0xE8, 0xFD])
        let file = try ImageFile(bytes: bytes, file: "")
        #expect(file.pages[0].samples == [1, 2, 3, 4])
        let written = try file.encoded(file: "").bytes
        #expect(TIFFDirectories(written).pages[0].contains { $0.tag == 279 })
        #expect(try ImageFile(bytes: written, file: "").pages == file.pages)
    }

    @Test func `but an ImageJ stack in one page is refused`() {
        let text = Array("ImageJ=1.53\nimages=40\n\0".utf8)
        let entry = TIFFEntry(tag: 270, type: 2, count: text.count, value: text[...])
        #expect(
            failure(TIFFSample.file(extra: [entry]))?.found == "a stack of 40 images in 1 page, as ImageJ writes it")
    }

    @Test(arguments: [
        ("ImageJ=1.53\r\nimages=3\r\nslices=3", 3), ("ImageJ=1.53\nimages=1\n", 1),
        ("{\"shape\": [5, 2, 2], \"truncated\": true}", 5), ("{\"shape\": [2, 2]}", 1),
        ("{\"axes\": \"ZYX\", \"shape\": [ 3 , 1, 2, 2 ]}", 3), ("{\"shape\": [2, 2, 1]}", 1),
        ("shape=(3, 2, 2)", 3), ("shape=(2, 2)", 1), ("ImageJ=1.53\nframes=3\n", 3),
        ("ImageJ=1.53\nchannels=2\nslices=3\n", 6), ("<OME><Pixels SizeZ=\"5\" SizeC=\"1\" SizeT=\"2\"/></OME>", 10),
        ("<OME><Pixels SizeZ=\"1\" SizeC=\"1\" SizeT=\"1\"/></OME>", 1),
        ("<OME><Pixels SizeZ=\"5\" SizeC=\"1\" SizeT=\"1\"/><UUID FileName=\"b.tif\"/></OME>", 1),
        ("{\"shape\": [9223372036854775807, 2, 2]}", 1), ("{\"shape\": [3, x, 2]}", 1), ("{\"shape\": [", 1),
    ])
    func `is refused if its description claims more images than it has pages`(text: String, images: Int) {
        let value = Array(text.utf8) + [0]
        let entry = TIFFEntry(tag: 270, type: 2, count: value.count, value: value[...])
        let found = failure(TIFFSample.file(extra: [entry]))?.found
        #expect((found != nil) == (images > 1))
        #expect(found?.hasPrefix("a stack of \(images) images in 1 page") ?? true)
    }
}

@Suite struct `What a written file will not have` {
    private func file(_ entries: [TIFFEntry] = [], _ tags: [Int: Int] = [:]) throws -> ImageFile {
        try ImageFile(bytes: TIFFSample.file(tags: tags, extra: entries), file: "")
    }

    @Test func `is nothing of a plain file`() throws {
        #expect(try file().omissions == [])
        #expect(ImageFile(pages: try file().pages, container: .png).omissions == [])
    }

    @Test func `is a page that is a reduced image in colour, and its neighbours keep their tags`() throws {
        var assembler = TIFFAssembler(isBigEndian: false, isBig: false)
        func page(_ samples: [UInt8], _ tags: [Int: Int], name: String) {
            let bytes = TIFFSample.file(samples: samples, tags: tags)
            let text = Array(name.utf8) + [0]
            let entries = TIFFDirectories(bytes).pages[0].filter { $0.tag != 273 && $0.tag != 279 }
            assembler.append(
                entries: entries + [TIFFEntry(tag: 285, type: 2, count: text.count, value: text[...])],
                blocks: [samples[...]], tiled: false)
        }
        page([1, 2, 3, 4], [:], name: "first")
        page([9, 0, 0, 9, 0, 0, 9, 0, 0, 9, 0, 0], [254: 1, 262: 2, 277: 3], name: "thumbnail")
        page([5, 6, 7, 8], [:], name: "second")
        var file = try ImageFile(bytes: assembler.bytes, file: "")
        #expect(file.pages.map(\.samples) == [[1, 2, 3, 4], [5, 6, 7, 8]])
        #expect(file.omissions == ["page 2, a reduced image or a mask that is not grey"])
        file.pages[1].samples[0] = 50
        let written = try ImageFile(bytes: file.encoded(file: "").bytes, file: "")
        #expect(written.pages.map(\.samples) == [[1, 2, 3, 4], [50, 6, 7, 8]])
        #expect(written.pageSummaries.map { $0.texts.first?.value } == ["first", "second"])
        #expect(written.omissions == [])
    }

    @Test func `are layers and thumbnails in tags, and images in sub-directories`() throws {
        func entry(_ tag: Int, _ text: String) -> TIFFEntry {
            TIFFEntry(tag: tag, type: 7, count: text.utf8.count, value: Array(text.utf8)[...])
        }
        let entries = [
            entry(37724, "Adobe Photoshop Document Data Block\u{0}8BIMLayr"), entry(34377, "8BIM\u{4}\u{C}…"),
            entry(700, "<x:xmpmeta><xmpGImg:image>…</xmpGImg:image></x:xmpmeta>"),
        ]
        for other in entries {
            let file = try self.file([other])
            #expect(file.omissions == ["metadata with another version of the image: layers or a thumbnail"])
            let written = TIFFDirectories(try file.encoded(file: "").bytes).pages[0]
            #expect(!written.contains { $0.tag == other.tag })
        }
        let harmless = [entry(34377, "8BIM\u{4}\u{4}…"), entry(700, "<x:xmpmeta/>")]
        let file = try self.file(harmless)
        #expect(file.omissions == [])
        #expect(
            TIFFDirectories(try file.encoded(file: "").bytes).pages[0].filter { [700, 34377].contains($0.tag) }.count
                == 2)
    }

    @Test func `is told of frames of an animated PNG`() throws {
        let chunks = try PNGChunks(Fixture("u16-grey.png").bytes)
        let control = PNGChunks.Chunk(type: "acTL", data: [0, 0, 0, 7, 0, 0, 0, 0])
        let bytes = PNGFile.bytes(chunks, before: [control])
        let file = try ImageFile(bytes: bytes, file: "")
        #expect(file.omissions == ["the 7 frames of an animation, of which only the still image is kept"])
    }
}

@Suite struct `Values that stand for no data` {
    @Test func `are declared by a tag of GDAL, as text`() throws {
        func noData(_ text: String) throws -> [Double] {
            let value = Array(text.utf8)
            let entry = TIFFEntry(tag: 42113, type: 2, count: value.count, value: value[...])
            return try ImageFile(bytes: TIFFSample.file(extra: [entry]), file: "").pages[0].noData
        }
        #expect(try noData("-9999\0") == [-9999] && noData(" 3 \0") == [3] && noData("none\0") == [])
        #expect(try ImageFile(bytes: TIFFSample.file(), file: "").pages[0].noData == [])
    }

    @Test func `are the transparent one of a PNG`() throws {
        let chunks = try PNGChunks(Fixture("u16-grey.png").bytes)
        let bytes = PNGFile.bytes(chunks, before: [.init(type: "tRNS", data: [1, 2])])
        #expect(try ImageFile(bytes: bytes, file: "").pages[0].noData == [258])
    }
}

@Suite struct `A PNG in which one grey value is transparent` {
    @Test(arguments: ["u16-grey.png", "u8-grey.png", "u16-rgb.png"])
    func `has the same transparent pixels after its grey has changed`(name: String) throws {
        let chunks = try PNGChunks(Fixture(name).bytes)
        let samples = try ImageFile(bytes: Fixture(name).bytes, file: "").pages[0].samples
        let key = Int(samples[5])
        let value = [UInt8(key >> 8), UInt8(key & 255)]
        let data = chunks.header.colorType == 2 ? value + value + value : value
        let bytes = PNGFile.bytes(chunks, before: [.init(type: "tRNS", data: data[...])])
        var file = try ImageFile(bytes: bytes, file: "")
        let same = try PNGChunks(file.encoded(file: "").bytes)
        #expect(same["tRNS"].map { Array($0) } == data && same.header == chunks.header)
        file.pages[0].samples = samples.map { $0 == 0 ? 1 : $0 - 1 }
        let changed = try file.encoded(file: "").bytes
        let written = try PNGChunks(changed)
        #expect(written["tRNS"] == nil && written.header.colorType == chunks.header.colorType + 4)
        let rows = try PNGCodec.rows(of: written)
        let encoding = SampleEncoding(kind: .unsignedInteger, bits: written.header.depth, isBigEndian: true)
        var alpha = [Double](repeating: 0, count: samples.count)
        for y in 0..<written.header.height {
            encoding.read(
                written.header.width, from: rows, row: y * written.header.rowBytes,
                first: written.header.channels - 1, step: written.header.channels, into: &alpha,
                at: y * written.header.width)
        }
        let opaque = Double((1 << written.header.depth) - 1)
        #expect(alpha == samples.map { $0 == Double(key) ? 0 : opaque })
        #expect(try ImageFile(bytes: changed, file: "").pages[0].samples == file.pages[0].samples)
    }
}

/// PNG files put together of chunks.
enum PNGFile {
    /// The file of some chunks, with others before its image.
    static func bytes(_ chunks: PNGChunks, before: [PNGChunks.Chunk]) -> [UInt8] {
        let header = chunks.header
        func four(_ number: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } }
        let start =
            four(header.width) + four(header.height)
            + [UInt8(header.depth), UInt8(header.colorType), 0, 0, header.interlaced ? 1 : 0]
        let all =
            [PNGChunks.Chunk(type: "IHDR", data: start[...])] + chunks.before + before + chunks.data + chunks.after
        return PNGChunks.signature + (all + [.init(type: "IEND", data: [])]).flatMap { PNGChunks.bytes($0) }
    }
}
