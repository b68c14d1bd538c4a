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

/// The few questions that the program asks about paths. Every answer follows symbolic links.
enum FileSystem {
    /// What a path leads to.
    enum Kind {
        case file, folder, missing
    }

    /// Tells whether two paths lead to the same file, by whatever names.
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

    /// What is at `path`.
    static func kind(_ path: String) -> Kind { status(path).kind }

    /// Which file or folder is at `path`, or `nil` if there is none.
    static func identity(_ path: String) -> Identity? { status(path).identity }

    /// Bytes of the file at `path`; 0 if there is none.
    static func size(_ path: String) -> Int {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Whether this process may read the file at `path`.
    static func isReadable(_ path: String) -> Bool { unsafe access(path, R_OK) == 0 }

    /// Whether this process may write in the folder at `path`.
    static func isWritable(_ path: String) -> Bool { unsafe access(path, W_OK | X_OK) == 0 }

    /// Whether `path` is a symbolic link, wherever it leads.
    static func isLink(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// Names in a folder, sorted, or `nil` if it cannot be read.
    static func names(in folder: String) -> [String]? {
        (try? FileManager.default.contentsOfDirectory(atPath: folder))?.sorted()
    }

    /// Makes the folder that a file at `path` goes to, and those above it.
    static func makeFolder(for path: String) throws(FileError) { try makeFolder(parent(path)) }

    /// Makes a folder, and those above it, unless it is there.
    static func makeFolder(_ folder: String) throws(FileError) {
        guard kind(folder) != .folder else { return }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw FileError(
                .unwritableFolder, file: folder, found: "no such folder, and none can be made",
                expected: "a folder to write to",
                advice: "Check the name and your rights there.")
        }
    }

    /// Makes sure that new files can be written at `paths`, as far as can be known, and makes the folder `first`.
    ///
    /// Folders below it are made when there is something to write.
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
                    found: kind(folder) == .folder ? "a folder that nothing can be written to" : "a file",
                    expected: "a folder that you may write to",
                    advice: "Check your rights there, or choose another place.")
            }
        }
    }

    /// `name` in `folder`.
    static func join(_ folder: String, _ name: String) -> String {
        folder.isEmpty || folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    /// The last part of a path: the name of a file without its folder.
    static func lastComponent(_ path: String) -> String {
        String(path.split(separator: "/").last ?? "/")
    }

    /// The folder that the file at `path` is in, "." if the path does not say.
    static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The same path from the root, without links, `.` and `..`; what is not there yet is taken for folders and files to come.
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

    /// The path with the ending .tiff, in place of an image's.
    static func withTIFFEnding(_ path: String) -> String {
        let ending = fileExtension(path)
        return (InputFiles.extensions.contains(ending) ? String(path.dropLast(ending.count + 1)) : path) + ".tiff"
    }

    /// The path with "-2" and so on before its ending.
    static func numbered(_ path: String, _ number: Int) -> String {
        let ending = fileExtension(path)
        guard !ending.isEmpty else { return "\(path)-\(number)" }
        return "\(path.dropLast(ending.count + 1))-\(number)\(path.suffix(ending.count + 1))"
    }

    /// Removes a file or a link, if there is one.
    static func remove(_ path: String) throws(FileError) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else {
            throw FileError(
                file: path, found: "a file that cannot be removed", expected: "one that may be replaced",
                advice: "Check your rights there.")
        }
    }

    /// Makes a symbolic link at `path`, in place of what is there.
    static func link(_ path: String, to target: String) throws(FileError) {
        // Beside it first, so that there always is one or the other.
        let temporary = path + ".link"
        unsafe unlink(temporary)
        guard unsafe symlink(target, temporary) == 0, unsafe rename(temporary, path) == 0 else {
            throw FileError(
                file: path, found: "a link that cannot be made", expected: "a disk that has links",
                advice: "Leave out --link, so that clean files are copied.")
        }
    }

    /// The letters after the last dot of a file's name, in lower case; empty if there are none.
    static func fileExtension(_ path: String) -> String {
        let parts = lastComponent(path).split(separator: ".", omittingEmptySubsequences: false)
        return parts.count > 1 ? parts[parts.count - 1].lowercased() : ""
    }
}
