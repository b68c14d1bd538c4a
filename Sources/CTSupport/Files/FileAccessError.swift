/// Why the operating system did not let a file be read or written.
package struct FileAccessError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure, for code that branches on them.
    package enum Code: Hashable, Sendable {
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
    package let code: Code

    /// The file, as the caller named it.
    package let file: String

    /// What was found: mostly the operating system's words.
    package let found: String

    /// What would have been right.
    package let expected: String

    /// What to do about it.
    package let advice: String

    /// All of it in one line.
    package var description: String { "\(file): found \(found); expected \(expected). \(advice)" }
}
