internal import CTSupport

/// What a denoiser removed from an image, judged without a reference: is it noise, or is anatomy in it?
///
/// The difference between a noisy image and a denoised one, sometimes called method noise (Buades, Coll, Morel 2005, doi
/// 10.1137/040616024), looks like noise if nothing else was removed.
public struct RemovedNoise: Hashable, Sendable {
    /// Its mean in HU: how much lower the image has become.
    public let mean: Double

    /// The root of its mean square in HU.
    public let rootMeanSquare: Double

    /// The correlation of each pixel with its neighbour in the next column, −1…1: 0 for white noise.
    public let correlationAcross: Double

    /// The same with its neighbour in the next row.
    public let correlationDown: Double

    /// How much of its power at edges is structure, 0…1: what detail of the denoised image explains of it.
    ///
    /// The squared correlation of what was removed with detail (the denoised image less its mean over 9×9 pixels), over the tenth of all
    /// pixels where the denoised image is steepest. A denoiser that blurs removes a part of the edges that it leaves; one that takes
    /// noise alone has 0. What is gone without a trace is not seen: it leaves no detail to compare with.
    ///
    /// Noise that is left in the denoised image correlates with what was removed of it. So only pixels count that are steeper than twenty
    /// standard deviations of fine detail in the denoised image; `nil` if they are less than 200.
    public let structureShare: Double?

    /// Judges the difference of two images.
    ///
    /// - Parameters:
    ///   - noisy: HU in rows of `width`.
    ///   - denoised: As many.
    ///   - width: Columns.
    ///   - isUsed: As many, true where to look; wherever the denoised image is above −950 HU if it is `nil`.
    /// - Returns: `nil` if there are less than 1000 pixels to look at that are 5 pixels away from all edges, or values are not finite.
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
        // The median size of a normal deviate is 0.6745 standard deviations, and a mean over nine takes a ninth of the variance.
        let left = sizes[places.count / 2] / 0.6745 / (8.0 / 9).squareRoot()
        let limit = max(steepness.sorted()[places.count * 9 / 10], 400 * left * left, .leastNormalMagnitude)
        let means = BoxMeans(denoised, width: width, reach: 4)
        let edges = zip(places, steepness).filter { $0.1 >= limit }.map(\.0)
        structureShare =
            edges.count < 200
            ? nil : squaredCorrelation(edges.map { denoised[$0] - means[$0] }, edges.map { removed[$0] })
    }
}

/// The square of the correlation of two variables; 0 if one is constant.
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
