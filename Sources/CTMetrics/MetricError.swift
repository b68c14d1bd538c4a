/// Why two images could not be compared.
public enum MetricError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The images have no samples.
    case empty
    /// The images differ in size; sizes are as in "512×512", or "262144 samples" where no shape is known.
    case sizesDiffer(reference: String, test: String)
    /// Structural similarity needs a whole window inside the image.
    case smallerThanWindow(width: Int, height: Int, window: Int)
    /// The data range is zero, negative, infinite or NaN.
    case dataRangeNotPositive(Double)
    /// A sample is NaN or infinite; `index` counts in row order from 0.
    case notFinite(image: Image, index: Int)

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
        case .smallerThanWindow(let width, let height, let window):
            "structural similarity looks through windows of \(window)×\(window), but the images have only "
                + "\(width)×\(height); compare larger images or use PSNR."
        case .dataRangeNotPositive(let range):
            "the data range is \(range); give a positive number, such as 2047 for −1024…1023 HU or 255 for 8 bits."
        case .notFinite(let image, let index):
            "sample \(index) of the \(image.rawValue) image is NaN or infinite; only finite samples can be compared."
        }
    }
}

// MARK: - Checks

func check(_ reference: [Double], _ test: [Double]) throws(MetricError) {
    guard reference.count == test.count else {
        throw .sizesDiffer(reference: "\(reference.count) samples", test: "\(test.count) samples")
    }
    if reference.isEmpty { throw .empty }
}

func check(dataRange: Double) throws(MetricError) {
    guard dataRange > 0 && dataRange.isFinite else { throw .dataRangeNotPositive(dataRange) }
}

/// Says which sample made a result that is not finite; called only after one was met, since a look at each sample
/// beforehand would cost as much as the metric.
func checkFinite(_ reference: [Double], _ test: [Double]) throws(MetricError) {
    if let index = reference.firstIndex(where: { !$0.isFinite }) { throw .notFinite(image: .reference, index: index) }
    if let index = test.firstIndex(where: { !$0.isFinite }) { throw .notFinite(image: .test, index: index) }
}
