/// An error about a file or folder: what was found, what was expected, and what to do.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure, for code that distinguishes them.
    public enum Code: String, Hashable, Sendable {
        /// The file does not exist, is not a regular file, or may not be read.
        case unreadable
        /// The file is neither PNG nor TIFF, judged by its first bytes.
        case notAnImage
        /// The file is damaged, incomplete or inconsistent.
        case malformed
        /// The file is valid but uses a feature that is not supported.
        case unsupported
        /// The image is valid but not greyscale.
        case color
        /// The file exceeds the limit.
        case tooLarge
        /// The file to be written exists, and overwriting is not allowed.
        case alreadyExists
        /// The file cannot be written.
        case unwritable
        /// Nothing can be written to the folder: the disk is full or read-only, or permission is missing.
        case unwritableFolder
        /// There is not enough memory for the file's contents.
        case outOfMemory
        /// The file is valid but cannot be used for the purpose.
        case unsuitable
        /// The values of the file may mean several things, and only its user knows which.
        case undecidedIntensities
    }

    /// The kind of failure.
    public let code: Code

    /// The file or folder, as the caller named it.
    public let file: String

    /// What was found.
    public let found: String

    /// What was expected.
    public let expected: String

    /// What to do, as a sentence.
    public let advice: String

    /// Creates an error. `found` and `expected` are phrases, `advice` is a sentence.
    package init(_ code: Code = .unsuitable, file: String, found: String, expected: String, advice: String) {
        self.code = code
        self.file = file
        self.found = found
        self.expected = expected
        self.advice = advice
    }

    /// What was found, what was expected, and what to do.
    public var message: String { "found \(found); expected \(expected). \(advice)" }

    /// The file and the message, on one line.
    public var description: String { "\(file): \(message)" }
}
