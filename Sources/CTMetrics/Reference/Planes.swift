internal import CKernels
internal import CTSupport

/// A symmetric, separable window of weights.
struct SlidingWindow {
    /// The weights of the centre and of its neighbours outwards. The weights along a whole side sum to 1.
    let weights: [Double]

    /// Creates a window of equal weights.
    init(uniform size: Int) { weights = [Double](repeating: 1 / Double(size), count: size / 2 + 1) }

    /// Creates a window of Gaussian weights.
    init(gaussian sigma: Double, size: Int) {
        let half = (0...size / 2).map { exponential(-Double($0 * $0) / (2 * sigma * sigma)) }
        let sum = half[0] + 2 * half.dropFirst().reduce(0, +)
        weights = half.map { $0 / sum }
    }

    /// The number of samples along a side.
    var size: Int { 2 * weights.count - 1 }
}

/// Both images of a comparison at one scale.
struct Planes {
    let width, height: Int
    let reference, test: [Double]
    /// The fraction of each sample's area that is in the mask, 0…1; a sample counts if at least half is.
    let mask: [Double]?

    init(_ comparison: Comparison) {
        self.init(
            width: comparison.width, height: comparison.height, reference: comparison.reference, test: comparison.test,
            mask: comparison.mask)
    }

    private init(width: Int, height: Int, reference: [Double], test: [Double], mask: [Double]?) {
        (self.width, self.height) = (width, height)
        (self.reference, self.test, self.mask) = (reference, test, mask)
    }

    /// Throws if the images are smaller than a window.
    func require(_ least: Int) throws(MetricError) {
        guard min(width, height) >= least else { throw .tooSmall(width: width, height: height, least: least) }
    }

    // MARK: - Other scales

    /// The images at half the resolution, by means of 2×2 samples.
    var halved: Planes {
        let (wide, high) = ((width + 1) / 2, (height + 1) / 2)
        func halved(_ image: [Double]) -> [Double] {
            unsafe withUnsafeTemporaryResult(wide * high) { result in
                unsafe ct_metric_kernels_current().pointee.halve(image, height, width, result)
            }
        }
        return Planes(
            width: wide, height: high, reference: halved(reference), test: halved(test),
            mask: mask.map(halved))
    }

    /// Returns every other sample of the filtered images, where the window lies inside the image.
    func decimated(by window: SlidingWindow) -> Planes {
        let (wide, high) = ((width - window.size + 2) / 2, (height - window.size + 2) / 2)
        func decimated(_ image: [Double]) -> [Double] {
            unsafe withUnsafeTemporaryResult(wide * high) { result in
                unsafe withKernels(window) { kernels, _, window, scratch in
                    unsafe kernels.decimate(image, height, width, window, scratch, result)
                }
            }
        }
        return Planes(
            width: wide, height: high, reference: decimated(reference), test: decimated(test),
            mask: mask.map(decimated))
    }

    // MARK: - Kernels

    /// Runs a kernel on these images.
    func withKernels<Result>(
        _ window: SlidingWindow,
        _ body: (
            _ kernels: ct_metric_kernels, _ pair: UnsafePointer<ct_image_pair>,
            _ window: UnsafePointer<ct_sliding_window>, _ scratch: UnsafeMutablePointer<Double>
        ) -> Result
    ) -> Result {
        let size = ct_metric_scratch(width, window.weights.count - 1)
        // Zero, so that reads beyond the ends of rows yield numbers.
        var scratch = [Double](repeating: 0, count: size)
        return unsafe reference.withUnsafeBufferPointer { reference in
            unsafe test.withUnsafeBufferPointer { test in
                unsafe withOptionalPointer(to: mask.map { $0.map { $0 >= 0.5 ? 1 : 0 } }) { mask in
                    unsafe window.weights.withUnsafeBufferPointer { weights in
                        unsafe scratch.withUnsafeMutableBufferPointer { scratch in
                            guard let first = reference.baseAddress, let second = test.baseAddress,
                                let weight = weights.baseAddress, let scratch = scratch.baseAddress
                            else { preconditionFailure("Images without samples") }
                            var pair = unsafe ct_image_pair(
                                reference: first, test: second, mask: mask, rows: height, columns: width)
                            var window = unsafe ct_sliding_window(weights: weight, half: weights.count - 1)
                            return unsafe body(ct_metric_kernels_current().pointee, &pair, &window, scratch)
                        }
                    }
                }
            }
        }
    }
}

/// Returns an array of `count` numbers written by `body`.
private func withUnsafeTemporaryResult(_ count: Int, _ body: (UnsafeMutablePointer<Double>) -> Void) -> [Double] {
    unsafe [Double](unsafeUninitializedCapacity: count) { buffer, written in
        if let result = buffer.baseAddress { unsafe body(result) }
        written = count
    }
}

private func withOptionalPointer<Result>(
    to array: [Double]?, _ body: (UnsafePointer<Double>?) -> Result
) -> Result {
    guard let array else { return body(nil) }
    return unsafe array.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
}
