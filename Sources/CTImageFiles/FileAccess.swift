#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// Whole files in and out, with the operating system's words in the errors.
enum FileAccess {
    /// What `errno` says.
    private static func reason(_ number: Int32) -> String { unsafe String(cString: strerror(number)) }

    /// Opens a regular file for reading.
    private static func openFile(_ path: String) throws(ImageFileError) -> (descriptor: Int32, size: Int) {
        func failure(_ found: String) -> ImageFileError {
            ImageFileError(
                .unreadable, file: path, found: found, expected: "a file that can be read",
                advice: "Check the path and its permissions.")
        }
        // Non-blocking, so that a pipe without a writer does not hold us up.
        let descriptor = unsafe open(path, O_RDONLY | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(reason(errno)) }
        var info = stat()
        guard unsafe fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            let found = info.st_mode & S_IFMT == S_IFDIR ? "a folder" : "something that is not a file"
            close(descriptor)
            throw failure(found)
        }
        return (descriptor, Int(info.st_size))
    }

    /// The file's bytes, or the first `count` of them; a file of more than `largest` is refused.
    static func contents(of path: String, prefix count: Int? = nil, largest: Int = .max) throws(ImageFileError)
        -> [UInt8]
    {
        let (descriptor, size) = try openFile(path)
        defer { close(descriptor) }
        guard size <= largest else {
            throw ImageFileError(
                .tooLarge, file: path, found: "\(size) bytes", expected: "no more than \(largest)",
                advice: "Raise the limit if the file can be trusted.")
        }
        let wanted = min(size, count ?? size)
        var got = 0
        var failed: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, initialized in
            while got < wanted {
                guard let base = buffer.baseAddress else { break }
                // Some systems take no more than 2³¹ − 1 bytes at a time.
                let taken = unsafe read(descriptor, base + got, min(wanted - got, 1 << 30))
                if taken < 0 && errno == EINTR { continue }
                if taken < 0 { failed = errno }
                if taken <= 0 { break }
                got += taken
            }
            initialized = got
        }
        guard failed == 0 else {
            throw ImageFileError(
                .unreadable, file: path, found: reason(failed), expected: "a file that can be read",
                advice: "Check the disk.")
        }
        return bytes
    }

    /// Writes a file whole or not at all: to a temporary file beside it, which is then renamed.
    ///
    /// Unless `overwrite`, a file that is there already is an error.
    static func save(_ bytes: [UInt8], to path: String, overwrite: Bool) throws(ImageFileError) {
        let exists = ImageFileError(
            .alreadyExists, file: path, found: "a file of this name", expected: "none",
            advice: "Choose another name, or ask for overwriting.")
        func failure(_ number: Int32, _ advice: String) -> ImageFileError {
            ImageFileError(
                .unwritable, file: path, found: reason(number), expected: "a place that can be written", advice: advice)
        }
        // A first look before the work; the last word is with `link` below.
        if !overwrite, unsafe access(path, F_OK) == 0 { throw exists }

        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let temporary = "\(folder).ct-\(getpid())-\(UInt32.random(in: .min ... .max)).tmp"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL, 0o666)
        guard descriptor >= 0 else { throw failure(errno, "Check that the folder exists and may be written to.") }
        var keepTemporary = false
        defer { if !keepTemporary { unsafe unlink(temporary) } }

        var failed: Int32 = 0
        unsafe bytes.withUnsafeBytes { buffer in
            var put = 0
            while put < buffer.count {
                guard let base = buffer.baseAddress else { break }
                let count = unsafe write(descriptor, base + put, min(buffer.count - put, 1 << 30))
                if count < 0 && errno == EINTR { continue }
                if count < 0 {
                    failed = errno
                    break
                }
                put += count
            }
        }
        // Some file systems report a full disk only here.
        if close(descriptor) != 0 && failed == 0 { failed = errno }
        guard failed == 0 else { throw failure(failed, "Check the space that is left.") }

        if !overwrite {
            // Unlike `rename`, `link` never replaces a file that appeared meanwhile.
            if unsafe link(temporary, path) == 0 { return }
            if errno == EEXIST { throw exists }
            // The file system may have no links; then the look above has to do.
            if unsafe access(path, F_OK) == 0 { throw exists }
        }
        guard unsafe rename(temporary, path) == 0 else {
            throw failure(errno, "Check that the name is not a folder's and may be written to.")
        }
        keepTemporary = true
    }
}
