#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// Reads and writes whole files, with the operating system's messages in the errors.
package enum FileAccess {
    /// Returns the system's message for an error number.
    private static func reason(_ number: Int32) -> String { unsafe String(cString: strerror(number)) }

    // MARK: - Reading

    /// Called with the path of each whole file that is read, so that tests can count.
    @TaskLocal package static var onRead: (@Sendable (String) -> Void)?

    /// Returns the bytes of a regular file, or the first `count` of them.
    ///
    /// - Parameters:
    ///   - path: The path of the file.
    ///   - count: The number of bytes to read; all if `nil`.
    ///   - largest: The size in bytes above which the file is rejected without being read.
    /// - Returns: The bytes; fewer than `count` if the file is shorter.
    /// - Throws: ``FileError`` if the file does not exist, cannot be read, or is too large.
    package static func contents(
        of path: String, prefix count: Int? = nil, largest: Int = .max
    ) throws(FileError) -> [UInt8] {
        let (descriptor, size) = try openFile(path)
        defer { close(descriptor) }
        if count == nil { onRead?(path) }
        guard size <= largest else {
            throw FileError(
                .tooLarge, file: path, found: "\(size) bytes", expected: "no more than \(largest)",
                advice: "Raise the limit if the file can be trusted.")
        }
        let wanted = min(size, count ?? size)
        var got = 0
        var failed: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, initialized in
            while got < wanted {
                guard let base = buffer.baseAddress else { break }
                // Some systems read at most 2³¹ − 1 bytes at a time.
                let taken = unsafe read(descriptor, base + got, min(wanted - got, 1 << 30))
                if taken < 0 && errno == EINTR { continue }
                if taken < 0 { failed = errno }
                if taken <= 0 { break }
                got += taken
            }
            initialized = got
        }
        guard failed == 0 else { throw unreadable(path, reason(failed), "Check the disk.") }
        return bytes
    }

    private static func unreadable(_ path: String, _ found: String, _ advice: String) -> FileError {
        FileError(.unreadable, file: path, found: found, expected: "a readable file", advice: advice)
    }

    /// Opens a regular file for reading, and returns its size in bytes.
    private static func openFile(_ path: String) throws(FileError) -> (descriptor: Int32, size: Int) {
        let advice = "Check the path and its permissions."
        // Non-blocking, so that opening a pipe without a writer returns.
        let descriptor = unsafe open(path, O_RDONLY | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable(path, reason(errno), advice) }
        var info = stat()
        guard unsafe fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            let found = info.st_mode & S_IFMT == S_IFDIR ? "a folder" : "something other than a file"
            close(descriptor)
            throw unreadable(path, found, advice)
        }
        return (descriptor, Int(info.st_size))
    }

    // MARK: - Writing

    /// Writes a file atomically and durably: to a temporary file in the same folder, which is flushed to disk and then
    /// renamed. A failure leaves no partial file, and an existing file unchanged.
    ///
    /// - Parameters:
    ///   - bytes: The contents of the file.
    ///   - path: The path of the file. A symbolic link is replaced, not followed.
    ///   - overwrite: Whether to replace an existing file. If `false`, an existing file is an error, even if it appears
    ///     during the call.
    /// - Throws: ``FileError`` if the file exists and `overwrite` is `false`, or it cannot be written.
    package static func save(_ bytes: [UInt8], to path: String, overwrite: Bool = true) throws(FileError) {
        let exists = FileError(
            .alreadyExists, file: path, found: "an existing file", expected: "no file of this name",
            advice: "Choose another name, or allow overwriting.")
        func failure(_ number: Int32, _ advice: String, isNew: Bool = false) -> FileError {
            // A folder in which no file can be created fails for every file; a file that cannot be replaced says
            // nothing about others.
            let othersFail = [ENOSPC, EDQUOT, EROFS].contains(number) || isNew && [EACCES, EPERM].contains(number)
            return FileError(
                othersFail ? .unwritableFolder : .unwritable, file: path, found: reason(number),
                expected: "a writable location", advice: advice)
        }
        // An early check that saves work; `link` or `open` below decides.
        if !overwrite, unsafe access(path, F_OK) == 0 { throw exists }

        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let temporary = "\(folder).ct-\(getpid())-\(UInt32.random(in: .min ... .max)).tmp"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL, 0o666)
        guard descriptor >= 0 else {
            throw failure(errno, "Check that the folder exists and is writable.", isNew: true)
        }
        var renamed = false
        defer { if !renamed { unsafe unlink(temporary) } }

        var failed = put(bytes, into: descriptor)
        // Otherwise the new name may reach the disk before the contents do. Some file systems do not support flushing.
        if failed == 0, fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP { failed = errno }
        // Some file systems report a full disk only here.
        if close(descriptor) != 0 && failed == 0 { failed = errno }
        guard failed == 0 else { throw failure(failed, "Check the free disk space.") }

        let advice = "Check that the path is not a folder and is writable."
        var claimed = false
        if !overwrite {
            // Unlike `rename`, `link` never replaces a file that has appeared in the meantime.
            if unsafe link(temporary, path) == 0 { return }
            if errno == EEXIST { throw exists }
            // The file system may not support links; an empty file then reserves the name.
            let claim = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL, 0o666)
            guard claim >= 0 else { throw errno == EEXIST ? exists : failure(errno, advice) }
            close(claim)
            claimed = true
        }
        guard unsafe rename(temporary, path) == 0 else {
            let number = errno
            if claimed { unsafe unlink(path) }
            throw failure(number, advice)
        }
        renamed = true
    }

    /// Writes all bytes; returns the error number, or 0.
    private static func put(_ bytes: [UInt8], into descriptor: Int32) -> Int32 {
        unsafe bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                guard let base = buffer.baseAddress else { break }
                let count = unsafe write(descriptor, base + done, min(buffer.count - done, 1 << 30))
                if count < 0 && errno == EINTR { continue }
                if count < 0 { return errno }
                done += count
            }
            return 0
        }
    }
}
