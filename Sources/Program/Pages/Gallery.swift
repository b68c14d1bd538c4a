import CTReports

/// The pictures of a page: those of the worst slices that fit into a page of a few megabytes.
///
/// Slices are offered while they are in memory; the selection does not depend on their order.
actor Gallery {
    /// A slice: a page of a file.
    struct Key: Hashable, Comparable {
        /// The index of the file.
        let file: Int
        /// The page, counted from 0.
        let page: Int

        static func < (a: Key, b: Key) -> Bool { (a.file, a.page) < (b.file, b.page) }
    }

    /// The largest number of slices with pictures.
    static let most = 200

    /// The largest size of all pictures together.
    private static let bytes = 13_500_000

    private struct Entry {
        let key: Key
        let badness: Double
        let pictures: Pictures?

        /// Whether this entry is removed before `other` if there is no room for both.
        func isLessWorth(than other: Entry) -> Bool {
            badness != other.badness ? badness < other.badness : other.key < key
        }
    }

    private let files: Int
    private var entries: [Entry] = []

    /// Creates an empty gallery for the slices of `files` files.
    init(files: Int) { self.files = files }

    /// Offers a slice.
    ///
    /// - Parameters:
    ///   - key: The slice.
    ///   - pages: The number of pages of its file.
    ///   - badness: The priority of the slice; the greatest get pictures.
    ///   - make: Makes the pictures within a number of bytes; called only if there is room for them.
    nonisolated func offer(_ key: Key, of pages: Int, badness: Double, _ make: (_ budget: Int) -> Pictures?) async {
        let wanted = Entry(key: key, badness: badness, pictures: nil)
        guard await hasRoom(for: wanted) else { return }
        // Pictures of 512×512 pixels need about this much.
        let budget = min(Self.bytes / min(max(pages * files, 1), Self.most), 1_200_000)
        await add(Entry(key: key, badness: badness, pictures: make(budget)))
    }

    private func hasRoom(for entry: Entry) -> Bool {
        entries.count < Self.most || entries.contains { $0.isLessWorth(than: entry) }
    }

    private func add(_ entry: Entry) {
        entries.append(entry)
        guard entries.count > Self.most else { return }
        if let least = entries.indices.min(by: { entries[$0].isLessWorth(than: entries[$1]) }) {
            entries.remove(at: least)
        }
    }

    /// The pictures of the selected slices.
    var pictures: [Key: Pictures] {
        var pictures: [Key: Pictures] = [:]
        for entry in entries { pictures[entry.key] = entry.pictures }
        return pictures
    }
}
