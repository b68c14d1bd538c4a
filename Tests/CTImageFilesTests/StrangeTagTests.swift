@testable import CTImageFiles
import CTImages
import CTSupport
import TestSupport
import Testing

/// libtiff lets much pass with a warning that no writer would write: every tag that is read here has to take it.
@Suite struct `A TIFF with strange tags` {
    @Test(arguments: [274, 282, 296, 317, 340, 341], [1e300, -1e300, .nan, .infinity, 0x1p63, -0.5])
    func `of floating-point numbers is read`(tag: Int, value: Double) throws {
        let resolution = [282, 283].filter { $0 != tag }.map { TIFFSample.entry($0, 72.0) }
        let range = [(340, 0.0), (341, 255.0)].filter { $0.0 != tag }.map { TIFFSample.entry($0.0, $0.1) }
        let bytes = TIFFSample.file(extra: resolution + range + [TIFFSample.entry(tag, value)])
        let file = try ImageFile(bytes: bytes, file: "test")
        #expect(file.pages[0].samples == [1, 2, 3, 4])
        #expect(file.pages[0].scale == IntensityScale(assuming: 0...255))
        #expect(file.pageSummaries[0].notes == [])
    }

    @Test(arguments: [(0, 0x1p-1030), (0, 0.5), (0.5, 4), (-0x1p-1030, 1)])
    func `that declare a range of fractions has that of its format`(low: Double, high: Double) throws {
        let entries = [TIFFSample.entry(340, low), TIFFSample.entry(341, high)]
        let bytes = TIFFSample.file(samples: [0, 0, 0, 0], extra: entries)
        #expect(try ImageFile(bytes: bytes, file: "test").pages[0].scale == IntensityScale(assuming: 0...255))
    }

    @Test(arguments: [0xFFFF_FFF0, 0x8000_0000, 0x1_0000])
    func `of a huge tile is refused`(side: Int) {
        for limits in [DecodeLimits(), DecodeLimits(pixels: .max)] {
            for compression in [1, 5] {
                let tags = [258: 1, 259: compression, 322: side, 323: side]
                let bytes = TIFFSample.file(width: 8, height: 8, tags: tags, tiled: true)
                let code = failure(bytes, limits: limits)?.code
                #expect(code == .tooLarge || code == .malformed)
            }
        }
    }

    @Test func `of a huge size in tiny tiles is refused`() {
        for side in [0xFFFF_FFFF, 0x7FFF_FFFF] {
            for limits in [DecodeLimits(), DecodeLimits(pixels: .max)] {
                let tags = [322: 1, 323: 1]
                #expect(
                    failure(TIFFSample.file(width: side, height: side, tags: tags, tiled: true), limits: limits) != nil)
            }
        }
    }

    @Test(arguments: [false, true])
    func `that point to one directory over and over are read in a time like the file's size`(isPage: Bool) {
        // A page of many Exif pointers to itself, or to a directory of as many pointers to itself.
        let count = 400
        let second = 8 + 2 + 12 * count + 4
        func directory(pointingTo place: Int) -> [UInt8] {
            var bytes = TIFFSample.bytes(count, 2)
            for _ in 0..<count {
                bytes += TIFFSample.bytes(34665, 2) + TIFFSample.bytes(4, 2) + TIFFSample.bytes(1, 4)
                bytes += TIFFSample.bytes(place, 4)
            }
            return bytes + [0, 0, 0, 0]
        }
        let places = isPage ? [8] : [second, second]
        let file: [UInt8] = [0x49, 0x49, 42, 0, 8, 0, 0, 0] + places.flatMap { directory(pointingTo: $0) }
        func total(_ entries: [TIFFEntry]) -> Int { entries.reduce(0) { $0 + 1 + total($1.directory ?? []) } }
        #expect(TIFFDirectories(file).pages.map(total).reduce(0, +) <= file.count / 12)
    }

    @Test func `whose values lie over one another is refused before they take memory`() {
        // 4000 tags of the whole file each would be 1 GB.
        let count = 4000
        let size = 250_000
        var bytes: [UInt8] = [0x49, 0x49, 42, 0, 8, 0, 0, 0] + TIFFSample.bytes(count, 2)
        let numbers = [256: 2, 257: 2, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 2, 279: 4]
        for (tag, number) in numbers.sorted(by: { $0.key < $1.key }) {
            bytes += TIFFSample.bytes(tag, 2) + TIFFSample.bytes(4, 2) + TIFFSample.bytes(1, 4)
            bytes += TIFFSample.bytes(number, 4)
        }
        for tag in 40_000 + numbers.count..<40_000 + count {
            bytes += TIFFSample.bytes(tag, 2) + TIFFSample.bytes(1, 2) + TIFFSample.bytes(size, 4) + [0, 0, 0, 0]
        }
        bytes += [UInt8](repeating: 0, count: size - bytes.count)
        let error = failure(bytes)
        #expect(error?.code == .malformed)
        #expect(error?.found.contains("tags") == true, "\(error?.found ?? "")")
    }

    @Test func `that share an Exif directory all keep it`() throws {
        let exif = [TIFFSample.entry(33434, 0.008)]
        var file = TIFFAssembler(isBigEndian: false, isBig: false)
        let entries = TIFFDirectories(TIFFSample.file()).pages[0].filter { $0.tag != 273 && $0.tag != 279 }
        for _ in 0..<2 {
            let pointer = TIFFEntry(tag: 34665, type: 4, count: 1, value: [], directory: exif)
            file.append(entries: entries + [pointer], blocks: [[1, 2, 3, 4]], tiled: false)
        }
        var bytes = file.bytes
        // Let the second page point to where the first one does.
        let pointers = bytes.indices.filter { bytes[$0...].starts(with: TIFFSample.bytes(34665, 2)) }
        try #require(pointers.count == 2)
        bytes.replaceSubrange(pointers[1]..<pointers[1] + 12, with: bytes[pointers[0]..<pointers[0] + 12])
        let written = TIFFDirectories(try ImageFile(bytes: bytes, file: "").encoded(file: "").bytes)
        #expect(
            written.pages.map { $0.first { $0.tag == 34665 }?.directory?.first?.value } == [
                exif[0].value, exif[0].value,
            ])
    }

    /// Tags that we or libtiff's decoders go by, each with values of any type and count.
    @Test(arguments: 0..<8)
    func `drawn at random gives samples or an error`(seed: Int) {
        let tags = [
            254, 256, 257, 258, 259, 262, 266, 270, 273, 274, 277, 278, 279, 282, 283, 284, 292, 296, 305, 306, 317,
            320, 322, 323, 324, 325, 330, 338, 339, 340, 341, 347, 530, 32997, 34665, 34853, 40965, 50674,
        ]
        let numbers = [
            0, 1, 2, 3, 4, 7, 8, 16, 17, 32, 255, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF0, 0xFFFF_FFFF,
        ]
        let fractions = [0, 1, 2, -1, 0.5, 0x1p-1030, 1e300, -1e300, 0x1p32, 0x1p63, .nan, .infinity, -.infinity]
        let counts = [0, 1, 1, 1, 1, 2, 3, 4, 8, 768, 0xFFFF, 0x1000_0000, 0xFFFF_FFFF]
        var random = TestGenerator(seed: UInt64(seed))
        func pick<Value>(_ values: [Value]) -> Value { values[Int(random.next() % UInt64(values.count))] }
        var refused = 0
        var read = 0
        for _ in 0..<250 {
            let tiled = pick([false, true])
            var base = tiled ? [322: 16, 323: 16] : [:]
            base.merge(pick([[:], [:], [262: 3], [262: 2, 277: 3], [258: 16], [258: 32, 339: 3]])) { $1 }
            let strange = (0..<pick([1, 1, 2, 3])).map { _ in
                let tag = pick(tags)
                let type = pick([1, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12, 13, 16, 17, 18])
                let count = pick(counts)
                let size = TIFFEntry.size(ofType: type) ?? 1
                let value = (0..<min(count, 16)).flatMap { _ -> [UInt8] in
                    switch type {
                    case 11: TIFFSample.bytes(Int(Float(pick(fractions)).bitPattern), 4)
                    case 12: Array(TIFFSample.entry(tag, pick(fractions)).value)
                    default: TIFFSample.bytes(pick(numbers), size)
                    }
                }
                return TIFFEntry(tag: tag, type: type, count: count, value: value[...])
            }
            var bytes = TIFFSample.file(
                samples: [UInt8](repeating: 7, count: 1024), tags: base, extra: strange, tiled: tiled,
                without: Set(strange.map(\.tag)))
            if pick([false, false, true]) { bytes += bytes }
            do {
                let file = try ImageFile(bytes: bytes, file: "test", limits: DecodeLimits(pixels: 1 << 16))
                read += 1
                _ = try file.encoded(file: "test")
            } catch {
                refused += 1
                #expect(!error.found.isEmpty)
            }
        }
        #expect(refused > 0 && read > 0)
    }
}
