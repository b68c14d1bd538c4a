import CTSupport

/// The file of an HTML page, checked before any work.
struct PageFile {
    let path: String
    private let overwrite: Bool

    /// Checks that the page can be written, as far as possible, and creates its folder.
    ///
    /// - Parameters:
    ///   - path: The path of the page.
    ///   - overwrite: Whether to replace an existing file.
    ///   - needed: Files that must not be replaced.
    /// - Throws: `FileError` if the page cannot be written or would replace a file that it must not.
    init(_ path: String, overwrite: Bool, protecting needed: [String]) throws(FileError) {
        (self.path, self.overwrite) = (path, overwrite)
        if FileSystem.kind(path) == .folder || path.hasSuffix("/") {
            throw FileError(
                file: path, found: "a folder", expected: "the name of a file to write",
                advice: "Use a name that ends in .html.")
        }
        let ending = FileSystem.fileExtension(path)
        guard ending == "html" || ending == "htm" else {
            throw FileError(
                file: path, found: ending.isEmpty ? "no ending" : "the ending .\(ending)", expected: ".html",
                advice: "Use this ending, by which browsers recognize a page.")
        }
        try FileSystem.prepare(FileSystem.parent(path), for: [path])
        guard FileSystem.kind(path) == .file else { return }
        if needed.contains(where: { FileSystem.resolved($0) == FileSystem.resolved(path) }) {
            throw FileError(
                file: path, found: "an input itself", expected: "another file for the report",
                advice: "Choose another --report.")
        }
        guard overwrite else {
            throw FileError(
                file: path, found: "an existing file", expected: "an unused name",
                advice: "Pass --overwrite to replace it, or choose another --report.")
        }
    }

    /// Writes the page atomically.
    func save(_ html: String) throws(FileError) {
        try FileAccess.save(Array(html.utf8), to: path, overwrite: overwrite)
    }
}
