public import CTImages

// Two slices are compared in HU, each by its own scale: files that store the same HU in different ways are equal.

/// The mean of the squared differences of two slices, in HU².
///
/// - Throws: ``MetricError`` if sizes differ or a sample is not finite.
public func meanSquaredError(_ reference: Slice, _ test: Slice) throws(MetricError) -> Double {
    try checkShapes(reference, test)
    let (slope, intercept) = (reference.scale.slope, reference.scale.intercept)
    let (testSlope, testIntercept) = (test.scale.slope, test.scale.intercept)
    // Without copies in HU, which would take several times as long as the sum.
    var sum = 0.0
    for (a, b) in zip(reference.samples, test.samples) {
        let difference = (testSlope * b + testIntercept) - (slope * a + intercept)
        sum += difference * difference
    }
    if !sum.isFinite { try checkFinite(reference.hu, test.hu) }
    return sum / Double(reference.samples.count)
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
    func above(_ slice: Slice) -> Samples {
        Samples(values: slice.samples, slope: slice.scale.slope, intercept: slice.scale.intercept, low: low)
    }
    return try structuralSimilarity(
        above(reference), above(test), width: reference.width, height: reference.height,
        dataRange: rangeHU.upperBound - low, window: window)
}

private func checkShapes(_ reference: Slice, _ test: Slice) throws(MetricError) {
    guard reference.width == test.width && reference.height == test.height else {
        throw .sizesDiffer(
            reference: "\(reference.width)×\(reference.height)", test: "\(test.width)×\(test.height)")
    }
}
