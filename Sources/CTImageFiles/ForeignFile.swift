internal import CTSupport

/// Recognises files that are neither PNG nor TIFF, so that an error can name them and say what to do.
enum ForeignFile {
    private struct Kind: Sendable {
        let name: String
        let advice: String
        let isOne: @Sendable ([UInt8]) -> Bool
    }

    /// The number of bytes that recognition needs.
    static let prefix = 512

    /// Returns the error for a file of which these are the first bytes.
    static func error(_ bytes: [UInt8], file: String) -> FileError {
        let found: String
        var advice = "Convert it, or leave it out."
        if bytes.isEmpty {
            found = "an empty file"
        } else if let kind = kinds.first(where: { $0.isOne(bytes) }) {
            (found, advice) = (kind.name, kind.advice)
        } else {
            let digits = bytes.prefix(8).map { byte in
                let text = String(byte, radix: 16, uppercase: true)
                return text.count == 1 ? "0" + text : text
            }
            found = "a file that starts with the bytes \(digits.joined(separator: " "))"
        }
        return FileError(.notAnImage, file: file, found: found, expected: "a PNG or TIFF file", advice: advice)
    }

    /// Whether `bytes` have `text` at an offset.
    private static func at(_ offset: Int, _ text: String) -> @Sendable ([UInt8]) -> Bool {
        at(offset, Array(text.utf8))
    }

    private static func at(_ offset: Int, _ pattern: [UInt8]) -> @Sendable ([UInt8]) -> Bool {
        { $0.count >= offset + pattern.count && $0[offset...].starts(with: pattern) }
    }

    /// The size of a NIfTI or Analyze header, in either byte order.
    private static func hasHeader(of size: UInt8, _ high: UInt8) -> @Sendable ([UInt8]) -> Bool {
        { $0.starts(with: [size, high, 0, 0]) || $0.starts(with: [0, 0, high, size]) }
    }

    private static let dicom = "Export the slices as 16-bit PNG or TIFF, and pass --rescale as their rescale tags say."
    private static let volume = "Export its slices as floating-point TIFF in HU, one page each."
    private static let array = "Save its slices as TIFF, 32-bit floating point in HU."
    private static let lossy =
        "Export the slices again, as 16-bit PNG or TIFF: this format loses what noise and HU need."
    private static let archive = "Unpack it first."

    private static let kinds: [Kind] = [
        Kind(name: "a DICOM file", advice: dicom, isOne: at(128, "DICM")),
        // Without a preamble, as some scanners write it: group 2 or 8, little-endian, and a small element.
        Kind(name: "a DICOM file without its preamble", advice: dicom) { bytes in
            bytes.count > 8 && (bytes[0] == 2 || bytes[0] == 8) && bytes[1] == 0 && bytes[3] == 0
                && (bytes[4...5].allSatisfy { (65...90).contains($0) } || bytes[6] == 0 && bytes[7] == 0)
        },
        Kind(name: "a NIfTI volume", advice: volume) { bytes in
            at(344, "n+1\0")(bytes) || at(344, "ni1\0")(bytes) || at(4, "n+2\0")(bytes) || at(4, "ni2\0")(bytes)
        },
        Kind(name: "an Analyze or NIfTI header", advice: volume, isOne: hasHeader(of: 0x5C, 1)),
        Kind(name: "an NRRD volume", advice: volume, isOne: at(0, "NRRD")),
        Kind(name: "a MetaImage header", advice: volume) { at(0, "ObjectType")($0) || at(0, "NDims")($0) },
        Kind(name: "a MINC or NetCDF file", advice: volume, isOne: at(0, "CDF")),
        Kind(name: "an HDF5 file", advice: array, isOne: at(0, [0x89] + Array("HDF\r\n".utf8))),
        Kind(name: "a NumPy array", advice: array, isOne: at(0, [0x93] + Array("NUMPY".utf8))),
        Kind(name: "a MATLAB file", advice: array, isOne: at(0, "MATLAB ")),
        Kind(name: "a JPEG image", advice: lossy, isOne: at(0, [0xFF, 0xD8, 0xFF])),
        Kind(name: "a JPEG 2000 image", advice: "Convert it to PNG or TIFF.") { bytes in
            at(4, "jP  ")(bytes) || bytes.starts(with: [0xFF, 0x4F, 0xFF, 0x51])
        },
        Kind(name: "a JPEG XL image", advice: "Convert it to PNG or TIFF.") { bytes in
            at(4, "JXL ")(bytes) || bytes.starts(with: [0xFF, 0x0A])
        },
        Kind(name: "a WebP image", advice: lossy) { at(0, "RIFF")($0) && at(8, "WEBP")($0) },
        Kind(name: "a HEIF or AVIF image", advice: lossy, isOne: at(4, "ftyp")),
        Kind(name: "a GIF image", advice: lossy, isOne: at(0, "GIF8")),
        Kind(name: "a Windows bitmap", advice: lossy, isOne: at(0, "BM")),
        Kind(
            name: "an OpenEXR image", advice: "Convert it to float TIFF.", isOne: at(0, [0x76, 0x2F, 0x31, 1])),
        Kind(name: "a FITS image", advice: "Convert it to TIFF.", isOne: at(0, "SIMPLE  =")),
        Kind(name: "a PGM or PPM image", advice: "Convert it to PNG.") { bytes in
            bytes.count > 2 && bytes[0] == 0x50 && (0x31...0x37).contains(bytes[1])
                && [9, 10, 13, 32].contains(bytes[2])
        },
        Kind(name: "a Photoshop document", advice: "Export it as PNG or TIFF.", isOne: at(0, "8BPS")),
        Kind(name: "a PDF document", advice: "Export the original slices.", isOne: at(0, "%PDF")),
        Kind(name: "a gzip archive, maybe a NIfTI volume", advice: archive, isOne: at(0, [0x1F, 0x8B])),
        Kind(name: "a ZIP archive", advice: archive, isOne: at(0, "PK\u{3}\u{4}")),
        Kind(name: "a tar archive", advice: archive, isOne: at(257, "ustar")),
        Kind(
            name: "a Git LFS pointer", advice: "Fetch the file that it points to: git lfs pull.",
            isOne: at(0, "version https://git-lfs")),
        Kind(name: "a page of HTML, maybe of a failed download", advice: "Download the file again.") { bytes in
            let text = String(decoding: bytes.prefix(64), as: UTF8.self).lowercased().drop { $0.isWhitespace }
            return text.hasPrefix("<!doctype html") || text.hasPrefix("<html")
        },
        Kind(name: "nothing but zeros", advice: "Copy the file again; its contents are lost here.") { bytes in
            bytes.allSatisfy { $0 == 0 }
        },
    ]
}
