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
            failure(Array("GIF89a".utf8))?.description == """
                test: found a file that starts with the bytes 47 49 46 38 39 61; expected a PNG or TIFF file. \
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

    @Test func `but an ImageJ stack in one page is refused`() {
        let text = Array("ImageJ=1.53\nimages=40\n\0".utf8)
        let entry = TIFFEntry(tag: 270, type: 2, count: text.count, value: text[...])
        #expect(failure(TIFFSample.file(extra: [entry]))?.found == "an ImageJ stack of 40 images in one page")
    }
}
