#if canImport(FoundationEssentials)
import CTSupport
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The few file system queries that the program needs. All follow symbolic links unless noted.
enum FileSystem {
    /// The kind of file at a path.
    enum Kind {
        case file, folder, missing
    }

    /// The identity of a file, equal for all paths that lead to it.
    struct Identity: Hashable {
        let device: UInt64
        let number: UInt64
    }

    private static func status(_ path: String) -> (kind: Kind, identity: Identity?) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return (.missing, nil) }
        let identity = Identity(
            device: UInt64(truncatingIfNeeded: status.st_dev), number: UInt64(truncatingIfNeeded: status.st_ino))
        return (status.st_mode & S_IFMT == S_IFDIR ? .folder : .file, identity)
    }

    /// Returns the kind of the file at `path`.
    static func kind(_ path: String) -> Kind { status(path).kind }

    /// Returns the identity of the file or folder at `path`, or `nil` if there is none.
    static func identity(_ path: String) -> Identity? { status(path).identity }

    /// Returns the size in bytes of the file at `path`, or 0 if there is none.
    static func size(_ path: String) -> Int {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Whether this process may read the file at `path`.
    static func isReadable(_ path: String) -> Bool { unsafe access(path, R_OK) == 0 }

    /// Whether this process may write in the folder at `path`.
    static func isWritable(_ path: String) -> Bool { unsafe access(path, W_OK | X_OK) == 0 }

    /// Whether `path` is a symbolic link, even a broken one.
    static func isLink(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// Returns the sorted names in a folder, or `nil` if it cannot be read.
    static func names(in folder: String) -> [String]? {
        (try? FileManager.default.contentsOfDirectory(atPath: folder))?.sorted()
    }

    /// Creates the folder of the file at `path`, with intermediate folders, unless it exists.
    static func makeFolder(for path: String) throws(FileError) { try makeFolder(parent(path)) }

    /// Creates a folder, with intermediate folders, unless it exists.
    static func makeFolder(_ folder: String) throws(FileError) {
        guard kind(folder) != .folder else { return }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw FileError(
                .unwritableFolder, file: folder, found: "a folder that cannot be created",
                expected: "a folder to write to",
                advice: "Check the name and your permissions there.")
        }
    }

    /// Checks that new files can be written at `paths`, as far as possible, and creates the folder `first`.
    ///
    /// Folders below it are created only when a file is written.
    static func prepare(_ first: String, for paths: [String]) throws(FileError) {
        try makeFolder(first)
        var seen: Set<String> = []
        for path in paths {
            var folder = parent(path)
            while kind(folder) == .missing, folder != parent(folder) { folder = parent(folder) }
            guard seen.insert(folder).inserted else { continue }
            guard kind(folder) == .folder, isWritable(folder) else {
                throw FileError(
                    .unwritableFolder, file: folder,
                    found: kind(folder) == .folder ? "a folder that is not writable" : "a file",
                    expected: "a writable folder",
                    advice: "Check your permissions there, or choose another folder.")
            }
        }
    }

    /// Returns the path of `name` in `folder`.
    static func join(_ folder: String, _ name: String) -> String {
        folder.isEmpty || folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    /// Returns the last component of a path: the name of a file without its folder.
    static func lastComponent(_ path: String) -> String {
        String(path.split(separator: "/").last ?? "/")
    }

    /// Returns the folder of the file at `path`, or "." if the path contains none.
    static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Returns the absolute path without links, `.` and `..`; components that do not exist yet are kept as they are.
    static func resolved(_ path: String) -> String {
        func real(_ path: String) -> String? {
            guard let real = unsafe realpath(path, nil) else { return nil }
            defer { unsafe free(real) }
            return unsafe String(cString: real)
        }
        var resolved = path.hasPrefix("/") ? "/" : real(".") ?? "."
        for part in path.split(separator: "/") where part != "." {
            let next = part == ".." ? parent(resolved) : join(resolved, String(part))
            resolved = real(next) ?? next
        }
        return resolved
    }

    /// Returns the path with the ending of an image replaced by .tiff.
    static func withTIFFEnding(_ path: String) -> String {
        withoutEnding(path) + ".tiff"
    }

    /// Returns the path without the ending of an image file.
    static func withoutEnding(_ path: String) -> String {
        let ending = fileExtension(path)
        return InputFiles.extensions.contains(ending) ? String(path.dropLast(ending.count + 1)) : path
    }

    /// Returns the path with a number such as "-2" before its ending.
    static func numbered(_ path: String, _ number: Int) -> String {
        let ending = fileExtension(path)
        guard !ending.isEmpty else { return "\(path)-\(number)" }
        return "\(path.dropLast(ending.count + 1))-\(number)\(path.suffix(ending.count + 1))"
    }

    /// Removes the file or link at `path`, if it exists. Does not follow links.
    static func remove(_ path: String) throws(FileError) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else {
            throw FileError(
                file: path, found: "a file that cannot be removed", expected: "a file that can be replaced",
                advice: "Check your permissions there.")
        }
    }

    /// Creates a symbolic link at `path`, replacing an existing file.
    static func link(_ path: String, to target: String) throws(FileError) {
        // Renaming a temporary link replaces the old file atomically.
        let temporary = path + ".link"
        unsafe unlink(temporary)
        guard unsafe symlink(target, temporary) == 0, unsafe rename(temporary, path) == 0 else {
            throw FileError(
                file: path, found: "a link that cannot be created", expected: "a file system with symbolic links",
                advice: "Omit --link to copy clean files.")
        }
    }

    /// Returns the file extension in lower case, without the dot; empty if there is none.
    static func fileExtension(_ path: String) -> String {
        let parts = lastComponent(path).split(separator: ".", omittingEmptySubsequences: false)
        return parts.count > 1 ? parts[parts.count - 1].lowercased() : ""
    }
}
