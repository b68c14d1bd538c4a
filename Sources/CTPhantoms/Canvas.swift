/// An image being painted: HU on a grid in mm whose origin is the centre.
struct Canvas {
    let width, height: Int
    /// The distance between adjacent samples in mm.
    let spacing: Double
    /// The distance in mm over which one tissue blends into another at an outline.
    let softness: Double
    var hu: [Double]
    /// The positions of samples in the anatomy: their coordinates, slightly displaced.
    private(set) var warpedX, warpedY: [Double]
    /// The greatest displacement in mm.
    private let reach: Double

    init(width: Int, height: Int, spacing: Double, background: Double) {
        self.width = width
        self.height = height
        self.spacing = spacing
        softness = max(1.25 * spacing, 0.8)
        hu = .init(repeating: background, count: width * height)
        warpedX = []
        warpedY = []
        reach = 12
    }

    func x(_ column: Int) -> Double { (Double(column) - Double(width - 1) / 2) * spacing }
    func y(_ row: Int) -> Double { (Double(row) - Double(height - 1) / 2) * spacing }

    mutating func warp(_ displace: (Double, Double) -> (Double, Double)) {
        warpedX.reserveCapacity(hu.count)
        warpedY.reserveCapacity(hu.count)
        for row in 0..<height {
            for column in 0..<width {
                let (dx, dy) = displace(x(column), y(row))
                warpedX.append(x(column) + dx)
                warpedY.append(y(row) + dy)
            }
        }
    }

    /// Returns the fraction of a sample that is inside, given the signed distance from an outline.
    @inline(__always)
    func coverage(_ distance: Double) -> Double { step(-softness, softness, -distance) }

    func columns(_ from: Double, _ to: Double) -> Range<Int> { Self.cells(from, to, count: width, spacing: spacing) }
    func rows(_ from: Double, _ to: Double) -> Range<Int> { Self.cells(from, to, count: height, spacing: spacing) }

    private static func cells(_ from: Double, _ to: Double, count: Int, spacing: Double) -> Range<Int> {
        let middle = Double(count - 1) / 2
        let low = min(max((from / spacing + middle).rounded(.down), 0), Double(count))
        let high = min(max((to / spacing + middle).rounded(.up) + 1, low), Double(count))
        return Int(low)..<Int(high)
    }

    /// Fills a shape that lies within the given range in mm, in displaced coordinates.
    mutating func fill(
        x: ClosedRange<Double>, y: ClosedRange<Double>, hu tissue: (Double, Double) -> Double,
        distance: (Double, Double) -> Double
    ) {
        let columns = columns(x.lowerBound - reach, x.upperBound + reach)
        for row in rows(y.lowerBound - reach, y.upperBound + reach) {
            for column in columns {
                let i = row * width + column
                let cover = coverage(distance(warpedX[i], warpedY[i]))
                if cover > 0 { hu[i] += cover * (tissue(warpedX[i], warpedY[i]) - hu[i]) }
            }
        }
    }

    mutating func fill(_ ellipse: Ellipse, hu tissue: (Double, Double) -> Double) {
        let reach = max(ellipse.a, ellipse.b)
        fill(
            x: (ellipse.center.x - reach)...(ellipse.center.x + reach),
            y: (ellipse.center.y - reach)...(ellipse.center.y + reach), hu: tissue, distance: ellipse.distance)
    }

    mutating func fill(_ capsule: Capsule, hu tissue: (Double, Double) -> Double) {
        let radius = max(capsule.startRadius, capsule.endRadius)
        fill(
            x: (min(capsule.from.x, capsule.to.x) - radius)...(max(capsule.from.x, capsule.to.x) + radius),
            y: (min(capsule.from.y, capsule.to.y) - radius)...(max(capsule.from.y, capsule.to.y) + radius),
            hu: tissue, distance: capsule.distance)
    }

    /// Returns the means of blocks of `factor` × `factor` samples.
    func averaged(by factor: Int) -> [Double] {
        if factor == 1 { return hu }
        var result = [Double]()
        let share = 1 / Double(factor * factor)
        for row in stride(from: 0, to: height, by: factor) {
            for column in stride(from: 0, to: width, by: factor) {
                var sum = 0.0
                for y in row..<(row + factor) {
                    for x in column..<(column + factor) { sum += hu[y * width + x] }
                }
                result.append(sum * share)
            }
        }
        return result
    }
}
