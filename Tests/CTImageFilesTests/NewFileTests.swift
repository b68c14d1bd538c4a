import CTImageFiles
import CTImages
import CTSupport
import TestSupport
import Testing

@Suite struct `A new file` {
    static let formats: [SampleFormat] =
        (1...32).flatMap { bits -> [SampleFormat] in
            [.init(kind: .unsignedInteger, bits: bits), .init(kind: .signedInteger, bits: bits)]
        } + [16, 32, 64].map { .init(kind: .floatingPoint, bits: $0) }

    @Test(arguments: formats)
    func `as TIFF brings every format back`(format: SampleFormat) throws {
        let pages = [0, 1].map { page in
            CTSlice(width: 17, height: 11, samples: Fixture.samples(format, page: page), format: format)
        }
        let bytes = try ImageFile(pages: pages, container: .tiff).encoded(file: "").bytes
        #expect(try ImageFile(bytes: bytes, file: "").pages == pages)
    }

    @Test(arguments: 1...16)
    func `as PNG brings unsigned integers back`(bits: Int) throws {
        let format = SampleFormat(kind: .unsignedInteger, bits: bits)
        let slice = CTSlice(width: 17, height: 11, samples: Fixture.samples(format), format: format)
        let bytes = try ImageFile(pages: [slice], container: .png).encoded(file: "").bytes
        let again = try ImageFile(bytes: bytes, file: "").pages[0]
        #expect(again.samples == slice.samples)
        #expect(again.scale == slice.scale)
    }

    @Test(arguments: [16, 32, 64])
    func `keeps numbers that are not finite, and the smallest`(bits: Int) throws {
        let format = SampleFormat(kind: .floatingPoint, bits: bits)
        let least: Double =
            [16: 0x1p-24, 32: Double(Float.leastNonzeroMagnitude), 64: .leastNonzeroMagnitude][bits] ?? 0
        let samples = [.infinity, -.infinity, -0.0, least, -least * 3, .nan]
        let slice = CTSlice(width: 6, height: 1, samples: samples, format: format)
        let again = try ImageFile(bytes: ImageFile(pages: [slice], container: .tiff).encoded(file: "").bytes, file: "")
        #expect(again.pages[0].samples.dropLast() == samples.dropLast())
        #expect(again.pages[0].samples[2].sign == .minus)
        #expect(again.pages[0].samples[5].isNaN)
    }

    @Test func `rounds to the nearest half-precision number`() throws {
        let slice = CTSlice(
            width: 4, height: 1, samples: [2049, 2051, 0.1, 70000], format: .init(kind: .floatingPoint, bits: 16))
        let (bytes, clamped) = try ImageFile(pages: [slice], container: .tiff).encoded(file: "")
        #expect(try ImageFile(bytes: bytes, file: "").pages[0].samples == [2048, 2052, 0.0999755859375, 65504])
        #expect(clamped == 1)
    }

    @Test func `rounds, clamps and counts`() throws {
        let slice = CTSlice(width: 5, height: 1, samples: [-0.6, -0.4, 2.5, 255.5, .nan], format: .uint8)
        let folder = try TemporaryFolder()
        let clamped = try ImageFile(pages: [slice], container: .png).write(to: folder.file("a.png"))
        #expect(clamped == 3)
        #expect(try ImageFile(contentsOf: folder.file("a.png")).pages[0].samples == [0, 0, 3, 255, 0])
        #expect(try folder.contents() == ["a.png"])
    }

    @Test func `as PNG refuses what PNG cannot hold`() {
        let float = CTSlice(width: 1, height: 1, samples: [0], format: .float32)
        let grey = CTSlice(width: 1, height: 1, samples: [0], format: .uint8)
        for pages in [[float], [grey, grey]] {
            #expect(throws: FileError.self) { try ImageFile(pages: pages, container: .png).encoded(file: "") }
        }
    }

    @Test func `of another size than the original keeps the texts`() throws {
        for name in ["u16-12-bits.png", "u16-pages-tags.tif"] {
            var file = try ImageFile(contentsOf: Fixture(name).path)
            let slice = CTSlice(width: 3, height: 2, samples: [1, 2, 3, 4, 5, 6], format: .uint8)
            file.pages = [slice]
            let again = try ImageFile(bytes: file.encoded(file: "").bytes, file: "")
            #expect(again.pages.map(\.samples) == [slice.samples])
            #expect(again.pages[0].format == .uint8)
            #expect(again.pageSummaries[0].texts == file.pageSummaries[0].texts)
        }
    }
}

@Suite struct `Writing` {
    let slice = CTSlice(width: 1, height: 1, samples: [7], format: .uint8)

    @Test func `refuses to replace a file unless asked to`() throws {
        let folder = try TemporaryFolder()
        let file = ImageFile(pages: [slice], container: .tiff)
        try file.write(to: folder.file("a.tif"))
        let error = #expect(throws: FileError.self) { try file.write(to: folder.file("a.tif")) }
        #expect(error?.code == .alreadyExists)
        try ImageFile(pages: [slice, slice], container: .tiff).write(to: folder.file("a.tif"), overwrite: true)
        #expect(try ImageFile(contentsOf: folder.file("a.tif")).pages.count == 2)
        #expect(try folder.contents() == ["a.tif"])
    }

    @Test func `where it cannot says so, and leaves nothing behind`() throws {
        let folder = try TemporaryFolder()
        let file = ImageFile(pages: [slice], container: .tiff)
        let missing = #expect(throws: FileError.self) { try file.write(to: folder.file("none/a.tif")) }
        #expect(missing?.code == .unwritable)
        let onFolder = #expect(throws: FileError.self) { try file.write(to: folder.path, overwrite: true) }
        #expect(onFolder?.code == .unwritable)
        #expect(try folder.contents() == [])
    }
}
