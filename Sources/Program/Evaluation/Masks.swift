import CTImageFiles
import CTImages
import CTSupport

/// Where slices are compared: an image that is not zero there, for all of them, or one for each in a folder.
struct Masks: Sendable {
    let path: String
    private let reading: ReadingOptions
    private let isFolder: Bool

    init(_ path: String, reading: ReadingOptions) {
        (self.path, self.reading) = (path, reading)
        isFolder = FileSystem.kind(path) == .folder
    }

    /// The masks of the pages of the file called `name`: one, or as many as it has.
    func pages(of name: String, like reference: [CTSlice]) throws(FileError) -> [[Bool]] {
        let file = isFolder ? FileSystem.join(path, name) : path
        let pages = try reading.read(file).pages
        guard pages.count == 1 || pages.count == reference.count else {
            throw FileError(
                file: file, found: Format.count(pages.count, "page"),
                expected: reference.count == 1 ? "one" : "one, or \(reference.count) as the slices have",
                advice: "Use a mask that belongs to them.")
        }
        var masks: [[Bool]] = []
        for (number, slice) in reference.enumerated() {
            let mask = pages[pages.count == 1 ? 0 : number]
            guard mask.width == slice.width, mask.height == slice.height else {
                throw FileError(
                    file: file, found: "\(mask.width)×\(mask.height) samples",
                    expected: "\(slice.width)×\(slice.height) as in \(name)", advice: "Use a mask of the same size.")
            }
            // What is no number is outside.
            masks.append(mask.samples.map { abs($0) > 0 })
        }
        return masks
    }
}
