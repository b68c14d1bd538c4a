internal import CImageShims

/// A TIFF file of one page, being written.
@safe
final class TIFFSink {
    private let handle: OpaquePointer

    init(_ page: TIFFPage, isBigEndian: Bool) throws(CodecFailure) {
        var status = ct_status()
        var raw = page.raw
        let created = unsafe ct_tiff_create(&raw, isBigEndian, &status)
        guard let created = unsafe created else {
            try CodecFailure.check(status, expected: "a layout that libtiff can write")
            throw .malformed("no file from libtiff", expected: "a file")
        }
        unsafe handle = created
    }

    deinit { unsafe ct_tiff_close(handle) }

    /// Encodes a strip or tile; the contents of `bytes` are destroyed.
    func write(_ block: Int, bytes: inout [UInt8]) throws(CodecFailure) {
        try CodecFailure.check(
            unsafe ct_tiff_write_block(handle, UInt32(block), &bytes, bytes.count),
            expected: "samples that can be encoded")
    }

    /// Completes the file and returns its bytes.
    func finish() throws(CodecFailure) -> [UInt8] {
        var buffer = unsafe ct_buffer()
        try CodecFailure.check(unsafe ct_tiff_finish(handle, &buffer), expected: "a file that can be completed")
        defer { unsafe ct_buffer_free(&buffer) }
        return unsafe Array(UnsafeBufferPointer(start: buffer.bytes, count: buffer.count))
    }
}
