/// A greyscale slice: `height` rows of `width` samples, stored row by row from the top left, with their storage format
/// and their meaning in HU.
///
/// Samples are the file's own values: no gamma, scaling or clipping is applied. They are `Double`, which represents
/// every supported format exactly, up to 32-bit integers and 64-bit floating point.
///
/// Every slice satisfies these invariants:
///
/// - `width` and `height` are at least 1;
/// - `samples.count == width * height`.
public struct CTSlice: Equatable, Sendable {
    /// The number of columns, at least 1.
    public let width: Int

    /// The number of rows, at least 1.
    public let height: Int

    /// The stored values in row order; the sample at column `x`, row `y` has index `y * width + x`.
    ///
    /// - Precondition: A new value has as many elements as the old one.
    public var samples: [Double] {
        didSet { precondition(samples.count == width * height, "\(samples.count) samples for \(width)×\(height)") }
    }

    /// The storage format of a sample in the file that the slice was read from or will be written to.
    public var format: SampleFormat

    /// The meaning of stored values in HU.
    public var scale: IntensityScale

    /// Stored values that the file declares to stand for no data; samples with these values are never changed.
    package var noData: [Double] = []

    /// Whether ``samples`` are signed although the format is unsigned: files hold them in two's complement.
    package private(set) var isWrapped = false

    /// Creates a slice from stored values.
    ///
    /// - Parameters:
    ///   - width: The number of columns.
    ///   - height: The number of rows.
    ///   - samples: Stored values in row order, from the top left.
    ///   - format: The storage format of a sample.
    ///   - scale: The meaning of stored values. If `nil`, floating-point samples are assumed to be HU, and the range of
    ///     an integer format to span −1024…1023 HU.
    /// - Precondition: `width` and `height` are positive, and `samples.count == width * height`.
    public init(
        width: Int, height: Int, samples: [Double], format: SampleFormat, scale: IntensityScale? = nil
    ) {
        precondition(width > 0 && height > 0, "A slice has at least one sample, not \(width)×\(height)")
        precondition(samples.count == width * height, "\(samples.count) samples for \(width)×\(height)")
        self.width = width
        self.height = height
        self.samples = samples
        self.format = format
        self.scale = scale ?? Self.assumedScale(of: format)
    }

    private static func assumedScale(of format: SampleFormat) -> IntensityScale {
        format.range.map { IntensityScale(assuming: $0) } ?? .assumedHU
    }

    /// Creates a slice from HU values, stored as 32-bit floating point.
    ///
    /// - Parameters:
    ///   - hu: HU in row order, from the top left.
    ///   - width: The number of columns.
    ///   - height: The number of rows.
    /// - Precondition: `width` and `height` are positive, and `hu.count == width * height`.
    public init(hu: [Float], width: Int, height: Int) {
        self.init(
            width: width, height: height, samples: hu.map(Double.init), format: .float32,
            scale: IntensityScale(slope: 1, intercept: 0))
    }

    /// Creates a slice from stored integers that represent `rescaleSlope · stored + rescaleIntercept` HU, as in DICOM.
    ///
    /// - Parameters:
    ///   - stored: Stored values in row order, from the top left. Their type determines the slice's format.
    ///   - width: The number of columns.
    ///   - height: The number of rows.
    ///   - rescaleSlope: HU per stored unit.
    ///   - rescaleIntercept: The HU value of a stored zero; −1024 for slices that hold HU + 1024.
    /// - Precondition: `width` and `height` are positive, `stored.count == width * height`, `rescaleSlope` is finite
    ///   and nonzero, `rescaleIntercept` is finite, and `Stored` has at most 32 bits.
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

    /// Returns a copy of the slice with `hu` as its samples, converted to stored units but neither rounded nor clamped.
    ///
    /// - Precondition: `hu.count == width * height`.
    public func with(hu: [Double]) -> CTSlice {
        var result = self
        let slope = scale.slope
        let intercept = scale.intercept
        result.samples = hu.map { ($0 - intercept) / slope }
        return result
    }

    // MARK: - Conventions

    /// Gives the samples the meaning that a convention says.
    ///
    /// - Parameter convention: The convention that the file follows.
    /// - Returns: Whether slices of this format can follow it; if not, the slice is unchanged.
    @discardableResult
    public mutating func adopt(_ convention: IntensityConvention) -> Bool {
        guard let scale = convention.scale(assumed: assumedScale) else { return false }
        if convention == .wrapped, format.kind != .unsignedInteger { return false }
        if isWrapped != (convention == .wrapped), let range = format.range {
            let modulus = range.upperBound + 1
            func signed(_ stored: Double) -> Double { stored >= modulus / 2 ? stored - modulus : stored }
            func unsigned(_ stored: Double) -> Double { stored < 0 ? stored + modulus : stored }
            samples = samples.map(isWrapped ? unsigned : signed)
            noData = noData.map(isWrapped ? unsigned : signed)
            isWrapped.toggle()
        }
        self.scale = scale
        return true
    }

    /// The scale without a convention or a declaration.
    private var assumedScale: IntensityScale {
        switch scale.origin {
        case .assumedRange, .assumedHU: scale
        case .declared, .convention: Self.assumedScale(of: format)
        }
    }

    /// The samples as a file holds them, if they are rounded and clamped.
    package var fileSamples: [Double] {
        guard isWrapped, let range = format.range else { return samples }
        return samples.map { $0 < 0 ? $0 + range.upperBound + 1 : $0 }
    }

    // MARK: - Rounding and clamping

    /// The range of integers that can be stored, or `nil` for floating point.
    ///
    /// This is the range of the format, or the assumed range if that is narrower: values outside the assumed range
    /// would change how readers interpret the file.
    package var storableRange: ClosedRange<Double>? {
        guard let range = format.range else { return nil }
        if isWrapped {
            let half = (range.upperBound + 1) / 2
            return -half...half - 1
        }
        guard case .assumedRange(let assumed) = scale.origin else { return range }
        let low = assumed.lowerBound.rounded(.up)
        let high = assumed.upperBound.rounded(.down)
        return low < high && range.contains(low) && range.contains(high) ? low...high : range
    }

    /// Returns the samples as a file of this format stores them, and the number of samples that were clamped.
    ///
    /// - Integers are rounded to nearest, halves away from zero, and clamped to the range of the format, or to the
    ///   narrower one that the scale was assumed from. A NaN becomes the storable value nearest zero and counts as
    ///   clamped.
    /// - Floating-point values are rounded to the nearest value of the format, ties to even. Finite values that would
    ///   overflow are clamped to the greatest finite magnitude; infinities and NaN are unchanged.
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

    /// Returns `value` rounded to the 11 significant bits of IEEE 754 half precision, without overflow. `Float16` is
    /// not available on every platform.
    private static func half(_ value: Double) -> Double {
        guard value.isFinite, value != 0 else { return value }
        // Below 2⁻¹⁴ values are multiples of 2⁻²⁴; above it, multiples of 2⁻¹⁰ of their binade.
        let step = Double(sign: .plus, exponent: max(Int(value.exponent), -14) - 10, significand: 1)
        return (value / step).rounded(.toNearestOrEven) * step
    }
}
