internal import CKernels
internal import CTSupport

/// The window over which structural similarity is computed.
public enum SimilarityWindow: String, Hashable, Sendable, CaseIterable {
    /// Gaussian weights of standard deviation 1.5 in a window of 11×11, with biased covariance: as published.
    ///
    /// Equals scikit-image's `structural_similarity(…, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)`.
    case gaussian
    /// Equal weights in a window of 7×7, with unbiased covariance.
    ///
    /// Equals scikit-image's `structural_similarity` with default arguments.
    case uniform

    /// The number of samples along a side of the window.
    package var size: Int { window.size }

    /// The weights.
    var window: SlidingWindow {
        switch self {
        case .gaussian: SlidingWindow(gaussian: 1.5, size: 11)
        case .uniform: SlidingWindow(uniform: 7)
        }
    }

    /// The factor from a weighted covariance to the one used.
    var covarianceFactor: Double {
        switch self {
        case .gaussian: 1
        case .uniform: 49.0 / 48
        }
    }
}

extension Comparison {
    /// Returns the mean structural similarity (SSIM): 1 for equal images, closer to 0 the less they have in common.
    ///
    /// Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural similarity"
    /// (2004), doi 10.1109/TIP.2003.819861, with K₁ = 0.01 and K₂ = 0.03: the mean, over all windows that lie inside
    /// the image and are centred in the mask, of
    ///
    ///     (2 μx μy + C₁) (2 σxy + C₂) / ((μx² + μy² + C₁) (σx² + σy² + C₂))
    ///
    /// where C₁ = (K₁ L)², C₂ = (K₂ L)² and L is the data range.
    ///
    /// The luminance factor is computed from samples relative to the lower bound of the data range: HU above −1024 by
    /// default, so that air is near 0. For integer files without a declared scale, this equals the result for stored
    /// values and the range of their format.
    ///
    /// - Parameter window: The window and its weights.
    /// - Returns: The mean similarity, at most 1.
    /// - Throws: ``MetricError`` if the images are smaller than the window, or no window is centred in the mask.
    public func structuralSimilarity(window: SimilarityWindow = .gaussian) throws(MetricError) -> Double {
        let sums = try Planes(self).similarity(
            window.window, dataRange: dataRange, covarianceFactor: window.covarianceFactor)
        return sums.similarity / sums.places
    }

    /// Returns the multi-scale structural similarity (MS-SSIM), over five scales, each at half the resolution of the
    /// previous.
    ///
    /// Wang, Simoncelli, Bovik, "Multiscale structural similarity for image quality assessment" (2003), doi
    /// 10.1109/ACSSC.2003.1292216: the product of contrast and structure at four scales and of the full similarity at
    /// the last, raised to the powers 0.0448, 0.2856, 0.3001, 0.2363 and 0.1333, with the Gaussian window. A negative
    /// mean counts as 0. Images are halved by means of 2×2 samples, repeating the last row or column of an odd number.
    /// At a coarse scale, a sample is in the mask if at least half of its area is.
    ///
    /// - Returns: 1 for equal images, closer to 0 the less they have in common.
    /// - Throws: ``MetricError`` if the images have fewer than 161 samples along a side, or no window is centred in the
    ///   mask.
    public func multiScaleStructuralSimilarity() throws(MetricError) -> Double {
        try structuralSimilarities().multiScale
    }

    /// Returns ``structuralSimilarity(window:)`` with the Gaussian window and ``multiScaleStructuralSimilarity()``, in
    /// the time of the latter.
    ///
    /// - Throws: ``MetricError`` under the conditions of ``multiScaleStructuralSimilarity()``.
    public func structuralSimilarities() throws(MetricError) -> (single: Double, multiScale: Double) {
        let weights = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]
        let least = (SimilarityWindow.gaussian.size - 1) << (weights.count - 1) + 1
        guard min(width, height) >= least else { throw .tooSmall(width: width, height: height, least: least) }
        var planes = Planes(self)
        var (product, single) = (1.0, 1.0)
        for (scale, weight) in weights.enumerated() {
            if scale > 0 { planes = planes.halved }
            let sums = try planes.similarity(SimilarityWindow.gaussian.window, dataRange: dataRange)
            if scale == 0 { single = sums.similarity / sums.places }
            let mean = (scale < weights.count - 1 ? sums.contrast : sums.similarity) / sums.places
            product *= power(max(mean, 0), weight)
        }
        return (single, product)
    }
}

extension Planes {
    /// Returns sums over all windows.
    fileprivate func similarity(
        _ window: SlidingWindow, dataRange: Double, covarianceFactor: Double = 1
    ) throws(MetricError) -> ct_similarity_sums {
        try require(window.size)
        let (c1, c2) = (0.01 * dataRange, 0.03 * dataRange)
        let sums = unsafe withKernels(window) { kernels, pair, window, scratch in
            unsafe kernels.similarity(pair, window, c1 * c1, c2 * c2, covarianceFactor, scratch)
        }
        guard sums.places > 0 else { throw .nothingInMask }
        return sums
    }
}
