#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// The mean of the squared differences, in the square of the samples' units.
///
/// - Throws: ``MetricError`` if the numbers of samples differ or are zero, or a sample is not finite.
public func meanSquaredError(_ reference: [Double], _ test: [Double]) throws(MetricError) -> Double {
    try meanSquaredError(Samples(values: reference), Samples(values: test))
}

func meanSquaredError(_ reference: Samples, _ test: Samples) throws(MetricError) -> Double {
    try check(reference.values, test.values)
    var sum = 0.0
    for (a, b) in zip(reference.values, test.values) {
        let difference = test.value(b) - reference.value(a)
        sum += difference * difference
    }
    if !sum.isFinite { try checkFinite(reference.array, test.array) }
    return sum / Double(reference.values.count)
}

/// The root of the mean of the squared differences, in the samples' units.
///
/// - Throws: ``MetricError`` if the numbers of samples differ or are zero, or a sample is not finite.
public func rootMeanSquaredError(_ reference: [Double], _ test: [Double]) throws(MetricError) -> Double {
    try meanSquaredError(reference, test).squareRoot()
}

/// The peak signal-to-noise ratio in dB: 10 · log₁₀(`dataRange`² / mean squared error).
///
/// Equal images have a ratio of +∞. Two ratios can only be compared if their data ranges agree.
///
/// - Parameters:
///   - reference: Samples that are taken to be right.
///   - test: As many that are judged.
///   - dataRange: From the least to the greatest value that samples could have (not: happen to have), in their units;
///     2047 for samples in HU that stand for −1024…1023.
/// - Returns: The ratio in dB.
/// - Throws: ``MetricError`` if the numbers of samples differ or are zero, a sample is not finite, or the data range
///   is not positive.
public func peakSignalToNoiseRatio(
    _ reference: [Double], _ test: [Double], dataRange: Double
) throws(MetricError) -> Double {
    try check(dataRange: dataRange)
    return peakSignalToNoiseRatio(dataRange: dataRange, meanSquaredError: try meanSquaredError(reference, test))
}

func peakSignalToNoiseRatio(dataRange: Double, meanSquaredError: Double) -> Double {
    meanSquaredError == 0 ? .infinity : 20 * log10(dataRange / meanSquaredError.squareRoot())
}
