@testable import CTImageFiles
import CTImages
import CTSupport
import Foundation
import TestSupport
import Testing

/// The files in Fixtures, made by make.py, and what is in them.
struct Fixture: CustomTestStringConvertible, Sendable {
    /// With the ending.
    let name: String

    var path: String { fixture(name) }
    var bytes: [UInt8] { get throws { try [UInt8](Data(contentsOf: URL(filePath: path))) } }
    var testDescription: String { name }

    init(_ name: String) { self.name = name }

    static var all: [Fixture] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: fixture(""))) ?? []
        return names.filter { $0.hasSuffix(".png") || $0.hasSuffix(".tif") }.sorted().map { Fixture($0) }
    }

    /// Those whose samples follow the formula, as far as the system's libtiff has their compression.
    static var regular: [Fixture] { all.filter { $0.kind != nil && $0.isDecodable } }

    /// Those whose compression the system's libtiff lacks.
    static var undecodable: [Fixture] { all.filter { !$0.isDecodable } }

    /// Whether the system's libtiff has the file's compression; PNG needs nothing.
    var isDecodable: Bool {
        guard name.hasSuffix(".tif"), let bytes = try? bytes else { return true }
        return TIFFSummary.has(compression: TIFFDirectories(bytes).wholeNumber(259, page: 0) ?? 1)
    }

    /// For example `f32`, from the name.
    var kind: SampleFormat? {
        let word = name.prefix { $0 != "-" && $0 != "." }
        guard let letter = word.first, let bits = Int(word.dropFirst()) else { return nil }
        let kinds: [Character: SampleFormat.Kind] = ["u": .unsignedInteger, "i": .signedInteger, "f": .floatingPoint]
        return kinds[letter].map { SampleFormat(kind: $0, bits: bits) }
    }

    static func samples(_ format: SampleFormat, page: Int = 0, count: Int = 17 * 11) -> [Double] {
        (0..<count).map { k in
            let hash = UInt64(k + 1000 * page) * 2_654_435_761 % (1 << 32)
            let top = Double(hash >> UInt64(max(0, 32 - format.bits)))
            switch format.kind {
            case .unsignedInteger: return top
            case .signedInteger: return top - Double(1 << (format.bits - 1))
            case .floatingPoint:
                let value: Double
                switch format.bits {
                case 16: value = Double(hash >> 21) / 8
                case 32: value = Double(hash >> 8) / 256
                default: value = Double(hash) / 1024
                }
                return k % 2 == 1 ? -value : value
            }
        }
    }
}

/// The error of reading bytes, or `nil` if they are read.
func failure(_ bytes: [UInt8], limits: DecodeLimits = DecodeLimits()) -> FileError? {
    do {
        _ = try ImageFile(bytes: bytes, file: "test", limits: limits)
        return nil
    } catch {
        return error
    }
}
