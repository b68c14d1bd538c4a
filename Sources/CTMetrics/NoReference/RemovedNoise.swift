internal import CTSupport

/// What a denoiser removed from an image, judged without a reference: is it noise, or does it contain anatomy?
///
/// The difference between a noisy and a denoised image, known as method noise (Buades, Coll, Morel 2005, doi
/// 10.1137/040616024), looks like noise if nothing else was removed.
public struct RemovedNoise: Hashable, Sendable {
    /// The mean in HU: how much lower the denoised image is.
    public let mean: Double

    /// The root mean square in HU.
    public let rootMeanSquare: Double

    /// The correlation of each pixel with its neighbour in the next column, −1…1; 0 for white noise.
    public let correlationAcross: Double

    /// The correlation of each pixel with its neighbour in the next row, −1…1; 0 for white noise.
    public let correlationDown: Double

    /// The share of its power at edges that is structure, 0…1: the part that detail of the denoised image explains.
    ///
    /// This is the squared correlation between what was removed and the detail of the denoised image (the image minus
    /// its mean over 9×9 pixels), over the steepest tenth of the pixels. A denoiser that blurs removes part of the
    /// edges that it leaves; one that removes only noise has 0. Structure removed entirely cannot be detected: nothing
    /// remains to correlate with.
    ///
    /// Residual noise correlates with the noise removed from the same place. Therefore only pixels steeper than twenty
    /// standard deviations of the fine detail count; `nil` if there are fewer than 200.
    public let structureShare: Double?

    /// Creates a measurement of the difference between two images.
    ///
    /// - Parameters:
    ///   - noisy: The noisy image in HU, in rows of `width`.
    ///   - denoised: The denoised image in HU, of the same size.
    ///   - width: The number of columns.
    ///   - isUsed: A mask of the images' size, true where to measure; if `nil`, wherever the denoised image is above
    ///     −950 HU.
    /// - Returns: `nil` if a value is not finite or fewer than 1000 pixels to measure are at least 5 pixels from every
    ///   edge.
    /// - Precondition: Both images have the same number of samples, and `width` is positive.
    public init?(noisy: [Double], denoised: [Double], width: Int, where isUsed: [Bool]? = nil) {
        precondition(noisy.count == denoised.count && width > 0, "\(noisy.count) and \(denoised.count) samples")
        let height = noisy.count / width
        let reach = 5
        guard width > 2 * reach, height > 2 * reach else { return nil }
        let removed = zip(noisy, denoised).map { $0 - $1 }
        guard removed.allSatisfy(\.isFinite) else { return nil }
        var places: [Int] = []
        for row in reach..<height - reach {
            for column in reach..<width - reach {
                let index = row * width + column
                if isUsed?[index] ?? (denoised[index] > -950) { places.append(index) }
            }
        }
        guard places.count >= 1000 else { return nil }
        let count = Double(places.count)
        let mean = places.reduce(0) { $0 + removed[$1] } / count
        self.mean = mean
        func product(_ offset: Int) -> Double {
            places.reduce(0) { $0 + (removed[$1] - mean) * (removed[$1 + offset] - mean) } / count
        }
        let variance = product(0)
        rootMeanSquare = (variance + mean * mean).squareRoot()
        correlationAcross = variance > 0 ? min(max(product(1) / variance, -1), 1) : 0
        correlationDown = variance > 0 ? min(max(product(width) / variance, -1), 1) : 0

        let steepness = places.map { index in
            let across = denoised[index + 1] - denoised[index - 1]
            let down = denoised[index + width] - denoised[index - width]
            return across * across + down * down
        }
        let fine = BoxMeans(denoised, width: width, reach: 1)
        let sizes = places.map { abs(denoised[$0] - fine[$0]) }.sorted()
        // The median magnitude of a normal deviate is 0.6745 standard deviations; subtracting a mean over nine pixels
        // removes a ninth of the variance.
        let left = sizes[places.count / 2] / 0.6745 / (8.0 / 9).squareRoot()
        let limit = max(steepness.sorted()[places.count * 9 / 10], 400 * left * left, .leastNormalMagnitude)
        let means = BoxMeans(denoised, width: width, reach: 4)
        let edges = zip(places, steepness).filter { $0.1 >= limit }.map(\.0)
        structureShare =
            edges.count < 200
            ? nil : squaredCorrelation(edges.map { denoised[$0] - means[$0] }, edges.map { removed[$0] })
    }
}

/// Returns the squared correlation of two variables; 0 if one is constant.
private func squaredCorrelation(_ first: [Double], _ second: [Double]) -> Double {
    let count = Double(first.count)
    let (a, b) = (first.reduce(0, +) / count, second.reduce(0, +) / count)
    var (aa, bb, ab) = (0.0, 0.0, 0.0)
    for (x, y) in zip(first, second) {
        aa += (x - a) * (x - a)
        bb += (y - b) * (y - b)
        ab += (x - a) * (y - b)
    }
    return aa > 0 && bb > 0 ? min(ab * ab / (aa * bb), 1) : 0
}
