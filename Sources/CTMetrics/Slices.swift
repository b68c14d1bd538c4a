public import CTImages

// Two slices are compared in HU, each by its own scale: files that store the same HU in different ways are equal.

/// The mean of the squared differences of two slices, in HU².
///
/// - Throws: ``MetricError`` if sizes differ or a sample is not finite.
public func meanSquaredError(_ reference: Slice, _ test: Slice) throws(MetricError) -> Double {
    try checkShapes(reference, test)
    return try meanSquaredError(Samples(reference), Samples(test))
}

/// The root of the mean of the squared differences of two slices, in HU.
///
/// - Throws: ``MetricError`` if sizes differ or a sample is not finite.
public func rootMeanSquaredError(_ reference: Slice, _ test: Slice) throws(MetricError) -> Double {
    try meanSquaredError(reference, test).squareRoot()
}

/// The peak signal-to-noise ratio of two slices in dB; +∞ if they are equal.
///
/// - Parameters:
///   - reference: What is taken to be right.
///   - test: What is judged.
///   - dataRangeHU: The data range in HU; 2047 for −1024…1023 HU.
/// - Returns: The ratio in dB.
/// - Throws: ``MetricError`` if sizes differ, a sample is not finite or the data range is not positive.
public func peakSignalToNoiseRatio(
    _ reference: Slice, _ test: Slice, dataRangeHU: Double
) throws(MetricError) -> Double {
    try checkShapes(reference, test)
    try check(dataRange: dataRangeHU)
    return peakSignalToNoiseRatio(
        dataRange: dataRangeHU, meanSquaredError: try meanSquaredError(reference, test))
}

/// The mean structural similarity of two slices, whose samples are taken in HU above the lower end of the data range:
/// above −1024 if nothing is said, so that air is 0.
///
/// For integer files without a declared scale this is what their stored values give with the range of their format.
///
/// - Parameters:
///   - reference: What is taken to be right.
///   - test: What is judged.
///   - rangeHU: The data range in HU, both ends.
///   - window: What of the surroundings counts, and how much.
/// - Returns: The mean similarity, at most 1.
/// - Throws: ``MetricError`` if sizes differ, the slices are smaller than the window, a sample is not finite or the data
///   range is not positive.
public func structuralSimilarity(
    _ reference: Slice, _ test: Slice, rangeHU: ClosedRange<Double> = IntensityScale.huRange,
    window: SimilarityWindow = .gaussian
) throws(MetricError) -> Double {
    try checkShapes(reference, test)
    let low = rangeHU.lowerBound
    return try structuralSimilarity(
        Samples(reference, above: low), Samples(test, above: low), width: reference.width, height: reference.height,
        dataRange: rangeHU.upperBound - low, window: window)
}

extension Samples {
    /// Those of a slice in HU above `low`.
    fileprivate init(_ slice: Slice, above low: Double = 0) {
        self.init(values: slice.samples, slope: slice.scale.slope, intercept: slice.scale.intercept, low: low)
    }
}

private func checkShapes(_ reference: Slice, _ test: Slice) throws(MetricError) {
    guard reference.width == test.width && reference.height == test.height else {
        throw .sizesDiffer(
            reference: "\(reference.width)×\(reference.height)", test: "\(test.width)×\(test.height)")
    }
}
