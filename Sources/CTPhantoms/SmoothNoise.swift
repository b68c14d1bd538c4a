internal import CTSupport

/// A smooth random function of the plane with values in −1…1 and a period of 64 cells.
struct SmoothNoise {
    private let values: [Double]
    private let cell: Double

    /// Creates a function.
    ///
    /// - Parameters:
    ///   - seed: A number that identifies the function.
    ///   - cell: The size of bumps in mm.
    init(seed: UInt64, cell: Double) {
        let random = CounterRandom(seed: seed, stream: 0x5EED)
        values = (0..<4096).map { 2 * random.uniform(at: $0) - 1 }
        self.cell = cell
    }

    func callAsFunction(_ x: Double, _ y: Double) -> Double {
        let u = x / cell + 32
        let v = y / cell + 32
        let column = u.rounded(.down)
        let row = v.rounded(.down)
        let i = Int(column)
        let j = Int(row)
        var s = u - column
        var t = v - row
        s = s * s * (3 - 2 * s)
        t = t * t * (3 - 2 * t)
        let top = (j & 63) << 6
        let bottom = ((j + 1) & 63) << 6
        let left = i & 63
        let right = (i + 1) & 63
        let a = values[top + left] + s * (values[top + right] - values[top + left])
        let b = values[bottom + left] + s * (values[bottom + right] - values[bottom + left])
        return a + t * (b - a)
    }
}
