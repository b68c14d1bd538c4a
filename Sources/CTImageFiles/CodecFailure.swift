internal import CImageShims
internal import CTSupport

/// A failure before it is known which file it belongs to.
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

    /// The failure of a page among several, counted from 1.
    func onPage(_ page: Int, of pages: Int?) -> CodecFailure {
        var result = self
        if page > 1 || (pages ?? 1) > 1 { result.found = "on page \(page), \(found)" }
        return result
    }

    func inFile(_ file: String) -> FileError {
        FileError(code, file: file, found: found, expected: expected, advice: advice)
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
