internal import CTSupport

/// The mean of the squared differences, in the square of the samples' units.
///
/// - Throws: ``MetricError`` if the numbers of samples differ or are zero, or a sample is not finite.
public func meanSquaredError(_ reference: [Double], _ test: [Double]) throws(MetricError) -> Double {
    try Differences(reference, test).meanSquare
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
    meanSquaredError == 0 ? .infinity : 20 * decimalLogarithm(dataRange / meanSquaredError.squareRoot())
}

/// What differences of two images come to.
struct Differences {
    /// Of their squares, of their sizes, and of themselves.
    let meanSquare, meanSize, mean: Double

    /// Of those samples whose weight is 1; of all without weights.
    init(_ reference: [Double], _ test: [Double], weights: [Double]? = nil) throws(MetricError) {
        guard reference.count == test.count else {
            throw .sizesDiffer(reference: "\(reference.count) samples", test: "\(test.count) samples")
        }
        if reference.isEmpty { throw .empty }
        var (squares, sizes, sum, count) = (0.0, 0.0, 0.0, Double(reference.count))
        if let weights {
            for index in reference.indices where weights[index] != 0 {
                let difference = test[index] - reference[index]
                squares += difference * difference
                sizes += abs(difference)
                sum += difference
            }
            count = weights.reduce(0, +)
        } else {
            // Eight sums of each: one would wait for the one before.
            var (squares8, sizes8, sum8) = (SIMD8<Double>(), SIMD8<Double>(), SIMD8<Double>())
            let whole = reference.count & ~7
            for first in stride(from: 0, to: whole, by: 8) {
                var difference = SIMD8<Double>()
                for lane in 0..<8 { difference[lane] = test[first + lane] - reference[first + lane] }
                squares8 += difference * difference
                sizes8 += difference.replacing(with: -difference, where: difference .< 0)
                sum8 += difference
            }
            (squares, sizes, sum) = (squares8.sum(), sizes8.sum(), sum8.sum())
            for index in whole..<reference.count {
                let difference = test[index] - reference[index]
                squares += difference * difference
                sizes += abs(difference)
                sum += difference
            }
        }
        // A look at each sample beforehand would cost as much again.
        if !squares.isFinite { try checkFinite(reference, test) }
        meanSquare = squares / count
        meanSize = sizes / count
        mean = sum / count
    }
}
