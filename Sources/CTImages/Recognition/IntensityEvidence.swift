/// What tells the intensity convention of slices that share one: the values of homogeneous places, and how they are
/// spaced.
struct IntensityEvidence {
    /// A stored value and how many places have it.
    struct Value {
        let stored: Double
        var count: Double
        /// Whether the value is among the lowest and so common that it may be that of air without noise.
        var isCommon = false
        /// Whether it is among the lowest or highest and far more common than its neighbours, so that it may stand for
        /// what was not measured.
        var isSpike = false
    }

    /// The medians of blocks of 4×4 samples, ascending. A median keeps the value of a tissue, but neither noise nor
    /// impulses.
    let values: [Value]

    /// The number of medians.
    let places: Int

    /// The difference of the 98th and the 2nd percentile of the medians.
    let spread: Double

    /// The least and greatest sample, except padding and impulses.
    let least, greatest: Double

    /// The smallest difference of medians that counts, in stored units.
    let resolution: Double

    /// The standard deviation of the noise of medians in stored units.
    let noise: Double

    /// The spacing of stored values, if they are regularly spaced more than 2 apart, or are floating-point numbers.
    /// HU are integers, and so it is the size of one HU.
    let spacing: Double?

    private static let side = 4

    /// Common values are possible padding from this share.
    private static let paddingShare = 0.004

    /// Collects the evidence of slices of one format; `nil` if there is none: slices are small or constant.
    ///
    /// - Parameters:
    ///   - slices: The slices, at least one.
    ///   - isUnwrapped: Whether samples in the upper half of the format's range stand for negative ones.
    ///   - blocks: The number of blocks to look at, in all slices together.
    ///   - usesSpacing: Whether to look for the spacing of values.
    init?(_ slices: [CTSlice], isUnwrapped: Bool, blocks: Int = 2048, usesSpacing: Bool = true) {
        let format = slices[0].format
        let isInteger = format.kind != .floatingPoint
        let modulus = isUnwrapped ? format.range.map { $0.upperBound + 1 } : nil
        let share = max(blocks / slices.count, 128)
        var medians: [Double] = []
        var spreads: [Double] = []
        for slice in slices {
            Self.collect(slice, blocks: share, modulus: modulus, medians: &medians, spreads: &spreads)
        }
        guard medians.count >= 64, let least = medians.min(), let greatest = medians.max(), least < greatest else {
            return nil
        }
        places = medians.count
        let ordered = medians.sorted()
        spread = ordered[ordered.count * 98 / 100] - ordered[ordered.count * 2 / 100]
        (self.least, self.greatest) = (least, greatest)
        let inner = ordered[ordered.count * 999 / 1000] - ordered[ordered.count / 1000]
        resolution = isInteger ? 0.5 : max(inner, (greatest - least) / 100) / 4000
        noise = Self.noise(spreads) ?? resolution
        values = Self.values(ordered, resolution: isInteger ? nil : resolution)
        guard values.count >= 24 else { return nil }
        spacing =
            usesSpacing ? Self.spacing(of: slices, format: format, modulus: modulus, range: greatest - least) : nil
    }

    /// Adds the medians of a slice's blocks, and the interquartile ranges of those that are not constant.
    private static func collect(
        _ slice: CTSlice, blocks wanted: Int, modulus: Double?, medians: inout [Double], spreads: inout [Double]
    ) {
        let (columns, rows) = (slice.width / side, slice.height / side)
        let step = max(columns * rows / wanted, 1)
        var block = [Double](repeating: 0, count: side * side)
        let isInteger = slice.format.kind != .floatingPoint
        let (least, greatest) = slice.samples.extremes
        unsafe slice.samples.withUnsafeBufferPointer { samples in
            for number in stride(from: 0, to: columns * rows, by: step) {
                let corner = number / columns * side * slice.width + number % columns * side
                var isFinite = true
                for place in block.indices {
                    var sample = unsafe samples[corner + place / side * slice.width + place % side]
                    if let modulus, sample >= modulus / 2 { sample -= modulus }
                    if !isInteger { isFinite = isFinite && sample.isFinite && sample.magnitude < 1e9 }
                    // Insertion keeps the block sorted.
                    var at = place
                    while at > 0, block[at - 1] > sample {
                        block[at] = block[at - 1]
                        at -= 1
                    }
                    block[at] = sample
                }
                guard isFinite else { continue }
                let median = (block[7] + block[8]) / 2
                if slice.noData.contains(median) { continue }
                medians.append(median)
                // Clipping makes noise look smaller.
                if block[0] > least, block[15] < greatest, block[11] > block[4] { spreads.append(block[11] - block[4]) }
            }
        }
    }

    /// Returns the noise of medians, from the interquartile ranges of blocks: half of them lie in flat tissue.
    private static func noise(_ spreads: [Double]) -> Double? {
        guard spreads.count >= 16 else { return nil }
        let sorted = spreads.sorted()
        // Of 16 normally distributed samples, ranks 5 and 12 are 1.2 deviations apart, and the median has 0.35 of one.
        return sorted[sorted.count / 4] / 1.2 * 0.35
    }

    /// Returns the distinct values among `sorted`, rounded to multiples of `resolution` if there is one.
    private static func values(_ sorted: [Double], resolution: Double?) -> [Value] {
        var values: [Value] = []
        for median in sorted {
            let isEnd = median == sorted[0] || median == sorted[sorted.count - 1]
            let stored = isEnd ? median : resolution.map { (median / $0).rounded() * $0 } ?? median
            if let last = values.last, last.stored == stored {
                values[values.count - 1].count += 1
            } else {
                values.append(Value(stored: stored, count: 1))
            }
        }
        let least = paddingShare * Double(sorted.count)
        let lowest = values.indices.prefix(16)
        let highest = values.indices.suffix(4).filter { !lowest.contains($0) }
        for place in Array(lowest) + highest where values[place].count >= least {
            values[place].isCommon = lowest.contains(place)
            let (stored, reach) = (values[place].stored, resolution.map { 4 * $0 } ?? 4)
            let nearby = values[max(place - 8, 0)..<min(place + 9, values.count)]
                .filter { $0.stored != stored && abs($0.stored - stored) <= reach }
            values[place].isSpike = values[place].count >= 10 * nearby.reduce(0) { $0 + $1.count } / 8
        }
        return values
    }

    // MARK: - Spacing

    /// Returns the spacing of the values of slices, if it is regular.
    private static func spacing(
        of slices: [CTSlice], format: SampleFormat, modulus: Double?, range: Double
    ) -> Double? {
        let isInteger = format.kind != .floatingPoint
        // Integers without gaps have none.
        if isInteger, range < 4096 || modulus != nil { return nil }
        let step = max(slices.reduce(0) { $0 + $1.samples.count } / 32768, 1)
        var some: [Double] = []
        for slice in slices {
            for index in stride(from: 0, to: slice.samples.count, by: step) where slice.samples[index].isFinite {
                some.append(slice.samples[index])
            }
        }
        some.sort()
        var distinct: [Double] = []
        for value in some where distinct.last != value { distinct.append(value) }
        guard distinct.count >= 64 else { return nil }
        let gaps = zip(distinct.dropFirst(), distinct).map { $0 - $1 }
        let typical = gaps.sorted()[gaps.count / 2]
        let near = gaps.filter { (0.5 * typical...1.5 * typical).contains($0) }
        guard typical > 0, !near.isEmpty else { return nil }
        var grid = Grid(origin: distinct[0], spacing: near.reduce(0, +) / Double(near.count))
        // The first estimate is not good enough to number all values from the origin, but from one to the next.
        var numbers = [0.0]
        for gap in gaps { numbers.append(numbers[numbers.count - 1] + (gap / grid.spacing).rounded()) }
        for _ in 0..<3 {
            guard let better = Grid(fitting: distinct, numbers: numbers), better.spacing > 0 else { return nil }
            grid = better
            numbers = distinct.map { ((($0 - grid.origin) / grid.spacing)).rounded() }
        }
        if isInteger, grid.spacing < 3 { return nil }
        let tolerance = isInteger ? 0.6 : 0.03 * grid.spacing
        let fitting = zip(distinct, numbers).count { abs($0 - grid.origin - $1 * grid.spacing) <= tolerance }
        return Double(fitting) > 0.98 * Double(distinct.count) ? grid.spacing : nil
    }

    /// Regularly spaced values.
    private struct Grid {
        var origin: Double
        var spacing: Double

        init(origin: Double, spacing: Double) { (self.origin, self.spacing) = (origin, spacing) }

        /// Fits a grid to values with known numbers, by least squares.
        init?(fitting values: [Double], numbers: [Double]) {
            let count = Double(values.count)
            let (meanNumber, meanValue) = (numbers.reduce(0, +) / count, values.reduce(0, +) / count)
            var (covariance, variance) = (0.0, 0.0)
            for (value, number) in zip(values, numbers) {
                covariance += (number - meanNumber) * (value - meanValue)
                variance += (number - meanNumber) * (number - meanNumber)
            }
            guard variance > 0 else { return nil }
            spacing = covariance / variance
            origin = meanValue - spacing * meanNumber
        }
    }
}

extension [Double] {
    /// The least and the greatest element; infinite if there is none.
    fileprivate var extremes: (Double, Double) {
        reduce((.infinity, -.infinity)) { (Swift.min($0.0, $1), Swift.max($0.1, $1)) }
    }
}
