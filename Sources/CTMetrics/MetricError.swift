/// The reason two images cannot be compared.
public enum MetricError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The images have no samples.
    case empty
    /// The images differ in size. Sizes read "512×512", or "262144 samples" where the shape is unknown.
    case sizesDiffer(reference: String, test: String)
    /// The metric needs at least `least` samples along each side.
    case tooSmall(width: Int, height: Int, least: Int)
    /// The data range is zero, negative, infinite or NaN.
    case dataRangeNotPositive(Double)
    /// A sample is NaN or infinite; `index` is its position in row order, from 0.
    case notFinite(image: Image, index: Int)
    /// The mask and the images differ in size.
    case maskDiffers(image: String, mask: String)
    /// The mask selects nothing: it is false everywhere, or wherever the metric's windows lie inside the image.
    case nothingInMask
    /// The reference is uniform, so the metric has no detail to compare with.
    case uniformReference

    /// An image of a comparison.
    public enum Image: String, Hashable, Sendable {
        /// The image taken as correct.
        case reference
        /// The image being assessed.
        case test
    }

    /// What was found, what was expected and what to do, in one sentence.
    public var description: String {
        switch self {
        case .empty:
            "the images have no samples; compare images of at least one sample."
        case .sizesDiffer(let reference, let test):
            "the reference has \(reference), the test image \(test); compare images of the same size."
        case .tooSmall(let width, let height, let least):
            "the metric needs at least \(least)×\(least) samples, but the images have only \(width)×\(height); "
                + "compare larger images or use PSNR."
        case .dataRangeNotPositive(let range):
            "the data range is \(range); give a positive number, such as 2047 for −1024…1023 HU or 255 for 8 bits."
        case .notFinite(let image, let index):
            "sample \(index) of the \(image.rawValue) image is NaN or infinite; only finite samples can be compared."
        case .maskDiffers(let image, let mask):
            "the images have \(image), the mask \(mask); use a mask of the same size."
        case .nothingInMask:
            "the mask leaves nothing to compare; use a larger mask."
        case .uniformReference:
            "the reference has no detail that could be preserved; use another metric."
        }
    }
}

// MARK: - Checks

func check(dataRange: Double) throws(MetricError) {
    guard dataRange > 0 && dataRange.isFinite else { throw .dataRangeNotPositive(dataRange) }
}

/// Throws the position of the first sample that is not finite, if there is one.
func checkFinite(_ reference: [Double], _ test: [Double]) throws(MetricError) {
    if let index = reference.firstIndex(where: { !$0.isFinite }) { throw .notFinite(image: .reference, index: index) }
    if let index = test.firstIndex(where: { !$0.isFinite }) { throw .notFinite(image: .test, index: index) }
}
