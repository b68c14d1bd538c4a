internal import CTSupport

/// Returns the mean squared error, in the square of the samples' unit.
///
/// - Throws: ``MetricError`` if the numbers of samples differ or are zero, or a sample is not finite.
package func meanSquaredError(_ reference: [Double], _ test: [Double]) throws(MetricError) -> Double {
    try Differences(reference, test).meanSquare
}

/// Returns the root mean squared error, in the samples' unit.
///
/// - Throws: ``MetricError`` if the numbers of samples differ or are zero, or a sample is not finite.
package func rootMeanSquaredError(_ reference: [Double], _ test: [Double]) throws(MetricError) -> Double {
    try meanSquaredError(reference, test).squareRoot()
}

/// Returns the peak signal-to-noise ratio in dB: 10 · log₁₀(`dataRange`² / mean squared error).
///
/// The ratio of equal images is +∞. Two ratios can be compared only if their data ranges agree.
///
/// - Parameters:
///   - reference: The samples taken as correct.
///   - test: The samples being assessed, as many as in `reference`.
///   - dataRange: The difference between the greatest and the least possible sample (not those that happen to occur),
///     in the samples' unit; 2047 for −1024…1023 HU.
/// - Returns: The ratio in dB.
/// - Throws: ``MetricError`` if the numbers of samples differ or are zero, a sample is not finite, or the data range is
///   not positive.
package func peakSignalToNoiseRatio(
    _ reference: [Double], _ test: [Double], dataRange: Double
) throws(MetricError) -> Double {
    try check(dataRange: dataRange)
    return peakSignalToNoiseRatio(dataRange: dataRange, meanSquaredError: try meanSquaredError(reference, test))
}

func peakSignalToNoiseRatio(dataRange: Double, meanSquaredError: Double) -> Double {
    meanSquaredError == 0 ? .infinity : 20 * decimalLogarithm(dataRange / meanSquaredError.squareRoot())
}

/// Mean differences between two images.
struct Differences {
    /// The means of their squares, of their magnitudes, and of the differences themselves.
    let meanSquare, meanSize, mean: Double

    /// Computes the means over samples of weight 1, or over all samples without weights.
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
            // Eight partial sums, so that additions do not wait for one another.
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
        // Checking every sample beforehand would double the time.
        if !squares.isFinite { try checkFinite(reference, test) }
        meanSquare = squares / count
        meanSize = sizes / count
        mean = sum / count
    }
}
