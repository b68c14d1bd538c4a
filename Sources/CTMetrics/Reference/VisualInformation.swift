internal import CKernels

extension Comparison {
    /// Visual information fidelity in the pixel domain (VIFp): how much of the information that an eye gets from the reference it still
    /// gets from the test image.
    ///
    /// Sheikh, Bovik, "Image information and visual quality" (2006), doi 10.1109/TIP.2005.859378, in the form that its authors give for
    /// pixels: four scales, Gaussian windows of 17, 9, 5 and 3 samples with deviations of a fifth of that, visual noise of variance 2 for
    /// samples of 8 bits. At each scale, windows count that lie inside the image and have their middle in the
    /// mask, which gets coarser as the images do.
    ///
    /// - Returns: 1 for equal images, less where noise or blur hide information, more than 1 for test images of more contrast.
    /// - Throws: ``MetricError`` if the images have less than 41 samples along a side, no window has its middle in the mask, or
    ///   the reference is uniform and the test image is not equal to it.
    public func visualInformationFidelity() throws(MetricError) -> Double {
        guard min(width, height) >= 41 else { throw .tooSmall(width: width, height: height, least: 41) }
        var planes = Planes(self)
        // Constants are for samples of 8 bits.
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
        // A reference without detail has nothing that could be kept.
        if whole < 1e-6 {
            guard meanSquaredError == 0 else { throw .uniformReference }
            return 1
        }
        return kept / whole
    }
}
