public import CTImages

/// Two images, ready to be compared: in HU, with a stated data range, perhaps clipped to it, perhaps only where a mask is true.
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
    /// Columns.
    public let width: Int

    /// Rows.
    public let height: Int

    /// Both ends of the data range, in HU for slices: what values could be, not what they happen to be.
    public let range: ClosedRange<Double>

    /// The mean of the squared differences, in HU² for slices.
    public let meanSquaredError: Double

    /// The mean of the sizes of the differences (MAE), in HU for slices.
    public let meanAbsoluteError: Double

    /// The mean of test minus reference, in HU for slices.
    public let bias: Double

    /// Both counted from the lower end of the data range.
    let reference: [Double]
    let test: [Double]

    /// 1 where the mask is true, 0 elsewhere.
    let mask: [Double]?

    /// Takes two slices.
    ///
    /// - Parameters:
    ///   - reference: What is taken to be right.
    ///   - test: What is judged.
    ///   - range: The data range in HU, both ends.
    ///   - isClipped: Whether HU beyond the data range count as its ends, as they look in a display window.
    ///   - mask: In row order, true where differences count; everywhere if it is `nil`.
    /// - Throws: ``MetricError`` if sizes differ, a sample is not finite, the data range is not positive or the mask is empty.
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

    /// Takes samples in any units.
    ///
    /// - Parameters:
    ///   - reference: Rows of `width` samples that are taken to be right.
    ///   - test: As many that are judged.
    ///   - width: Columns.
    ///   - range: The data range in their units, both ends.
    ///   - isClipped: Whether samples beyond the data range count as its ends.
    ///   - mask: In row order, true where differences count; everywhere if it is `nil`.
    /// - Throws: ``MetricError`` if sizes differ, a sample is not finite, the data range is not positive or the mask is empty.
    /// - Precondition: `width` divides the number of samples.
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
        self.reference = reference.above(low, upTo: ceiling)
        self.test = test.above(low, upTo: ceiling)
        self.mask = mask.map { $0.map { $0 ? 1 : 0 } }
        let differences = try Differences(self.reference, self.test, weights: self.mask)
        // Metrics with windows see samples around the mask as well.
        if mask != nil { try checkFinite(self.reference, self.test) }
        meanSquaredError = differences.meanSquare
        meanAbsoluteError = differences.meanSize
        bias = differences.mean
    }

    /// The width of the data range, which PSNR and SSIM are relative to.
    public var dataRange: Double { range.upperBound - range.lowerBound }

    /// The root of the mean of the squared differences (RMSE), in HU for slices.
    public var rootMeanSquaredError: Double { meanSquaredError.squareRoot() }

    /// The peak signal-to-noise ratio (PSNR) in dB: 10 · log₁₀(data range² / mean squared error); +∞ for equal images.
    public var peakSignalToNoiseRatio: Double {
        CTMetrics.peakSignalToNoiseRatio(dataRange: dataRange, meanSquaredError: meanSquaredError)
    }
}

/// Samples and what they mean: `slope · sample + intercept`.
private struct Samples {
    let values: [Double]
    var slope = 1.0
    var intercept = 0.0

    init(values: [Double]) { self.values = values }

    init(_ slice: CTSlice) { (values, slope, intercept) = (slice.samples, slice.scale.slope, slice.scale.intercept) }

    /// What they mean, counted from `low`; clipped to 0…`top` if there is one, unless it is no number.
    func above(_ low: Double, upTo top: Double?) -> [Double] {
        let (slope, shift) = (slope, intercept - low)
        guard let top else { return slope == 1 && shift == 0 ? values : values.map { slope * $0 + shift } }
        return values.map { value in
            let counted = slope * value + shift
            return counted.isFinite ? min(max(counted, 0), top) : counted
        }
    }
}
