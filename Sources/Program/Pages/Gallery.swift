import CTReports

/// The pictures of a page: those of the worst slices, as many as a page of a few megabytes holds.
///
/// Slices are offered while they are in memory, in any order; which of them get pictures does not depend on the order.
actor Gallery {
    /// A slice: a page of a file.
    struct Key: Hashable, Comparable {
        /// The file's place among all, from 0.
        let file: Int
        /// From 0.
        let page: Int

        static func < (a: Key, b: Key) -> Bool { (a.file, a.page) < (b.file, b.page) }
    }

    /// At most this many slices have pictures.
    static let most = 200

    /// Of all pictures together, in the page.
    private static let bytes = 13_500_000

    private struct Entry {
        let key: Key
        let badness: Double
        let pictures: Pictures?

        /// Whether this one has to go before `other` if there is no room for both.
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
    ///   - key: Which slice.
    ///   - pages: How many slices its file has.
    ///   - badness: The greater, the sooner it gets pictures.
    ///   - make: Makes its pictures within a number of bytes; called only if there is room for them.
    nonisolated func offer(_ key: Key, of pages: Int, badness: Double, _ make: (_ budget: Int) -> Pictures?) async {
        let wanted = Entry(key: key, badness: badness, pictures: nil)
        guard await hasRoom(for: wanted) else { return }
        // Pictures of 512×512 pixels need about as much; more would be of no use.
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

    /// The pictures of the slices that have some.
    var pictures: [Key: Pictures] {
        var pictures: [Key: Pictures] = [:]
        for entry in entries { pictures[entry.key] = entry.pictures }
        return pictures
    }
}
