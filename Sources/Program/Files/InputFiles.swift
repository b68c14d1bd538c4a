import CTImageFiles
import CTSupport

/// A file to read, and the name it keeps: its path below the folder that the user named.
struct InputFile {
    let path: String
    let name: String
}

/// The image files that a list of files and folders leads to.
struct InputFiles {
    /// What to read, in the order in which it was named, sorted inside folders.
    private(set) var files: [InputFile] = []

    /// Files in folders that are no images.
    private(set) var skipped: [String] = []

    /// What cannot even be looked at.
    private(set) var failures: [FileError] = []

    private let leftOut: Set<FileSystem.Identity>

    /// The endings that image files have; such a file is read, and refused, even when it does not begin like one.
    static let extensions: Set<String> = ["png", "tif", "tiff"]

    /// Looks through `inputs`, folders with all folders in them, but not through the folders `outputs`.
    ///
    /// Files whose name begins with a dot are passed over in silence, unless they are named directly.
    init(_ inputs: [String], leavingOut outputs: [String] = []) {
        leftOut = Set(outputs.compactMap(FileSystem.identity))
        for input in inputs {
            switch FileSystem.kind(input) {
            case .file: add(InputFile(path: input, name: FileSystem.lastComponent(input)), named: true)
            case .folder: walk(input, name: "", inside: [])
            case .missing: failures.append(Self.missing(input))
            }
        }
    }

    private mutating func walk(_ folder: String, name: String, inside: Set<FileSystem.Identity>) {
        guard let identity = FileSystem.identity(folder), let names = FileSystem.names(in: folder) else {
            failures.append(
                FileError(
                    file: folder, found: "a folder that cannot be read", expected: "one that you may list",
                    advice: "Check your rights there."))
            return
        }
        // Links may lead back up.
        guard !inside.contains(identity) else { return }
        for entry in names where !entry.hasPrefix(".") {
            let path = FileSystem.join(folder, entry)
            let entryName = FileSystem.join(name, entry)
            switch FileSystem.kind(path) {
            case .file: add(InputFile(path: path, name: entryName), named: false)
            case .folder:
                if let identity = FileSystem.identity(path), leftOut.contains(identity) { continue }
                walk(path, name: entryName, inside: inside.union([identity]))
            case .missing: failures.append(Self.missing(path))
            }
        }
    }

    /// The error of inputs that lead to no image file.
    static func none(in inputs: [String]) -> FileError {
        FileError(
            file: inputs.joined(separator: ", "), found: "no image files", expected: "PNG or TIFF files",
            advice: "Name files, or folders that have some.")
    }

    /// Why nothing is found at `path`.
    private static func missing(_ path: String) -> FileError {
        if FileSystem.isLink(path) {
            return FileError(
                file: path, found: "a link that leads nowhere", expected: "an image file or a folder",
                advice: "Mend the link, or remove it.")
        }
        // This is what bytes that are not UTF-8 have become on the way here.
        if path.contains("\u{FFFD}") {
            return FileError(
                file: path, found: "a name that is not UTF-8", expected: "a name that every system can read",
                advice: "Rename it.")
        }
        return FileError(
            file: path, found: "nothing of this name", expected: "an image file or a folder", advice: "Check the name.")
    }

    private mutating func add(_ file: InputFile, named: Bool) {
        guard FileSystem.isReadable(file.path) else {
            failures.append(
                FileError(
                    file: file.path, found: "a file that cannot be read", expected: "one that you may read",
                    advice: "Check your rights to it."))
            return
        }
        let isImage =
            named || Self.extensions.contains(FileSystem.fileExtension(file.path))
            || ImageFile.container(ofFileAt: file.path) != nil
        if isImage { files.append(file) } else { skipped.append(file.path) }
    }
}
