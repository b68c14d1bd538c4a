internal import CImageShims
internal import CTSupport

/// A failure that is not yet associated with a file.
struct CodecFailure: Error {
    var code: FileError.Code
    var found: String
    var expected: String
    var advice: String

    init(_ code: FileError.Code, found: String, expected: String, advice: String) {
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

    /// Returns the failure with its page number, counted from 1, if there are several pages.
    func onPage(_ page: Int, of pages: Int?) -> CodecFailure {
        var result = self
        if page > 1 || (pages ?? 1) > 1 { result.found = "on page \(page), \(found)" }
        return result
    }

    func inFile(_ file: String) -> FileError {
        FileError(code, file: file, found: found, expected: expected, advice: advice)
    }

    /// Throws unless a C call succeeded; `expected` says what should have been found.
    static func check(_ status: ct_status, expected: String) throws(CodecFailure) {
        guard status.code != CT_OK.rawValue else { return }
        let reason = unsafe withUnsafeBytes(of: status.reason) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        switch UInt32(bitPattern: status.code) {
        case CT_OUT_OF_MEMORY.rawValue:
            throw CodecFailure(
                .outOfMemory, found: "too little memory for the image", expected: "enough memory",
                advice: "Process fewer files at a time, or smaller ones.")
        case CT_UNSUPPORTED.rawValue:
            throw .unsupported(
                reason, expected: expected, advice: "Convert the file, for example to a TIFF with Deflate compression.")
        default: throw .malformed(reason.isEmpty ? "damaged data" : reason, expected: expected)
        }
    }
}
