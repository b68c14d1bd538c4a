internal import CTSupport

/// The edge-spread function of an image: mean values by distance from an edge.
///
/// The edge is that of a circular insert, as for the task transfer function of AAPM's task group 233 (Samei et al.
/// 2019, doi 10.1002/mp.13763, after Richard et al. 2012, doi 10.1118/1.4725171), or that of a mask. A sharper image
/// has a narrower edge and transfers higher frequencies.
public struct EdgeProfile: Hashable, Sendable {
    /// Distances from the edge in mm at equal steps, negative inside.
    public let distances: [Double]

    /// The mean values at ``distances``, in the units of the image.
    public let values: [Double]

    /// The step in pixels.
    private static let step = 0.25

    /// The step in mm.
    private let step: Double

    /// Creates the profile of a circular insert whose centre is known.
    ///
    /// - Parameters:
    ///   - values: Finite samples, in rows of `width`.
    ///   - width: The number of columns.
    ///   - center: The centre of the circle in pixels; (0, 0) is the centre of the first pixel.
    ///   - radius: The radius of the circle in pixels.
    ///   - reach: The greatest distance from the edge in pixels, limited to `radius`.
    ///   - pixel: The side of a pixel in mm.
    /// - Returns: `nil` if too little of the circle and its surroundings is in the image.
    /// - Precondition: `radius`, `reach` and `pixel` are positive.
    public init?(
        _ values: [Double], width: Int, circleAt center: (x: Double, y: Double), radius: Double, reach: Double = 8,
        pixel: Double
    ) {
        let reach = min(reach, radius)
        let distances = values.indices.map { index in
            let (x, y) = (Double(index % width) - center.x, Double(index / width) - center.y)
            return (x * x + y * y).squareRoot() - radius
        }
        self.init(values, at: distances, reach: reach, pixel: pixel)
    }

    /// Creates the profile of the edge of a mask.
    ///
    /// A mask locates an edge to within a pixel at best, so edges appear up to a pixel wider than with a circle. Two
    /// images measured with the same mask can still be compared.
    ///
    /// - Parameters:
    ///   - values: Finite samples, in rows of `width`.
    ///   - width: The number of columns.
    ///   - mask: A mask of the image's size, true inside.
    ///   - reach: The greatest distance from the edge in pixels.
    ///   - pixel: The side of a pixel in mm.
    /// - Returns: `nil` if the mask has no edge, or too little on one side of it.
    /// - Precondition: `mask` has as many elements as `values`, and `reach` and `pixel` are positive.
    public init?(_ values: [Double], width: Int, mask: [Bool], reach: Double = 8, pixel: Double) {
        precondition(mask.count == values.count, "a mask of another size")
        guard mask.contains(true), mask.contains(false) else { return nil }
        let outwards = squaredDistances(to: mask, width: width)
        let inwards = squaredDistances(to: mask.map { !$0 }, width: width)
        // The edge is half a pixel from the nearest pixel on the other side.
        let distances = mask.indices.map { index in
            mask[index] ? 0.5 - inwards[index].squareRoot() : outwards[index].squareRoot() - 0.5
        }
        self.init(values, at: distances, reach: reach, pixel: pixel)
    }

    private init?(_ values: [Double], at places: [Double], reach: Double, pixel: Double) {
        precondition(pixel > 0 && reach > 0, "Pixels of \(pixel) mm, \(reach) pixels from an edge")
        let half = Int((reach / Self.step).rounded(.down))
        var (sums, counts) = ([Double](repeating: 0, count: 2 * half), [Int](repeating: 0, count: 2 * half))
        for (value, place) in zip(values, places) where abs(place) < reach {
            let bin = half + Int((place / Self.step).rounded(.down))
            guard sums.indices.contains(bin) else { continue }
            sums[bin] += value
            counts[bin] += 1
        }
        // Values far from the edge may be missing; gaps in between are interpolated.
        let known = counts.indices.filter { counts[$0] > 0 }
        guard let first = known.first, let last = known.last, first <= half - 8, last >= half + 7 else { return nil }
        var means: [Double] = []
        var next = 0
        for bin in first...last {
            while known[next] < bin { next += 1 }
            let (right, left) = (known[next], known[max(next - 1, 0)])
            let (a, b) = (sums[left] / Double(counts[left]), sums[right] / Double(counts[right]))
            means.append(right == bin ? b : a + (b - a) * Double(bin - left) / Double(right - left))
        }
        step = Self.step * pixel
        distances = (first...last).map { (Double($0 - half) + 0.5) * Self.step * pixel }
        self.values = means
    }

    /// The contrast: the mean of the outermost quarter inside minus that of the outermost quarter outside.
    public var contrast: Double { ends.inside - ends.outside }

    private var ends: (inside: Double, outside: Double) {
        let count = max(values.count / 8, 1)
        func mean(_ part: ArraySlice<Double>) -> Double { part.reduce(0, +) / Double(part.count) }
        return (mean(values.prefix(count)), mean(values.suffix(count)))
    }

    /// The distance in mm between 10 % and 90 % of the contrast; `nil` without contrast.
    public var riseDistance: Double? {
        guard let near = crossing(0.1), let far = crossing(0.9) else { return nil }
        return far - near
    }

    /// Returns the distance at which the profile has covered `share` of the way from inside to outside; of several, the
    /// one nearest to the edge.
    private func crossing(_ share: Double) -> Double? {
        let (inside, outside) = ends
        guard inside != outside else { return nil }
        let ways = values.map { ($0 - inside) / (outside - inside) - share }
        guard let middle = distances.indices.min(by: { abs(distances[$0]) < abs(distances[$1]) }) else { return nil }
        // Noise may cross again farther away.
        let crossings = ways.indices.dropLast().filter { ways[$0] <= 0 && ways[$0 + 1] > 0 }
        guard let index = crossings.min(by: { abs($0 - middle) < abs($1 - middle) }) else { return nil }
        return distances[index] + step * ways[index] / (ways[index] - ways[index + 1])
    }

    /// Returns the task transfer function: the fraction of contrast preserved at a spatial frequency, 1 at 0.
    ///
    /// This is the magnitude of the Fourier transform of the derivative, corrected for the losses due to binning and
    /// differencing.
    ///
    /// - Parameter frequency: The frequency in cycles per mm.
    public func transfer(at frequency: Double) -> Double {
        var (real, imaginary, total) = (0.0, 0.0, 0.0)
        for index in values.indices.dropLast() {
            let spread = values[index + 1] - values[index]
            let phase = 2 * Double.pi * frequency * distances[index]
            real += spread * cosine(phase)
            imaginary += spread * sine(phase)
            total += spread
        }
        guard total != 0 else { return 0 }
        let half = Double.pi * frequency * step
        let loss = half == 0 ? 1 : sine(half) / half
        return (real * real + imaginary * imaginary).squareRoot() / abs(total) / (loss * loss)
    }

    /// The lowest frequency at which only half of the contrast is preserved (f50), in cycles per mm; `nil` if more than
    /// half is preserved up to one cycle per pixel, or there is no contrast.
    public var halfFrequency: Double? {
        guard contrast != 0 else { return nil }
        let last = Self.step / step
        let frequencies = stride(from: 0, through: last, by: last / 400)
        var (before, left) = (0.0, 1.0)
        for frequency in frequencies.dropFirst() {
            let now = transfer(at: frequency)
            if now <= 0.5 { return before + (frequency - before) * (left - 0.5) / (left - now) }
            (before, left) = (frequency, now)
        }
        return nil
    }
}

/// Returns the squared distance from each pixel to the nearest pixel that is true, in pixels.
///
/// Felzenszwalb and Huttenlocher, "Distance transforms of sampled functions" (2012), doi 10.4086/toc.2012.v008a019: the
/// lower envelope of parabolas, along columns and then along rows.
func squaredDistances(to mask: [Bool], width: Int) -> [Double] {
    let height = mask.count / width
    // Greater than any distance, and small enough to be exact.
    let far = Double(4 * (width * width + height * height))
    var distances = mask.map { $0 ? 0 : far }
    for column in 0..<width {
        let line = lowerEnvelope((0..<height).map { distances[$0 * width + column] })
        for row in 0..<height { distances[row * width + column] = line[row] }
    }
    for row in 0..<height {
        let range = row * width..<(row + 1) * width
        distances.replaceSubrange(range, with: lowerEnvelope(Array(distances[range])))
    }
    return distances
}

/// Returns the minimum of (i − j)² + `heights[j]` over all j, for each i.
private func lowerEnvelope(_ heights: [Double]) -> [Double] {
    var parabolas: [(bottom: Int, from: Double)] = []
    for (index, height) in heights.enumerated() {
        var from = -Double.infinity
        while let last = parabolas.last {
            let (a, b) = (Double(last.bottom), Double(index))
            from = (height + b * b - heights[last.bottom] - a * a) / (2 * (b - a))
            if from > last.from { break }
            parabolas.removeLast()
            from = -.infinity
        }
        parabolas.append((index, from))
    }
    var current = 0
    return heights.indices.map { index in
        while current + 1 < parabolas.count, parabolas[current + 1].from < Double(index) { current += 1 }
        let distance = Double(index - parabolas[current].bottom)
        return distance * distance + heights[parabolas[current].bottom]
    }
}
