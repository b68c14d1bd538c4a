import CTImageFiles
import CTSupport

/// A file to read and its name in the output: its path relative to the input folder.
struct InputFile {
    let path: String
    let name: String
}

/// The image files in a list of files and folders.
struct InputFiles {
    /// The files to read, in the order of the arguments, sorted within folders.
    private(set) var files: [InputFile] = []

    /// Files in folders that are not images.
    private(set) var skipped: [String] = []

    /// Inputs that do not exist or cannot be accessed.
    private(set) var failures: [FileError] = []

    private let leftOut: Set<FileSystem.Identity>

    /// The endings of image files; a file with one of them that is not an image is an error and not skipped.
    static let extensions: Set<String> = ["png", "tif", "tiff"]

    /// Searches `inputs`, folders recursively, except for the folders `outputs`.
    ///
    /// Files and folders whose name begins with a dot are ignored, unless they are arguments themselves.
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
                    file: folder, found: "a folder that cannot be read", expected: "a readable folder",
                    advice: "Check its permissions."))
            return
        }
        // Links may form a cycle.
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

    /// Returns the error of inputs without image files.
    static func none(in inputs: [String]) -> FileError {
        FileError(
            file: inputs.joined(separator: ", "), found: "no image files", expected: "PNG or TIFF files",
            advice: "Pass image files, or folders that contain some.")
    }

    /// Returns the error of a missing `path`.
    private static func missing(_ path: String) -> FileError {
        if FileSystem.isLink(path) {
            return FileError(
                file: path, found: "a broken link", expected: "an image file or a folder",
                advice: "Fix the link, or remove it.")
        }
        // Bytes that are not UTF-8 have been replaced by U+FFFD.
        if path.contains("\u{FFFD}") {
            return FileError(
                file: path, found: "a name that is not UTF-8", expected: "a name in UTF-8",
                advice: "Rename it.")
        }
        return FileError(
            file: path, found: "no such file or folder", expected: "an image file or a folder",
            advice: "Check the name.")
    }

    private mutating func add(_ file: InputFile, named: Bool) {
        guard FileSystem.isReadable(file.path) else {
            failures.append(
                FileError(
                    file: file.path, found: "a file that cannot be read", expected: "a readable file",
                    advice: "Check its permissions."))
            return
        }
        let isImage =
            named || Self.extensions.contains(FileSystem.fileExtension(file.path))
            || ImageFile.container(ofFileAt: file.path) != nil
        if isImage { files.append(file) } else { skipped.append(file.path) }
    }
}
