internal import CKernels

extension Comparison {
    /// Returns the visual information fidelity in the pixel domain (VIFp): the fraction of the visual information in
    /// the reference that the test image preserves.
    ///
    /// Sheikh, Bovik, "Image information and visual quality" (2006), doi 10.1109/TIP.2005.859378, in the authors'
    /// pixel-domain variant: four scales, Gaussian windows of 17, 9, 5 and 3 samples with standard deviations of a
    /// fifth of their size, and visual noise of variance 2 for 8-bit samples. At each scale, all windows count that lie
    /// inside the image and are centred in the mask, which is reduced with the images.
    ///
    /// - Returns: 1 for equal images; less where noise or blur hides information; more than 1 for a test image of
    ///   higher contrast.
    /// - Throws: ``MetricError`` if the images have fewer than 41 samples along a side, no window is centred in the
    ///   mask, or the reference is uniform and the test image differs from it.
    public func visualInformationFidelity() throws(MetricError) -> Double {
        guard min(width, height) >= 41 else { throw .tooSmall(width: width, height: height, least: 41) }
        var planes = Planes(self)
        // The constants are for 8-bit samples.
        let unit = dataRange / 255
        let (noise, least) = (2 * unit * unit, 1e-8 * unit * unit)
        var (kept, whole) = (1e-8, 1e-8)
        for scale in 0..<4 {
            let size = 1 << (4 - scale) + 1
            let window = SlidingWindow(gaussian: Double(size) / 5, size: size)
            if scale > 0 { planes = planes.decimated(by: window) }
            let sums = unsafe planes.withKernels(window) { kernels, pair, window, scratch in
                unsafe kernels.information(pair, window, noise, least, scratch)
            }
            guard sums.places > 0 else { throw .nothingInMask }
            kept += sums.kept
            whole += sums.whole
        }
        // A uniform reference has no information to preserve.
        if whole < 1e-6 {
            guard meanSquaredError == 0 else { throw .uniformReference }
            return 1
        }
        return kept / whole
    }
}
