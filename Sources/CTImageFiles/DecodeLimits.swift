/// How much memory a file may ask for. A few hundred bytes can claim billions of pixels; the claim
/// is checked before anything is allocated for them.
public struct DecodeLimits: Hashable, Sendable {
    /// Pixels of all pages together. A pixel takes 8 bytes when decoded.
    public var pixels: Int

    /// Limits of `pixels`, by default a gigapixel (2³⁰).
    ///
    /// - Precondition: `pixels` is positive.
    public init(pixels: Int = 1 << 30) {
        precondition(pixels > 0, "A limit of \(pixels) pixels")
        self.pixels = pixels
    }
}
