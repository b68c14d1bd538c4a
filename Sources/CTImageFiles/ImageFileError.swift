internal import CImageShims
internal import CTSupport

/// Why an image file could not be read or written.
public struct ImageFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure, for code that branches on them.
    public enum Code: String, Hashable, Sendable {
        /// The operating system does not let us read the file.
        case unreadable
        /// Neither PNG nor TIFF, going by the first bytes.
        case notAnImage
        /// PNG or TIFF, but damaged or ending too early.
        case malformed
        /// A valid file that holds something this program does not handle.
        case unsupported
        /// A valid file whose pixels are not grey.
        case color
        /// More pixels than ``DecodeLimits`` allow.
        case tooLarge
        /// The file to write exists, and overwriting was not asked for.
        case alreadyExists
        /// The operating system does not let us write the file.
        case unwritable
        /// Nor any other file there: no space, a read-only disk, or no permission.
        case unwritableFolder
        /// No memory.
        case outOfMemory
    }

    /// The kind of failure.
    public let code: Code

    /// The file, as it was named by the caller.
    public let file: String

    /// What was found in the file or on the way to it.
    public let found: String

    /// What would have been right.
    public let expected: String

    /// What to do about it.
    public let advice: String

    /// All of it in one line.
    public var description: String { "\(file): found \(found); expected \(expected). \(advice)" }

    init(_ code: Code, file: String, found: String, expected: String, advice: String) {
        self.code = code
        self.file = file
        self.found = found
        self.expected = expected
        self.advice = advice
    }
}

extension ImageFileError {
    init(_ error: FileAccessError) {
        let code: Code =
            switch error.code {
            case .unreadable: .unreadable
            case .tooLarge: .tooLarge
            case .alreadyExists: .alreadyExists
            case .unwritable: .unwritable
            case .unwritableFolder: .unwritableFolder
            }
        self.init(code, file: error.file, found: error.found, expected: error.expected, advice: error.advice)
    }
}

// MARK: - Failures inside a file

/// A failure before it is known which file it belongs to.
struct CodecFailure: Error {
    var code: ImageFileError.Code
    var found: String
    var expected: String
    var advice: String

    init(_ code: ImageFileError.Code, found: String, expected: String, advice: String) {
        self.code = code
        self.found = found
        self.expected = expected
        self.advice = advice
    }

    static func malformed(_ found: String, expected: String) -> CodecFailure {
        CodecFailure(
            .malformed, found: found, expected: expected, advice: "The file is damaged; get it again from its source.")
    }

    static func unsupported(_ found: String, expected: String, advice: String) -> CodecFailure {
        CodecFailure(.unsupported, found: found, expected: expected, advice: advice)
    }

    /// The failure of a page among several, counted from 1.
    func onPage(_ page: Int, of pages: Int?) -> CodecFailure {
        var result = self
        if page > 1 || (pages ?? 1) > 1 { result.found = "on page \(page), \(found)" }
        return result
    }

    func inFile(_ file: String) -> ImageFileError {
        ImageFileError(code, file: file, found: found, expected: expected, advice: advice)
    }

    /// Throws unless a C call went well; `expected` says what should have been there.
    static func check(_ status: ct_status, expected: String) throws(CodecFailure) {
        guard status.code != CT_OK.rawValue else { return }
        let reason = unsafe withUnsafeBytes(of: status.reason) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        switch UInt32(bitPattern: status.code) {
        case CT_OUT_OF_MEMORY.rawValue:
            throw CodecFailure(
                .outOfMemory, found: "no memory for the image", expected: "enough of it",
                advice: "Process fewer files at a time, or smaller ones.")
        case CT_UNSUPPORTED.rawValue:
            throw .unsupported(
                reason, expected: expected, advice: "Convert the file, for example to a TIFF with Deflate compression.")
        default: throw .malformed(reason.isEmpty ? "damaged data" : reason, expected: expected)
        }
    }
}
