internal import CImageShims

/// The chunks of a PNG file, validated without decompressing any data.
struct PNGChunks {
    struct Chunk {
        /// Four ASCII letters.
        var type: String
        var data: ArraySlice<UInt8>

        /// Whether decoders that do not know the chunk must reject the file.
        var isCritical: Bool { type.utf8.first.map { $0 & 0x20 == 0 } ?? true }

        /// Whether editors that do not know the chunk may copy it after samples have changed.
        var isSafeToCopy: Bool { type.utf8.last.map { $0 & 0x20 != 0 } ?? false }
    }

    struct Header: Equatable {
        var width: Int
        var height: Int
        var depth: Int
        var colorType: Int
        var interlaced: Bool

        /// The number of samples per pixel.
        var channels: Int { [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][colorType] ?? 1 }

        /// The number of bytes per row.
        var rowBytes: Int { (width * channels * depth + 7) / 8 }
    }

    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    var header: Header
    /// Ancillary chunks and PLTE before the image data, in file order.
    var before: [Chunk] = []
    /// The image data: all IDAT chunks.
    var data: [Chunk] = []
    /// The image data as a contiguous part of the file, with lengths and checksums.
    var image: ArraySlice<UInt8> = []
    /// Ancillary chunks after the image data, in file order.
    var after: [Chunk] = []

    /// Returns the data of the first chunk of a type, or `nil` if there is none.
    subscript(type: String) -> ArraySlice<UInt8>? { (before + after).first { $0.type == type }?.data }

    /// The grey value that tRNS makes transparent; `nil` if there is none.
    var transparentValue: Double? {
        guard header.colorType == 0 || header.colorType == 2, let data = self["tRNS"],
            data.count == (header.colorType == 0 ? 2 : 6)
        else { return nil }
        let values = stride(from: data.startIndex, to: data.endIndex, by: 2).map { Self.number(data[$0..<$0 + 2]) }
        return Set(values).count == 1 ? Double(values[0]) : nil
    }

    /// Whether an alpha channel can take the place of ``transparentValue``; it needs 8 bits or 16.
    var canHaveAlpha: Bool { header.depth >= 8 }

    init(_ bytes: [UInt8]) throws(CodecFailure) {
        let expected = "a whole PNG file"
        var position = Self.signature.count
        var header: Header?
        var ended = false
        while !ended {
            guard bytes.count - position >= 12 else {
                throw .malformed("the end of the file after \(bytes.count) bytes", expected: expected)
            }
            let length = Self.number(bytes[position..<position + 4])
            let type = String(decoding: bytes[position + 4..<position + 8], as: UTF8.self)
            guard type.utf8.count == 4, type.utf8.allSatisfy({ (65...90).contains($0 & 0xDF) && $0 < 128 }) else {
                throw .malformed("no chunk at byte \(position)", expected: expected)
            }
            guard length <= bytes.count - position - 12 else {
                throw .malformed("the end of the file within the chunk \(type)", expected: expected)
            }
            let chunk = Chunk(type: type, data: bytes[position + 8..<position + 8 + length])
            let sum = UInt32(Self.number(bytes[position + 8 + length..<position + 12 + length]))
            guard Self.checksum(bytes[position + 4..<position + 8 + length]) == sum else {
                throw .malformed("a wrong checksum of the chunk \(type)", expected: "the checksum of its contents")
            }
            let start = position
            position += 12 + length
            if header == nil {
                header = try Self.header(chunk)
                continue
            }
            switch type {
            case "IDAT":
                guard after.isEmpty else {
                    throw .malformed("another chunk within the image data", expected: "contiguous image data")
                }
                data.append(chunk)
                image = bytes[(image.isEmpty ? start : image.startIndex)..<position]
            case "IEND": ended = true
            case "IHDR": throw .malformed("a second IHDR", expected: expected)
            case "PLTE":
                guard data.isEmpty, !before.contains(where: { $0.type == "PLTE" }) else {
                    throw .malformed("a misplaced or second palette", expected: expected)
                }
                before.append(chunk)
            default:
                guard !chunk.isCritical else {
                    throw .unsupported(
                        "the chunk \(type), without which the image cannot be understood", expected: "a standard PNG",
                        advice: "Convert the file with the program that made it.")
                }
                if data.isEmpty { before.append(chunk) } else { after.append(chunk) }
            }
        }
        guard let header, !data.isEmpty else { throw .malformed("no image data", expected: expected) }
        self.header = header
    }

    private static func header(_ chunk: Chunk) throws(CodecFailure) -> Header {
        let data = Array(chunk.data)
        guard chunk.type == "IHDR", data.count == 13 else {
            throw .malformed(
                "\(chunk.type) of \(data.count) bytes as the first chunk", expected: "IHDR of 13 bytes")
        }
        let depths: [Int: [Int]] = [0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]]
        let header = Header(
            width: number(data[0..<4]), height: number(data[4..<8]), depth: Int(data[8]), colorType: Int(data[9]),
            interlaced: data[12] == 1)
        guard (1...Int(Int32.max)).contains(header.width), (1...Int(Int32.max)).contains(header.height) else {
            throw .malformed("a size of \(header.width)×\(header.height)", expected: "1 to 2³¹ − 1 each")
        }
        guard depths[header.colorType]?.contains(header.depth) == true else {
            throw .malformed(
                "colour type \(header.colorType) of \(header.depth) bits", expected: "a combination that PNG allows")
        }
        guard data[10] == 0, data[11] == 0, data[12] <= 1 else {
            throw .malformed(
                "compression \(data[10]), filter \(data[11]), interlacing \(data[12])",
                expected: "methods that PNG knows")
        }
        return header
    }

    /// Returns a big-endian number of up to 4 bytes.
    static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    /// Returns the checksum of a chunk: ISO 3309, polynomial EDB88320.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        unsafe bytes.withUnsafeBufferPointer { unsafe ct_crc32($0.baseAddress, $0.count) }
    }

    /// Returns the bytes of a chunk in a file.
    static func bytes(_ chunk: Chunk) -> [UInt8] {
        let body = Array(chunk.type.utf8) + chunk.data
        return bigEndian(UInt32(chunk.data.count)) + body + bigEndian(checksum(body[...]))
    }

    private static func bigEndian(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}
