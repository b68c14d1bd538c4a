public import CTImages

extension CTSlice {
    /// Returns this slice minus `other`, in HU; for a noisy slice minus its denoised one, the removed noise.
    ///
    /// The result is in HU with 32-bit floating-point format, not yet rounded to it. It is 0 where both slices have the
    /// same sample, including where both are NaN.
    ///
    /// - Parameter other: A slice of the same size and scale, such as the denoised slice or its rounded version.
    /// - Precondition: Width, height and scale are the same.
    public func difference(from other: CTSlice) -> CTSlice {
        precondition(
            width == other.width && height == other.height && scale == other.scale,
            "A difference of \(width)×\(height) and \(other.width)×\(other.height), or of two scales")
        let slope = scale.slope
        // From stored values, since differences of integers are exact.
        let differences = zip(samples, other.samples).map { mine, its in
            mine == its || (mine.isNaN && its.isNaN) ? 0 : slope * (mine - its)
        }
        return CTSlice(width: width, height: height, samples: differences, format: .float32, scale: .assumedHU)
    }
}
