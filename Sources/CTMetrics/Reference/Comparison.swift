public import CTImages

/// Two images to be compared, in HU, relative to a stated data range and optionally clipped to it or restricted to a
/// mask.
///
/// ```swift
/// let comparison = try Comparison(clean, denoised)
/// print(comparison.peakSignalToNoiseRatio, try comparison.structuralSimilarity())
/// let window = HUWindow.mediastinum
/// let seen = try Comparison(clean, denoised, range: window.range, isClipped: true)
/// ```
///
/// Slices are compared in HU, each by its own scale: files that store the same HU in different ways are equal.
public struct Comparison: Sendable {
    /// The number of columns.
    package let width: Int

    /// The number of rows.
    package let height: Int

    /// The data range, in HU for slices: the values that samples can have, not those that happen to occur.
    public let range: ClosedRange<Double>

    /// The mean squared error (MSE), in HU² for slices.
    public let meanSquaredError: Double

    /// The mean absolute error (MAE), in HU for slices.
    public let meanAbsoluteError: Double

    /// The mean of test minus reference, in HU for slices.
    public let bias: Double

    /// Both images, relative to the lower bound of the data range.
    let reference: [Double]
    let test: [Double]

    /// 1 where the mask is true, 0 elsewhere.
    let mask: [Double]?

    /// Creates a comparison of two slices.
    ///
    /// - Parameters:
    ///   - reference: The slice taken as correct.
    ///   - test: The slice being assessed.
    ///   - range: The data range in HU.
    ///   - isClipped: Whether HU are clamped to the data range, as in a display window.
    ///   - mask: A mask in row order, true where differences count; everywhere if `nil`.
    /// - Throws: ``MetricError`` if sizes differ, a sample that counts is not finite, the data range is not positive,
    ///   or the mask is empty.
    public init(
        _ reference: CTSlice, _ test: CTSlice, range: ClosedRange<Double> = IntensityScale.huRange,
        isClipped: Bool = false,
        mask: [Bool]? = nil
    ) throws(MetricError) {
        guard reference.width == test.width && reference.height == test.height else {
            throw .sizesDiffer(
                reference: "\(reference.width)×\(reference.height)", test: "\(test.width)×\(test.height)")
        }
        try self.init(
            Samples(reference), Samples(test), width: reference.width, range: range, isClipped: isClipped, mask: mask)
    }

    /// Creates a comparison of samples in any unit.
    ///
    /// - Parameters:
    ///   - reference: The samples taken as correct, in rows of `width`.
    ///   - test: The samples being assessed, as many as in `reference`.
    ///   - width: The number of columns.
    ///   - range: The data range, in the unit of the samples.
    ///   - isClipped: Whether samples are clamped to the data range.
    ///   - mask: A mask in row order, true where differences count; everywhere if `nil`.
    /// - Throws: ``MetricError`` if sizes differ, a sample that counts is not finite, the data range is not positive,
    ///   or the mask is empty.
    /// - Precondition: `width` is positive and divides the number of samples.
    public init(
        _ reference: [Double], _ test: [Double], width: Int, range: ClosedRange<Double>, isClipped: Bool = false,
        mask: [Bool]? = nil
    ) throws(MetricError) {
        precondition(width > 0 && reference.count % width == 0, "\(reference.count) samples in rows of \(width)")
        try self.init(
            Samples(values: reference), Samples(values: test), width: width, range: range, isClipped: isClipped,
            mask: mask)
    }

    private init(
        _ reference: Samples, _ test: Samples, width: Int, range: ClosedRange<Double>, isClipped: Bool, mask: [Bool]?
    ) throws(MetricError) {
        let low = range.lowerBound
        let top = range.upperBound - low
        try check(dataRange: top)
        if let mask {
            guard mask.count == reference.values.count else {
                throw .maskDiffers(image: "\(reference.values.count) samples", mask: "\(mask.count)")
            }
            guard mask.contains(true) else { throw .nothingInMask }
        }
        let ceiling = isClipped ? top : nil
        self.width = width
        height = reference.values.count / width
        self.range = range
        var (original, tested) = (reference.above(low, upTo: ceiling), test.above(low, upTo: ceiling))
        if let mask {
            // Windowed metrics also see samples around the mask: what is no number there is equal in both.
            for index in mask.indices where !mask[index] && !(original[index].isFinite && tested[index].isFinite) {
                (original[index], tested[index]) = (0, 0)
            }
        }
        (self.reference, self.test) = (original, tested)
        self.mask = mask.map { $0.map { $0 ? 1 : 0 } }
        let differences = try Differences(self.reference, self.test, weights: self.mask)
        meanSquaredError = differences.meanSquare
        meanAbsoluteError = differences.meanSize
        bias = differences.mean
    }

    /// The width of the data range, to which PSNR and SSIM are relative.
    public var dataRange: Double { range.upperBound - range.lowerBound }

    /// The root mean squared error (RMSE), in HU for slices.
    public var rootMeanSquaredError: Double { meanSquaredError.squareRoot() }

    /// The peak signal-to-noise ratio (PSNR) in dB: 10 · log₁₀(data range² / mean squared error); +∞ for equal images.
    public var peakSignalToNoiseRatio: Double {
        CTMetrics.peakSignalToNoiseRatio(dataRange: dataRange, meanSquaredError: meanSquaredError)
    }
}

/// Samples with their meaning: `slope · sample + intercept`.
private struct Samples {
    let values: [Double]
    var slope = 1.0
    var intercept = 0.0

    init(values: [Double]) { self.values = values }

    init(_ slice: CTSlice) { (values, slope, intercept) = (slice.samples, slice.scale.slope, slice.scale.intercept) }

    /// Returns the meaning of the samples relative to `low`. If `top` is given, finite values are clamped to 0…`top`.
    func above(_ low: Double, upTo top: Double?) -> [Double] {
        let (slope, shift) = (slope, intercept - low)
        guard let top else { return slope == 1 && shift == 0 ? values : values.map { slope * $0 + shift } }
        return values.map { value in
            let counted = slope * value + shift
            return counted.isFinite ? min(max(counted, 0), top) : counted
        }
    }
}
