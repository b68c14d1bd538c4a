internal import CTSupport

/// How much memory a file may ask for. A few hundred bytes can claim billions of pixels; the claim
/// is checked before anything is allocated for them.
public struct DecodeLimits: Hashable, Sendable {
    /// Pixels of all pages together.
    ///
    /// A pixel takes 8 bytes once it is decoded. While a page is decoded, its pixels can take more: in a PNG the
    /// unpacked rows, up to 8 bytes; in a TIFF up to 16 for growing, and up to 64 more in one row of strips or tiles,
    /// which may be the whole page. The file itself is held too.
    public var pixels: Int

    /// Limits of `pixels`, by default a gigapixel (2³⁰).
    ///
    /// - Precondition: `pixels` is positive.
    public init(pixels: Int = 1 << 30) {
        precondition(pixels > 0, "A limit of \(pixels) pixels")
        self.pixels = pixels
    }
}

extension DecodeLimits {
    /// Throws if a page would go beyond the limit, given the pixels that earlier pages used.
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
