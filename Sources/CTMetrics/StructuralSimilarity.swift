#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// How structural similarity looks at the surroundings of a sample.
public enum SimilarityWindow: String, Hashable, Sendable, CaseIterable {
    /// Gaussian weights of deviation 1.5 in a window of 11×11, biased covariance: as published.
    ///
    /// Equal to scikit-image's `structural_similarity(…, gaussian_weights=True, sigma=1.5,
    /// use_sample_covariance=False)`.
    case gaussian
    /// Equal weights in a window of 7×7, unbiased covariance.
    ///
    /// Equal to what scikit-image's `structural_similarity` does if it is told nothing.
    case uniform

    /// Samples along a side of the window.
    public var size: Int {
        switch self {
        case .gaussian: 11
        case .uniform: 7
        }
    }

    /// The weights along one side, of sum 1; the window's are their products.
    var weights: [Double] {
        switch self {
        case .gaussian:
            let weights = (-5...5).map { (distance: Int) -> Double in
                exp(-Double(distance * distance) / (2 * 1.5 * 1.5))
            }
            let sum = weights.reduce(0, +)
            return weights.map { $0 / sum }
        case .uniform:
            return [Double](repeating: 1.0 / 7, count: 7)
        }
    }

    /// What turns a weighted covariance into the one that is used.
    var covarianceFactor: Double {
        switch self {
        case .gaussian: 1
        case .uniform: 49.0 / 48
        }
    }
}

/// The mean structural similarity (SSIM) of two images: 1 if they are equal, towards 0 the less they have in common.
///
/// Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural similarity" (2004),
/// doi 10.1109/TIP.2003.819861, with K₁ = 0.01 and K₂ = 0.03: the mean over all windows that lie inside the image of
///
///     (2 μx μy + C₁) (2 σxy + C₂) / ((μx² + μy² + C₁) (σx² + σy² + C₂)),  C₁ = (K₁ L)², C₂ = (K₂ L)²,  L = dataRange
///
/// The luminance factor supposes that samples count from the lower end of the data range: give HU plus 1024, not HU.
/// The version for slices does.
///
/// - Parameters:
///   - reference: `height` rows of `width` samples that are taken to be right.
///   - test: As many that are judged.
///   - width: Columns.
///   - height: Rows.
///   - dataRange: From the least to the greatest value that samples could have, in their units.
///   - window: What of the surroundings counts, and how much.
/// - Returns: The mean similarity, at most 1.
/// - Throws: ``MetricError`` if sizes differ, the image is smaller than the window, the data range is not positive or a
///   sample is not finite.
/// - Precondition: `reference.count == width * height`.
public func structuralSimilarity(
    _ reference: [Double], _ test: [Double], width: Int, height: Int, dataRange: Double,
    window: SimilarityWindow = .gaussian
) throws(MetricError) -> Double {
    try check(dataRange: dataRange)
    try check(reference, test)
    precondition(reference.count == width * height, "\(reference.count) samples for \(width)×\(height)")
    let size = window.size
    guard width >= size && height >= size else {
        throw .smallerThanWindow(width: width, height: height, window: size)
    }
    // The moments x, y, x² + y² and xy go through the window together, in the lanes of one vector.
    typealias Moments = SIMD4<Double>
    let weights = window.weights
    let factor = window.covarianceFactor
    let c1 = (0.01 * dataRange) * (0.01 * dataRange)
    let c2 = (0.03 * dataRange) * (0.03 * dataRange)
    let last = size - 1
    let half = size / 2

    // The last `size` rows of moments; row y is at y % size.
    var rows = [Moments](repeating: .zero, count: size * width)
    var column = [Moments](repeating: .zero, count: width)
    var sum = 0.0
    for y in 0..<height {
        for x in 0..<width {
            let a = reference[y * width + x]
            let b = test[y * width + x]
            rows[y % size * width + x] = Moments(a, b, a * a + b * b, a * b)
        }
        if y < last { continue }

        let middle = (y - half) % size * width
        for x in 0..<width { column[x] = weights[half] * rows[middle + x] }
        for k in 0..<half {
            // The window is symmetric: two rows share a weight.
            let upper = (y - last + k) % size * width
            let lower = (y - k) % size * width
            let weight = weights[k]
            for x in 0..<width { column[x] += weight * (rows[upper + x] + rows[lower + x]) }
        }

        for x in 0..<(width - last) {
            var mean = weights[half] * column[x + half]
            for k in 0..<half { mean += weights[k] * (column[x + k] + column[x + last - k]) }
            let product = mean.x * mean.y
            let squares = mean.x * mean.x + mean.y * mean.y
            let variances = factor * (mean.z - squares)
            let covariance = factor * (mean.w - product)
            sum += (2 * product + c1) * (2 * covariance + c2) / ((squares + c1) * (variances + c2))
        }
    }
    if !sum.isFinite { try checkFinite(reference, test) }
    return sum / Double((width - last) * (height - last))
}
