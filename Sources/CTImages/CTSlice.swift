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
public struct CTSlice: Hashable, Sendable {
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

    /// Creates a slice from HU: 32-bit floating point, whose samples are these values.
    ///
    /// - Parameters:
    ///   - hu: HU in row order, from the top left.
    ///   - width: Columns.
    ///   - height: Rows.
    /// - Precondition: `width` and `height` are positive, and `hu.count == width * height`.
    public init(hu: [Float], width: Int, height: Int) {
        self.init(
            width: width, height: height, samples: hu.map(Double.init), format: .float32,
            scale: IntensityScale(slope: 1, intercept: 0))
    }

    /// Creates a slice from stored integers, which mean `rescaleSlope · stored + rescaleIntercept` HU, as DICOM's attributes of
    /// these names say.
    ///
    /// - Parameters:
    ///   - stored: Stored values in row order, from the top left. Their type becomes the slice's format.
    ///   - width: Columns.
    ///   - height: Rows.
    ///   - rescaleSlope: HU per stored unit.
    ///   - rescaleIntercept: HU of a stored zero; −1024 for slices that hold HU + 1024.
    /// - Precondition: `width` and `height` are positive, `stored.count == width * height`, `rescaleSlope` is finite and not
    ///   zero, `rescaleIntercept` is finite, and `Stored` has no more than 32 bits.
    public init<Stored: FixedWidthInteger>(
        stored: [Stored], width: Int, height: Int, rescaleSlope: Double = 1, rescaleIntercept: Double
    ) {
        self.init(
            width: width, height: height, samples: stored.map { Double($0) },
            format: SampleFormat(
                kind: Stored.isSigned ? .signedInteger : .unsignedInteger, bits: Stored.bitWidth),
            scale: IntensityScale(slope: rescaleSlope, intercept: rescaleIntercept))
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
    public func with(hu: [Double]) -> CTSlice {
        var result = self
        let slope = scale.slope
        let intercept = scale.intercept
        result.samples = hu.map { ($0 - intercept) / slope }
        return result
    }

    // MARK: - Rounding and clamping

    /// The whole numbers that may be stored, or `nil` for floating point: those of the format, and of the assumed
    /// range if that is narrower, since a reader of the file would otherwise take the samples to mean something else.
    public var storableRange: ClosedRange<Double>? {
        guard let range = format.range else { return nil }
        guard case .assumedRange(let assumed) = scale.origin else { return range }
        let low = assumed.lowerBound.rounded(.up)
        let high = assumed.upperBound.rounded(.down)
        return low < high && range.contains(low) && range.contains(high) ? low...high : range
    }

    /// The samples as a file of this format holds them, and how many had to be moved into range.
    ///
    /// - Integers are rounded to the nearest, halves away from zero, and clamped to ``storableRange``. A NaN becomes
    ///   the value nearest zero, and counts as moved.
    /// - Floating point is rounded to the nearest number of the format, ties to even. Finite numbers that would
    ///   become infinite are clamped to the greatest finite one; infinities and NaN stay.
    public func quantized() -> (slice: CTSlice, clamped: Int) {
        var result = self
        var clamped = 0
        if let range = storableRange {
            result.samples = samples.map { sample in
                let value = sample.rounded()
                if range.contains(value) { return value }
                clamped += 1
                return min(max(value.isNaN ? 0 : value, range.lowerBound), range.upperBound)
            }
        } else if format.bits < 64 {
            let isHalf = format.bits == 16
            let greatest = isHalf ? 65504 : Double(Float.greatestFiniteMagnitude)
            result.samples = samples.map { sample in
                let value = isHalf ? Self.half(sample) : Double(Float(sample))
                if value.magnitude <= greatest || !sample.isFinite { return value }
                clamped += 1
                return sample < 0 ? -greatest : greatest
            }
        }
        return (result, clamped)
    }

    /// The number nearest `value` that has the 11 bits of IEEE 754's half precision, whatever its size; `Float16` is not
    /// on every platform.
    private static func half(_ value: Double) -> Double {
        guard value.isFinite, value != 0 else { return value }
        // Below 2⁻¹⁴ numbers are multiples of 2⁻²⁴; above, of 2⁻¹⁰ of their binade.
        let step = Double(sign: .plus, exponent: max(Int(value.exponent), -14) - 10, significand: 1)
        return (value / step).rounded(.toNearestOrEven) * step
    }
}
