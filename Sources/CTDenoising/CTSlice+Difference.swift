public import CTImages

extension CTSlice {
    /// This slice minus another, in HU: of a noisy slice minus its denoised one, what denoising took out.
    ///
    /// It is a slice of 32-bit floating point that holds HU, not rounded to that here. It is 0 where both have the same
    /// sample, also where that is no number.
    ///
    /// - Parameter other: Of the same size and scale, as what denoising returns is, or that rounded.
    /// - Precondition: Width, height and scale are the same.
    public func difference(from other: CTSlice) -> CTSlice {
        precondition(
            width == other.width && height == other.height && scale == other.scale,
            "A slice of \(width)×\(height) minus one of \(other.width)×\(other.height), or of another scale")
        let slope = scale.slope
        // Of stored values, since those of integers are exact.
        let differences = zip(samples, other.samples).map { mine, its in
            mine == its || (mine.isNaN && its.isNaN) ? 0 : slope * (mine - its)
        }
        return CTSlice(width: width, height: height, samples: differences, format: .float32, scale: .assumedHU)
    }
}
