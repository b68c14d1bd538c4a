/// Why two images could not be compared.
public enum MetricError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The images have no samples.
    case empty
    /// The images differ in size; sizes are as in "512×512", or "262144 samples" where no shape is known.
    case sizesDiffer(reference: String, test: String)
    /// The metric needs `least` samples along each side.
    case tooSmall(width: Int, height: Int, least: Int)
    /// The data range is zero, negative, infinite or NaN.
    case dataRangeNotPositive(Double)
    /// A sample is NaN or infinite; `index` counts in row order from 0.
    case notFinite(image: Image, index: Int)
    /// The mask is of another size.
    case maskDiffers(image: String, mask: String)
    /// Nothing is left to compare: the mask is true nowhere, or nowhere that the metric's windows lie inside the image.
    case nothingInMask
    /// The reference is the same everywhere, where the metric measures how much of its detail is kept.
    case uniformReference

    /// One of the two images of a comparison.
    public enum Image: String, Hashable, Sendable {
        /// What is taken to be right.
        case reference
        /// What is judged.
        case test
    }

    /// What was found, what was expected and what to do, in a sentence.
    public var description: String {
        switch self {
        case .empty:
            "the images have no samples; compare images of one sample at least."
        case .sizesDiffer(let reference, let test):
            "the reference has \(reference), the test image \(test); compare images of the same size."
        case .tooSmall(let width, let height, let least):
            "the metric looks at \(least)×\(least) samples at least, but the images have only \(width)×\(height); compare "
                + "larger images or use PSNR."
        case .dataRangeNotPositive(let range):
            "the data range is \(range); give a positive number, such as 2047 for −1024…1023 HU or 255 for 8 bits."
        case .notFinite(let image, let index):
            "sample \(index) of the \(image.rawValue) image is NaN or infinite; only finite samples can be compared."
        case .maskDiffers(let image, let mask):
            "the images have \(image), the mask \(mask); use a mask of the same size."
        case .nothingInMask:
            "the mask leaves nothing to compare; use a larger one."
        case .uniformReference:
            "the reference has no detail that could be kept; use another metric."
        }
    }
}

// MARK: - Checks

func check(dataRange: Double) throws(MetricError) {
    guard dataRange > 0 && dataRange.isFinite else { throw .dataRangeNotPositive(dataRange) }
}

/// Says which sample made a result that is not finite.
func checkFinite(_ reference: [Double], _ test: [Double]) throws(MetricError) {
    if let index = reference.firstIndex(where: { !$0.isFinite }) { throw .notFinite(image: .reference, index: index) }
    if let index = test.firstIndex(where: { !$0.isFinite }) { throw .notFinite(image: .test, index: index) }
}
