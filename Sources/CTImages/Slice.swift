/// One greyscale slice: `height` rows of `width` samples, row by row from the top left, with how
/// they were stored and what they mean.
///
/// Samples keep the file's own values: no gamma, no scaling, no clipping. They are `Double` so that
/// every stored format up to 32-bit integers and 64-bit floating point is held exactly.
///
/// Invariants, checked when a value is made and kept by every operation:
///
/// - `width` and `height` are at least 1;
/// - `samples.count == width * height`.
public struct Slice: Hashable, Sendable {
    /// Columns, at least 1.
    public let width: Int

    /// Rows, at least 1.
    public let height: Int

    /// The stored values; `(x, y)` is at `y * width + x`.
    ///
    /// - Precondition: A new value has as many elements as the old one.
    public var samples: [Double] {
        didSet { precondition(samples.count == width * height, "\(samples.count) samples for \(width)×\(height)") }
    }

    /// How samples are stored in the file that the slice came from or goes to.
    public var format: SampleFormat

    /// What stored values mean in HU.
    public var scale: IntensityScale

    /// Makes a slice.
    ///
    /// - Parameters:
    ///   - samples: Stored values in row order.
    ///   - scale: What they mean; if `nil`, floating-point samples are taken to be HU and the range
    ///     of an integer format to stand for −1024…1023 HU.
    /// - Precondition: `width` and `height` are positive, and `samples.count == width * height`.
    public init(
        width: Int, height: Int, samples: [Double], format: SampleFormat, scale: IntensityScale? = nil
    ) {
        precondition(width > 0 && height > 0, "A slice has a sample at least, not \(width)×\(height)")
        precondition(samples.count == width * height, "\(samples.count) samples for \(width)×\(height)")
        self.width = width
        self.height = height
        self.samples = samples
        self.format = format
        self.scale = scale ?? format.range.map { IntensityScale(assuming: $0) } ?? .assumedHU
    }

    /// The samples in HU.
    public var hu: [Double] {
        let slope = scale.slope
        let intercept = scale.intercept
        return samples.map { slope * $0 + intercept }
    }

    /// A copy whose samples are `hu`, expressed in stored units, not rounded and not clamped.
    ///
    /// - Precondition: `hu.count == width * height`.
    public func with(hu: [Double]) -> Slice {
        var result = self
        let slope = scale.slope
        let intercept = scale.intercept
        result.samples = hu.map { ($0 - intercept) / slope }
        return result
    }

    /// The samples as their format stores them, and how many lay outside its range.
    ///
    /// Rounding is to the nearest, halves away from zero; see ``SampleFormat/stored(_:)``.
    /// A NaN in an integer format counts as clamped.
    public func quantized() -> (slice: Slice, clamped: Int) {
        var result = self
        var clamped = 0
        let range = format.range
        result.samples = samples.map { value in
            let stored = format.stored(value)
            if let range, !range.contains(value.rounded()) { clamped += 1 }
            return stored
        }
        return (result, clamped)
    }
}
