package import CTSupport

/// Named tensors of floats, as stored in a safetensors file (https://github.com/huggingface/safetensors).
///
/// A file is the size of the header in 8 bytes, the header as JSON, then the values of all tensors back to back, all
/// little-endian. Other programs can read it: `safetensors.torch.load_file` returns the tensors,
/// `safe_open(…).metadata()` the metadata.
///
/// Reading is strict: anything that the format forbids (gaps, overlaps, repeated names) or that this program does not
/// use (types other than F32) is an error. No file can crash the reader or make it use more memory than a few times the
/// file's size.
package struct Safetensors: Equatable, Sendable {
    /// A named array.
    package struct Tensor: Equatable, Sendable {
        /// The name, unique within a file.
        package var name: String
        /// The sizes, slowest-varying first; empty for a scalar.
        package var shape: [Int]
        /// The values, in row-major order.
        package var values: [Float]

        /// Creates a tensor.
        ///
        /// - Precondition: No size is negative, and `values.count` is their product.
        package init(name: String, shape: [Int], values: [Float]) {
            precondition(shape.allSatisfy { $0 >= 0 } && shape.reduce(1, *) == values.count, "\(name) \(shape)")
            self.name = name
            self.shape = shape
            self.values = values
        }
    }

    /// Free text about the file, by key.
    package var metadata: [String: String]

    /// The tensors, in the order of their values in the file.
    package var tensors: [Tensor]

    /// The largest header accepted, the same as in the reference implementation.
    static let largestHeader = 100_000_000

    /// Creates a file's contents.
    ///
    /// - Precondition: Names are unique and none is `__metadata__`.
    package init(metadata: [String: String] = [:], tensors: [Tensor]) {
        precondition(
            Set(tensors.map(\.name)).count == tensors.count && tensors.allSatisfy { $0.name != "__metadata__" })
        self.metadata = metadata
        self.tensors = tensors
    }

    /// The tensor called `name`; `nil` if there is none.
    package subscript(name: String) -> Tensor? { tensors.first { $0.name == name } }

    // MARK: - Reading

    /// Reads a file.
    ///
    /// - Throws: `FileError` if the file cannot be read or is not a valid safetensors file.
    package init(contentsOf path: String) throws(FileError) {
        try self.init(bytes: FileAccess.contents(of: path), file: path)
    }

    /// Decodes the bytes of a whole file.
    ///
    /// - Parameters:
    ///   - bytes: The file.
    ///   - file: Its name in errors.
    /// - Throws: `FileError` if the bytes are not a valid safetensors file.
    package init(bytes: [UInt8], file: String) throws(FileError) {
        func damaged(_ found: String, _ expected: String) -> FileError {
            FileError(
                .malformed, file: file, found: found, expected: expected,
                advice: "The file is damaged, incomplete or not a safetensors file; get it again from its source.")
        }
        guard bytes.count >= 8 else { throw damaged("\(bytes.count) bytes", "at least 8") }
        let length = bytes[0..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(bytes.count - 8), length <= UInt64(Self.largestHeader) else {
            throw damaged("a header of \(length) bytes", "at most \(min(bytes.count - 8, Self.largestHeader))")
        }
        let start = 8 + Int(length)
        var header: SafetensorsHeader
        do {
            header = try SafetensorsHeader(bytes[8..<start])
        } catch {
            throw damaged("an error in the header at byte \(error.position)", error.expected)
        }

        // Tensors must be contiguous in the order of their offsets. Empty ones sort before what starts at the same
        // offset.
        header.entries.sort { ($0.start, $0.end) < ($1.start, $1.end) }
        var offset = 0
        for entry in header.entries {
            guard entry.type == "F32" else {
                throw FileError(
                    .unsupported, file: file, found: "'\(entry.name)' with \(entry.type) numbers",
                    expected: "F32 numbers",
                    advice: "Convert it, for example with PyTorch's float().")
            }
            guard entry.start == offset, entry.end >= offset, entry.end <= bytes.count - start else {
                throw damaged(
                    "'\(entry.name)' at \(entry.start)..<\(entry.end)",
                    "it to start at \(offset) and end within \(bytes.count - start) bytes")
            }
            var count: Int? = 1
            for size in entry.shape { count = count.flatMap { Self.product($0, size) } }
            guard let count, Self.product(count, 4) == entry.end - entry.start else {
                throw damaged(
                    "'\(entry.name)' with \(entry.end - entry.start) bytes", "the size of shape \(entry.shape)")
            }
            offset = entry.end
        }
        guard offset == bytes.count - start else {
            throw damaged("\(bytes.count - start) bytes of values", "\(offset)")
        }
        metadata = header.metadata
        tensors = header.entries.map { entry in
            let values = (0..<(entry.end - entry.start) / 4).map { index in
                let at = start + entry.start + 4 * index
                let (low, high) = (
                    UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8, UInt32(bytes[at + 2]) | UInt32(bytes[at + 3]) << 8
                )
                return Float(bitPattern: low | high << 16)
            }
            return Tensor(name: entry.name, shape: entry.shape, values: values)
        }
    }

    private static func product(_ a: Int, _ b: Int) -> Int? {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? nil : product
    }

    // MARK: - Writing

    /// Returns the bytes of a file. Equal contents give equal bytes.
    package func encoded() -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map { Self.quoted($0.key) + ":" + Self.quoted($0.value) }
            members.append("\"__metadata__\":{" + pairs.joined(separator: ",") + "}")
        }
        var offset = 0
        for tensor in tensors {
            let end = offset + 4 * tensor.values.count
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            members.append(
                Self.quoted(tensor.name)
                    + ":{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        var header = Array(("{" + members.joined(separator: ",") + "}").utf8)
        // Values start at a multiple of 8, so that readers can map them.
        header += [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + header.count + offset)
        for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: header.count >> (8 * shift))) }
        bytes += header
        for tensor in tensors {
            for value in tensor.values {
                let bits = value.bitPattern
                for shift: UInt32 in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: bits >> shift)) }
            }
        }
        return bytes
    }

    /// Writes a file atomically, through a temporary file beside it that is then renamed; an existing file is replaced.
    ///
    /// - Throws: `FileError` if the file cannot be written; an existing file is kept.
    package func write(to path: String) throws(FileError) {
        try FileAccess.save(encoded(), to: path)
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\" + String(scalar)
            case "\n": result += "\\n"
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

/// The JSON header of a safetensors file.
///
/// The grammar is so small that parsing it here is shorter than describing it to a general decoder, which would also
/// accept repeated names.
private struct SafetensorsHeader {
    struct Entry {
        var name: String
        var type = ""
        var shape: [Int] = []
        var start = 0
        var end = 0
    }

    /// The position of a syntax error, and what was expected there.
    struct Defect: Error {
        let position: Int
        let expected: String
    }

    var metadata: [String: String] = [:]
    var entries: [Entry] = []

    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) throws(Defect) {
        self.bytes = bytes
        position = bytes.startIndex
        try parse()
    }

    private mutating func parse() throws(Defect) {
        var names: Set<String> = []
        guard bytes.first == UInt8(ascii: "{") else { throw defect("'{'") }
        try members { (header, name) throws(Defect) in
            guard names.insert(name).inserted else { throw header.defect("each name once, not '\(name)' again") }
            if name == "__metadata__" {
                try header.members { (header, key) throws(Defect) in
                    guard header.metadata[key] == nil else { throw header.defect("each key once, not '\(key)' again") }
                    header.metadata[key] = try header.string()
                }
            } else {
                header.entries.append(try header.entry(name))
            }
        }
        skipSpace()
        guard position == bytes.endIndex else { throw defect("only spaces after the last '}'") }
    }

    private mutating func entry(_ name: String) throws(Defect) -> Entry {
        var entry = Entry(name: name)
        var seen: Set<String> = []
        try members { (header, key) throws(Defect) in
            guard seen.insert(key).inserted else { throw header.defect("each key once, not '\(key)' again") }
            switch key {
            case "dtype": entry.type = try header.string()
            case "shape": entry.shape = try header.numbers()
            case "data_offsets":
                let offsets = try header.numbers()
                guard offsets.count == 2 else { throw header.defect("two offsets") }
                (entry.start, entry.end) = (offsets[0], offsets[1])
            default: throw header.defect("dtype, shape or data_offsets, not '\(key)'")
            }
        }
        guard seen.count == 3 else { throw defect("dtype, shape and data_offsets of '\(name)'") }
        return entry
    }

    // MARK: JSON

    private func defect(_ expected: String) -> Defect { Defect(position: position, expected: expected) }

    private mutating func skipSpace() {
        while position < bytes.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    /// Skips `character` if it comes next, and returns whether it did.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.endIndex, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(Defect) {
        guard take(character) else { throw defect("'\(character)'") }
    }

    /// Parses an object; `body` parses the value of each key.
    private mutating func members(_ body: (inout Self, String) throws(Defect) -> Void) throws(Defect) {
        try expect("{")
        if take("}") { return }
        repeat {
            let key = try string()
            try expect(":")
            try body(&self, key)
        } while take(",")
        try expect("}")
    }

    /// Parses an array of integers ≥ 0.
    private mutating func numbers() throws(Defect) -> [Int] {
        try expect("[")
        var result: [Int] = []
        if take("]") { return result }
        repeat {
            skipSpace()
            let digits = bytes[position...].prefix(20).prefix { (0x30...0x39).contains($0) }
            guard digits.count == 1 || digits.first != 0x30, let number = Int(String(decoding: digits, as: UTF8.self))
            else { throw defect("a whole number from 0 to \(Int.max)") }
            position += digits.count
            result.append(number)
        } while take(",")
        try expect("]")
        return result
    }

    private mutating func string() throws(Defect) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while position < bytes.endIndex {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                let result = String(decoding: text, as: UTF8.self)
                guard result.utf8.elementsEqual(text) else { throw defect("UTF-8") }  // Invalid bytes were replaced.
                return result
            case UInt8(ascii: "\\"): text += try escape().utf8
            case 0..<0x20: throw defect("no control characters in names")
            default: text.append(byte)
            }
        }
        throw defect("'\"'")
    }

    /// Parses what follows a backslash.
    private mutating func escape() throws(Defect) -> String {
        guard position < bytes.endIndex else { throw defect("an escape") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let unit = try codeUnit()
            var units = [unit]
            if UTF16.isLeadSurrogate(unit), bytes[position...].starts(with: "\\u".utf8) {
                position += 2
                units.append(try codeUnit())
            }
            let text = String(decoding: units, as: UTF16.self)
            guard text.utf16.elementsEqual(units) else { throw defect("a pair of surrogates") }
            return text
        default: throw defect("an escape")
        }
    }

    private mutating func codeUnit() throws(Defect) -> UInt16 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw defect("four hexadecimal digits") }
        position += 4
        return unit
    }
}
