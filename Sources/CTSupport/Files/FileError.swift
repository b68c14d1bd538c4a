/// Why something could not be done with a file or folder: what was found, what was expected, what to do.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure, for code that branches on them.
    public enum Code: String, Hashable, Sendable {
        /// The file does not exist, is not a regular file, or may not be read.
        case unreadable
        /// The file is not an image: neither PNG nor TIFF, going by its first bytes.
        case notAnImage
        /// The file is damaged, incomplete, or contradicts itself.
        case malformed
        /// The file is valid but uses a feature that is not supported.
        case unsupported
        /// The image is valid but not greyscale.
        case color
        /// The file is larger than the limit that was set.
        case tooLarge
        /// The file to be written exists, and overwriting was not asked for.
        case alreadyExists
        /// The file cannot be written.
        case unwritable
        /// Nothing can be written to the folder: no space left, a read-only disk, or no permission.
        case unwritableFolder
        /// There is not enough memory for the file's contents.
        case outOfMemory
        /// The file is fine, but of no use for what was asked.
        case unsuitable
    }

    /// The kind of failure.
    public let code: Code

    /// The file or folder, as the caller named it.
    public let file: String

    /// What was found.
    public let found: String

    /// What would have been right.
    public let expected: String

    /// What to do about it.
    public let advice: String

    /// Creates an error from its parts: `found` and `expected` are phrases, `advice` is a sentence.
    package init(_ code: Code = .unsuitable, file: String, found: String, expected: String, advice: String) {
        self.code = code
        self.file = file
        self.found = found
        self.expected = expected
        self.advice = advice
    }

    /// What was found, what was expected, and what to do.
    public var message: String { "found \(found); expected \(expected). \(advice)" }

    /// The file and the message, in one line.
    public var description: String { "\(file): \(message)" }
}
