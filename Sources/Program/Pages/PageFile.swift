import CTSupport

/// Where a page of HTML goes; checked before any work.
struct PageFile {
    let path: String
    private let overwrite: Bool

    /// Makes sure that the page can be written, as far as can be known, and makes the folder for it.
    ///
    /// - Parameters:
    ///   - path: Of the page.
    ///   - overwrite: Whether a file that is there is replaced.
    ///   - needed: Files that it must not replace.
    init(_ path: String, overwrite: Bool, protecting needed: [String]) throws(FileError) {
        (self.path, self.overwrite) = (path, overwrite)
        if FileSystem.kind(path) == .folder || path.hasSuffix("/") {
            throw FileError(
                file: path, found: "a folder", expected: "the name of a file to write",
                advice: "Write a name that ends in .html.")
        }
        let ending = FileSystem.fileExtension(path)
        guard ending == "html" || ending == "htm" else {
            throw FileError(
                file: path, found: ending.isEmpty ? "no ending" : "the ending .\(ending)", expected: ".html",
                advice: "Browsers know a page by it.")
        }
        try FileSystem.prepare(FileSystem.parent(path), for: [path])
        guard FileSystem.kind(path) == .file else { return }
        if needed.contains(where: { FileSystem.resolved($0) == FileSystem.resolved(path) }) {
            throw FileError(
                file: path, found: "an input itself", expected: "another place for the report",
                advice: "Choose another --report.")
        }
        guard overwrite else {
            throw FileError(
                file: path, found: "a file that is already there", expected: "a name that is free",
                advice: "Say --overwrite to replace it, or choose another --report.")
        }
    }

    /// Writes the page, whole or not at all.
    func save(_ html: String) throws(FileError) {
        try FileAccess.save(Array(html.utf8), to: path, overwrite: overwrite)
    }
}
