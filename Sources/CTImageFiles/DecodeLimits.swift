internal import CTSupport

/// Limits on the memory that decoding a file may take.
///
/// A few hundred bytes can claim billions of pixels, so the claim is checked before memory is allocated.
public struct DecodeLimits: Hashable, Sendable {
    /// The maximum number of pixels in all pages together.
    ///
    /// A decoded pixel takes 8 bytes. Decoding a page temporarily takes more: in a PNG, up to 8 bytes per pixel for the
    /// unpacked rows; in a TIFF, up to 16 for growing arrays and up to 64 for one row of strips or tiles, which may be
    /// the whole page. The file itself is also held in memory.
    public var pixels: Int

    /// Creates a limit of `pixels`, by default 2³⁰ (one gigapixel).
    ///
    /// - Precondition: `pixels` is positive.
    public init(pixels: Int = 1 << 30) {
        precondition(pixels > 0, "A limit of \(pixels) pixels")
        self.pixels = pixels
    }
}

extension DecodeLimits {
    /// Throws if a page exceeds the limit, given the number of pixels that earlier pages used.
    func check(width: Int, height: Int, used: Int) throws(CodecFailure) {
        let (count, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, count <= pixels - used else {
            throw CodecFailure(
                .tooLarge, found: "\(width)×\(height) pixels" + (used > 0 ? " after \(used) others" : ""),
                expected: "no more than \(pixels) together",
                advice: "Raise the limit on pixels if the file can be trusted.")
        }
    }
}
