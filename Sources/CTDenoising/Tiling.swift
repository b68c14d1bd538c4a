/// Cuts images that are too large to denoise at once into overlapping tiles.
///
/// Scans cross a whole image, so a tile sees less context. The overlap is wide, and tiles are blended in its inner part
/// only, so that no seam is visible.
struct Tiling {
    /// The side of the largest image that is not cut, and of the largest tile, in pixels.
    var side = 2048

    /// The smallest overlap of neighbouring tiles in pixels, at most half of `side`.
    var overlap = 256

    /// Applies `body` to tiles and blends the results.
    ///
    /// - Parameters:
    ///   - image: `height` rows of `width` values.
    ///   - body: Takes a tile, its width and height, its number and the number of tiles; returns a value for each of
    ///     the tile's.
    /// - Throws: Rethrows the error of `body`.
    func map<Failure: Error>(
        _ image: [Float], width: Int, height: Int,
        _ body: ([Float], _ width: Int, _ height: Int, _ tile: (number: Int, count: Int)) throws(Failure) -> [Float]
    ) throws(Failure) -> [Float] {
        let rows = spans(height)
        let columns = spans(width)
        let count = rows.count * columns.count
        if count == 1 { return try body(image, width, height, (0, 1)) }
        var number = 0
        var result = [Float](repeating: 0, count: image.count)
        for row in rows {
            for column in columns {
                let across = column.range
                let tile = row.range.flatMap { image[$0 * width + across.lowerBound..<$0 * width + across.upperBound] }
                let values = try body(tile, across.count, row.range.count, (number, count))
                number += 1
                for (y, down) in row.weights.enumerated() where down > 0 {
                    let start = (row.range.lowerBound + y) * width + across.lowerBound
                    for (x, weight) in column.weights.enumerated() {
                        result[start + x] += down * weight * values[y * across.count + x]
                    }
                }
            }
        }
        return result
    }

    /// A range of an axis, with the blending weight of each position.
    struct Span {
        let range: Range<Int>
        let weights: [Float]
    }

    /// Returns ranges of at most `side`, of equal size and spacing, that overlap by at least `overlap` and cover
    /// `0..<length`; the weights at each position add up to 1.
    func spans(_ length: Int) -> [Span] {
        precondition(overlap > 0 && 2 * overlap <= side, "Tiles of \(side) with an overlap of \(overlap)")
        guard length > side else { return [Span(range: 0..<length, weights: [Float](repeating: 1, count: length))] }
        let count = (length - overlap + side - overlap - 1) / (side - overlap)
        // No larger than this number of spans needs.
        let size = min(side, (length + (count - 1) * overlap + count - 1) / count)
        let ranges = (0..<count).map { number in
            let start = (length - size) * number / (count - 1)
            return start..<start + size
        }
        return ranges.enumerated().map { number, range in
            let weights = range.map { index -> Float in
                var weight: Float = 1
                if number > 0 { weight *= Self.rise(index, in: range.lowerBound..<ranges[number - 1].upperBound) }
                if number + 1 < count {
                    weight *= 1 - Self.rise(index, in: ranges[number + 1].lowerBound..<range.upperBound)
                }
                return weight
            }
            return Span(range: range, weights: weights)
        }
    }

    /// Returns 0 up to the first quarter of `overlap`, 1 from the last quarter on, and a linear ramp between them.
    private static func rise(_ index: Int, in overlap: Range<Int>) -> Float {
        let quarter = Float(overlap.count) / 4
        let position = Float(index - overlap.lowerBound) + 0.5
        return min(max((position - quarter) / (2 * quarter), 0), 1)
    }
}
