import CTImageFiles
import CTImages
import CTSupport

/// The masks of an evaluation: one image for all slices, or a folder with an image for each; non-zero samples count.
struct Masks: Sendable {
    let path: String
    private let reading: ReadingOptions
    private let isFolder: Bool
    /// The masks of a folder by the stem of their names, where only one has it.
    private let byStem: [String: String]

    init(_ path: String, reading: ReadingOptions) {
        (self.path, self.reading) = (path, reading)
        isFolder = FileSystem.kind(path) == .folder
        let names = isFolder ? InputFiles([path]).files.map(\.name) : []
        byStem = Dictionary(grouping: names, by: Pairs.stem).compactMapValues { $0.count == 1 ? $0[0] : nil }
    }

    /// Returns the path of the mask of the file `name`, which may have another format.
    private func file(for name: String) -> String {
        let own = FileSystem.join(path, name)
        guard FileSystem.kind(own) == .missing, let other = byStem[Pairs.stem(name)] else { return own }
        return FileSystem.join(path, other)
    }

    /// Returns the masks of the pages of the file `name`; a mask file has one page, or one per page of that file.
    func pages(of name: String, like reference: [CTSlice]) throws(FileError) -> [[Bool]] {
        let file = isFolder ? file(for: name) : path
        let pages = try reading.labels(file)
        guard pages.count == 1 || pages.count == reference.count else {
            throw FileError(
                file: file, found: Format.count(pages.count, "page"),
                expected: reference.count == 1 ? "one" : "one, or \(reference.count) as in the slices",
                advice: "Use the mask of these slices.")
        }
        var masks: [[Bool]] = []
        for (number, slice) in reference.enumerated() {
            let mask = pages[pages.count == 1 ? 0 : number]
            guard mask.width == slice.width, mask.height == slice.height else {
                throw FileError(
                    file: file, found: "\(mask.width)×\(mask.height) samples",
                    expected: "\(slice.width)×\(slice.height) as in \(name)", advice: "Use a mask of the same size.")
            }
            // NaN is outside the mask.
            masks.append(mask.samples.map { abs($0) > 0 })
        }
        return masks
    }
}
