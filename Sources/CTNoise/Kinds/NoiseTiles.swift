internal import CTSupport

/// Tiles from which noise fields for large slices are put together, to bound the memory of Fourier transforms.
///
/// Tiles are independent and fade into one another such that the standard deviation stays.
struct NoiseTiles {
    let width: Int
    let height: Int

    /// The longest side of a tile.
    let longest: Int

    /// The number of pixels over which adjacent tiles fade.
    let overlap: Int

    /// Returns fields (height, width) made of those of tiles.
    ///
    /// - Parameter tile: Returns the fields of a tile of some width and height. The tile draws fewer than 2³² numbers,
    ///   from `first` on.
    func fields<Value: BinaryFloatingPoint>(
        _ tile: (_ width: Int, _ height: Int, _ first: UInt64) -> [[Value]]
    ) -> [[Value]] {
        if width <= longest, height <= longest { return tile(width, height, 0) }
        var fields: [[Value]] = []
        for (row, y) in ranges(of: height).enumerated() {
            for (column, x) in ranges(of: width).enumerated() {
                let values = tile(x.count, y.count, UInt64(row << 16 + column) << 32)
                if fields.isEmpty { fields = values.map { _ in [Value](repeating: 0, count: width * height) } }
                let (down, across) = (weights(y, of: height), weights(x, of: width))
                for field in fields.indices {
                    for i in y.indices {
                        for j in x.indices {
                            let value = values[field][(i - y.lowerBound) * x.count + j - x.lowerBound]
                            let weight = down[i - y.lowerBound] * across[j - x.lowerBound]
                            fields[field][i * width + j] += Value(weight) * value
                        }
                    }
                }
            }
        }
        return fields
    }

    /// Returns the ranges of a side that tiles cover; each shares `overlap` pixels with the next.
    private func ranges(of side: Int) -> [Range<Int>] {
        guard side > longest else { return [0..<side] }
        return stride(from: 0, to: side - overlap, by: longest - overlap).map { $0..<min($0 + longest, side) }
    }

    /// Returns the weights of a tile in its pixels; the squares of those of all tiles sum to 1.
    private func weights(_ tile: Range<Int>, of side: Int) -> [Double] {
        tile.map { place in
            let quarter = Double.pi / 2 / Double(overlap)
            if tile.lowerBound > 0, place < tile.lowerBound + overlap {
                return sine(quarter * (Double(place - tile.lowerBound) + 0.5))
            }
            if tile.upperBound < side, place >= tile.upperBound - overlap {
                return cosine(quarter * (Double(place - tile.upperBound + overlap) + 0.5))
            }
            return 1
        }
    }
}
