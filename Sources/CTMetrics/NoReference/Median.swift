/// Returns the median of each sample and its eight neighbours: the simplest denoiser, and the baseline for any other.
///
/// The image is mirrored at its edges, including the outermost sample; the result equals that of
/// `scipy.ndimage.median_filter(image, size=3, mode="reflect")`.
///
/// - Parameters:
///   - samples: `height` rows of `width` samples, none of them NaN.
///   - width: The number of columns, at least 1.
///   - height: The number of rows, at least 1.
/// - Returns: The medians, in the same order as `samples`.
/// - Precondition: `samples.count == width * height`.
package func median3x3(_ samples: [Double], width: Int, height: Int) -> [Double] {
    precondition(
        width > 0 && height > 0 && samples.count == width * height, "\(samples.count) samples for \(width)×\(height)")
    // Each column of three samples is sorted once and used by three windows.
    var columns = [Sorted](repeating: Sorted(0, 0, 0), count: width)
    var result = [Double]()
    result.reserveCapacity(samples.count)
    for y in 0..<height {
        let above = max(y - 1, 0) * width
        let here = y * width
        let below = min(y + 1, height - 1) * width
        for x in 0..<width {
            columns[x] = Sorted(samples[above + x], samples[here + x], samples[below + x])
        }
        for x in 0..<width {
            let left = columns[max(x - 1, 0)]
            let middle = columns[x]
            let right = columns[min(x + 1, width - 1)]
            // The median of nine is the median of three candidates: the greatest of the minima, the median of the
            // medians, and the least of the maxima.
            result.append(
                Sorted(
                    max(left.least, middle.least, right.least),
                    Sorted(left.median, middle.median, right.median).median,
                    min(left.greatest, middle.greatest, right.greatest)
                ).median)
        }
    }
    return result
}

/// Three numbers in ascending order.
private struct Sorted {
    let least: Double
    let median: Double
    let greatest: Double

    @inline(__always)
    init(_ a: Double, _ b: Double, _ c: Double) {
        let low = min(a, b)
        let high = max(a, b)
        least = min(low, c)
        median = max(low, min(high, c))
        greatest = max(high, c)
    }
}
