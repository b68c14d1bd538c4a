internal import CTImages

/// A tag of a TIFF directory, with its value as stored in the file.
struct TIFFEntry {
    var tag: Int
    var type: Int
    var count: Int
    /// The bytes of the value, in the byte order of the file.
    var value: ArraySlice<UInt8>
    /// The entries of the directory that the value points to, for Exif and similar tags.
    var directory: [TIFFEntry]?

    /// Returns the value if it is a single unsigned integer, otherwise `nil`.
    func number(isBigEndian: Bool) -> Int? {
        guard count == 1, [1, 3, 4, 16].contains(type), let size = Self.size(ofType: type) else { return nil }
        return TIFFReader(bytes: Array(value), isBigEndian: isBigEndian).number(at: 0, size: size)
    }

    /// Returns the number of bytes in a value of a type, or `nil` for types unknown to TIFF.
    static func size(ofType type: Int) -> Int? {
        switch type {
        case 1, 2, 6, 7: 1
        case 3, 8: 2
        case 4, 9, 11, 13: 4
        case 5, 10, 12, 16, 17, 18: 8
        default: nil
        }
    }
}

/// The directories of a TIFF file, read without libtiff so that every tag can be copied unchanged.
///
/// Lenient: entries that cannot be interpreted are skipped, since libtiff has already validated the file.
struct TIFFDirectories {
    var isBigEndian = false
    var isBig = false
    /// The entries of each page, in file order.
    var pages: [[TIFFEntry]] = []
    /// The number of bytes that a copy of all pages' tags takes; more than the file where values overlap.
    private(set) var bytesOfTags = 0

    /// Tags that point to metadata directories: Exif, GPS, interoperability.
    static let metadataPointers: Set<Int> = [34665, 34853, 40965]

    init(_ bytes: [UInt8]) {
        isBigEndian = bytes.first == 0x4D
        let reader = TIFFReader(bytes: bytes, isBigEndian: isBigEndian)
        isBig = reader.number(at: 2, size: 2) == 43
        var next = isBig ? reader.number(at: 8, size: 8) : reader.number(at: 4, size: 4)
        var seen: Set<Int> = []
        var walk = Walk(entriesLeft: bytes.count / (isBig ? 20 : 12))
        while let offset = next, offset != 0, seen.insert(offset).inserted {
            walk.bytes = 0
            guard let (entries, link) = directory(at: offset, reader: reader, depth: 0, walk: &walk) else { break }
            pages.append(entries)
            bytesOfTags += walk.bytes
            next = link
        }
    }

    /// State that bounds the cost of directories that overlap or point to one another by the size of the file.
    private struct Walk {
        /// The number of entries left: directories that do not overlap have no more in all than fit into the file.
        var entriesLeft: Int
        /// The bytes of the entries and values of one page, including all metadata directories.
        var bytes = 0
        /// Metadata directories by depth and offset. Pages may share them.
        var known: [[Int]: (entries: [TIFFEntry], bytes: Int)] = [:]
    }

    /// Returns the entries of a metadata directory, or `nil` if it cannot be read.
    private func metadata(at offset: Int, reader: TIFFReader, depth: Int, walk: inout Walk) -> [TIFFEntry]? {
        if let (entries, bytes) = walk.known[[depth, offset]] {
            walk.bytes += bytes
            return entries
        }
        let before = walk.bytes
        guard let entries = directory(at: offset, reader: reader, depth: depth, walk: &walk)?.entries else {
            return nil
        }
        walk.known[[depth, offset]] = (entries, walk.bytes - before)
        return entries
    }

    private func directory(
        at offset: Int, reader: TIFFReader, depth: Int, walk: inout Walk
    ) -> (entries: [TIFFEntry], next: Int?)? {
        let (countSize, entrySize, inlineSize) = isBig ? (8, 20, 8) : (2, 12, 4)
        guard let count = reader.number(at: offset, size: countSize), count <= walk.entriesLeft else { return nil }
        walk.entriesLeft -= count
        var entries: [TIFFEntry] = []
        // Of entries with the same tag, libtiff uses the first.
        var tags: Set<Int> = []
        for index in 0..<count {
            let start = offset + countSize + index * entrySize
            guard let tag = reader.number(at: start, size: 2), tags.insert(tag).inserted,
                let type = reader.number(at: start + 2, size: 2),
                let values = reader.number(at: start + 4, size: inlineSize), let size = TIFFEntry.size(ofType: type)
            else { continue }
            let (length, overflow) = values.multipliedReportingOverflow(by: size)
            guard !overflow else { continue }
            let field = start + 4 + inlineSize
            guard let place = length <= inlineSize ? field : reader.number(at: field, size: inlineSize),
                let value = reader.slice(at: place, count: length)
            else { continue }
            var entry = TIFFEntry(tag: tag, type: type, count: values, value: value)
            if Self.metadataPointers.contains(tag), depth < 2, values == 1 {
                guard let pointer = reader.number(at: place, size: size),
                    let directory = metadata(at: pointer, reader: reader, depth: depth + 1, walk: &walk)
                else { continue }
                entry.directory = directory
            }
            walk.bytes += entrySize + length
            entries.append(entry)
        }
        return (entries, reader.number(at: offset + countSize + count * entrySize, size: isBig ? 8 : 4))
    }

    /// Throws if the tags would take far more memory than the file; libtiff does not check this.
    func check(bytesInFile: Int) throws(CodecFailure) {
        // Pages may share values, for example a colour profile.
        guard bytesOfTags <= 16 * bytesInFile + (1 << 26) else {
            throw .malformed(
                "\(bytesOfTags) bytes of tags in all", expected: "no more than a file of \(bytesInFile) bytes holds")
        }
    }

    // MARK: - Values

    /// Returns the numbers of an entry, at most `limit` of them.
    func numbers(_ entry: TIFFEntry, limit: Int = 16) -> [Double] {
        guard let size = TIFFEntry.size(ofType: entry.type) else { return [] }
        let reader = TIFFReader(bytes: Array(entry.value.prefix(limit * size)), isBigEndian: isBigEndian)
        return (0..<min(entry.count, limit)).compactMap { index in
            let at = index * size
            func unsigned(_ offset: Int, _ size: Int) -> UInt64? { reader.pattern(at: at + offset, size: size) }
            func signed(_ offset: Int, _ size: Int) -> Double? {
                unsigned(offset, size).map { SampleEncoding(kind: .signedInteger, bits: 8 * size).value($0) }
            }
            func ratio(_ top: Double?, _ bottom: Double?) -> Double? {
                guard let top, let bottom, bottom != 0 else { return nil }
                return top / bottom
            }
            switch entry.type {
            case 1, 3, 4, 7, 13, 16, 18: return unsigned(0, size).map { Double($0) }
            case 6, 8, 9, 17: return signed(0, size)
            case 5: return ratio(unsigned(0, 4).map { Double($0) }, unsigned(4, 4).map { Double($0) })
            case 10: return ratio(signed(0, 4), signed(4, 4))
            case 11: return unsigned(0, 4).map { Double(Float(bitPattern: UInt32($0))) }
            case 12: return unsigned(0, 8).map { Double(bitPattern: $0) }
            default: return nil
            }
        }
    }

    /// Returns the first number of a page's tag.
    func number(_ tag: Int, page: Int) -> Double? {
        guard pages.indices.contains(page), let entry = pages[page].first(where: { $0.tag == tag }) else { return nil }
        return numbers(entry, limit: 1).first
    }

    /// Returns the first number of a page's tag if it is an integer. Tags may have any type, and values any magnitude.
    func wholeNumber(_ tag: Int, page: Int) -> Int? { number(tag, page: page).flatMap { Int(exactly: $0) } }

    /// Returns the text of a page's tag, without the terminating NUL.
    func text(_ tag: Int, page: Int) -> String? {
        guard pages.indices.contains(page), let entry = pages[page].first(where: { $0.tag == tag }),
            entry.type == 2 || entry.type == 1 || entry.type == 7
        else { return nil }
        return String(decoding: entry.value.prefix { $0 != 0 }, as: UTF8.self)
    }
}

/// Reads numbers from bytes in either byte order; returns `nil` beyond the end.
struct TIFFReader {
    var bytes: [UInt8]
    var isBigEndian: Bool

    func slice(at offset: Int, count: Int) -> ArraySlice<UInt8>? {
        guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else { return nil }
        return bytes[offset..<offset + count]
    }

    func pattern(at offset: Int, size: Int) -> UInt64? {
        guard let part = slice(at: offset, count: size) else { return nil }
        return isBigEndian
            ? part.reduce(0) { $0 << 8 | UInt64($1) } : part.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    func number(at offset: Int, size: Int) -> Int? { pattern(at: offset, size: size).flatMap { Int(exactly: $0) } }
}

/// Assembles a TIFF file from entries and encoded strips or tiles.
struct TIFFAssembler {
    private(set) var bytes: [UInt8]
    let isBigEndian: Bool
    let isBig: Bool
    /// The position of the next page's offset.
    private var link: Int

    private var wordSize: Int { isBig ? 8 : 4 }

    init(isBigEndian: Bool, isBig: Bool) {
        self.isBigEndian = isBigEndian
        self.isBig = isBig
        bytes = isBigEndian ? [0x4D, 0x4D] : [0x49, 0x49]
        link = isBig ? 8 : 4
        append(isBig ? 43 : 42, size: 2)
        if isBig {
            append(8, size: 2)
            append(0, size: 2)
        }
        append(0, size: wordSize)
    }

    /// Appends a page of encoded strips or tiles; `entries` are all tags except the offsets and byte counts of these.
    mutating func append(entries: [TIFFEntry], blocks: [ArraySlice<UInt8>], tiled: Bool) {
        var offsets: [Int] = []
        for block in blocks {
            align()
            offsets.append(bytes.count)
            bytes += block
        }
        var all = entries
        all.append(numbers(tag: tiled ? 324 : 273, offsets))
        all.append(numbers(tag: tiled ? 325 : 279, blocks.map { $0.count }))
        let (directory, next) = append(directory: all)
        put(directory, at: link, size: wordSize)
        link = next
    }

    private func numbers(tag: Int, _ values: [Int]) -> TIFFEntry {
        let bytes = values.flatMap { encode($0, size: wordSize) }
        return TIFFEntry(tag: tag, type: isBig ? 16 : 4, count: values.count, value: bytes[...])
    }

    /// Appends a directory, and returns its offset and the position of its link to the next directory.
    private mutating func append(directory entries: [TIFFEntry]) -> (offset: Int, link: Int) {
        var fields: [(entry: TIFFEntry, field: [UInt8])] = []
        for entry in entries.sorted(by: { $0.tag < $1.tag }) where fields.last?.entry.tag != entry.tag {
            var field = Array(entry.value)
            if let directory = entry.directory {
                field = encode(append(directory: directory).offset, size: TIFFEntry.size(ofType: entry.type) ?? 4)
            }
            if field.count > wordSize {
                align()
                let offset = bytes.count
                bytes += field
                field = encode(offset, size: wordSize)
            }
            field += [UInt8](repeating: 0, count: wordSize - field.count)
            fields.append((entry, field))
        }
        align()
        let offset = bytes.count
        append(fields.count, size: isBig ? 8 : 2)
        for (entry, field) in fields {
            append(entry.tag, size: 2)
            append(entry.type, size: 2)
            append(entry.count, size: wordSize)
            bytes += field
        }
        let link = bytes.count
        append(0, size: wordSize)
        return (offset, link)
    }

    private mutating func align() {
        let step = isBig ? 8 : 2
        while bytes.count % step != 0 { bytes.append(0) }
    }

    private func encode(_ number: Int, size: Int) -> [UInt8] {
        let little = (0..<size).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        return isBigEndian ? little.reversed() : little
    }

    private mutating func append(_ number: Int, size: Int) { bytes += encode(number, size: size) }

    private mutating func put(_ number: Int, at offset: Int, size: Int) {
        bytes.replaceSubrange(offset..<offset + size, with: encode(number, size: size))
    }
}
