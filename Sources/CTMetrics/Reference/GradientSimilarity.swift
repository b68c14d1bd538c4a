internal import CKernels

extension Comparison {
    /// Returns the gradient magnitude similarity deviation (GMSD): 0 for equal images, greater the more unevenly edges
    /// changed.
    ///
    /// Xue, Zhang, Mou, Bovik, "Gradient magnitude similarity deviation: a highly efficient perceptual image quality
    /// index" (2014), doi 10.1109/TIP.2013.2293423: images are halved by means of 2×2 samples; the result is the
    /// standard deviation, over all samples in the mask, of (2 gx gy + c) / (gx² + gy² + c), where g are magnitudes of
    /// Prewitt gradients and c is 170 for 8-bit samples.
    ///
    /// - Returns: The deviation, 0…½.
    /// - Throws: ``MetricError/nothingInMask`` if the mask selects none of the halved samples.
    public func gradientMagnitudeSimilarityDeviation() throws(MetricError) -> Double {
        let planes = Planes(self).halved
        let constant = 170 / (255.0 * 255) * dataRange * dataRange
        let sums = unsafe planes.withKernels(SlidingWindow(uniform: 1)) { kernels, pair, _, scratch in
            unsafe kernels.gradients(pair, constant, scratch)
        }
        guard sums.places > 0 else { throw .nothingInMask }
        let mean = sums.similarity / sums.places
        return max(sums.squares / sums.places - mean * mean, 0).squareRoot()
    }
}
