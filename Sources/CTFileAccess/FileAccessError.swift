/// Why the operating system did not let a file be read or written.
public struct FileAccessError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure, for code that branches on them.
    public enum Code: Hashable, Sendable {
        /// It cannot be read, or is no file.
        case unreadable
        /// It has more bytes than were accepted.
        case tooLarge
        /// The file to write exists, and overwriting was not asked for.
        case alreadyExists
        /// It cannot be written.
        case unwritable
        /// It cannot be written, and neither can others there: no space, a read-only disk, or no permission.
        case unwritableFolder
    }

    /// The kind of failure.
    public let code: Code

    /// The file, as the caller named it.
    public let file: String

    /// What was found: mostly the operating system's words.
    public let found: String

    /// What would have been right.
    public let expected: String

    /// What to do about it.
    public let advice: String

    /// All of it in one line.
    public var description: String { "\(file): found \(found); expected \(expected). \(advice)" }
}
