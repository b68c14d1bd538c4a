/// The means of the square around each pixel of an image, from a summed-area table.
package struct BoxMeans {
    private let sums: [Double]
    private let width: Int
    private let reach: Int

    /// Creates means over squares of 2 · `reach` + 1 pixels a side.
    package init(_ values: [Double], width: Int, reach: Int) {
        let height = values.count / width
        var sums = [Double](repeating: 0, count: (width + 1) * (height + 1))
        for row in 0..<height {
            var line = 0.0
            for column in 0..<width {
                line += values[row * width + column]
                sums[(row + 1) * (width + 1) + column + 1] = sums[row * (width + 1) + column + 1] + line
            }
        }
        self.sums = sums
        self.width = width
        self.reach = reach
    }

    /// The mean around a pixel that is at least `reach` pixels from every edge.
    package subscript(index: Int) -> Double {
        let (row, column) = (index / width, index % width)
        let (top, bottom) = ((row - reach) * (width + 1), (row + reach + 1) * (width + 1))
        let (left, right) = (column - reach, column + reach + 1)
        let side = Double(2 * reach + 1)
        return (sums[bottom + right] - sums[bottom + left] - sums[top + right] + sums[top + left]) / (side * side)
    }
}
