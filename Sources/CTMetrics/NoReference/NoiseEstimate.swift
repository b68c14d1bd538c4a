internal import CTSupport

/// A slice's noise level, estimated without a reference.
///
/// Each level is the mode of the standard deviations of all 9×9-pixel squares that are flat: the means of their
/// 5×5-pixel corners differ from the mean of the whole by at most half the standard deviation. Squares that contain an
/// edge or a vessel have larger deviations of all sizes and so do not shift the mode. Impulses are excluded.
public struct NoiseEstimate: Hashable, Sendable {
    /// The mode of the standard deviation in the body, in HU; `nil` if there is too little of it.
    public let body: Double?

    /// The mode of the standard deviation in lung, where squares have a mean of −950…−600 HU.
    public let lung: Double?

    /// The mode of the standard deviation in soft tissue, where squares have a mean of −20…120 HU.
    public let softTissue: Double?

    /// The fraction of samples replaced by impulse noise, 0…1.
    public let impulseDensity: Double

    /// The side of the squares in pixels.
    static let side = 9

    /// Estimates the noise level of a slice.
    ///
    /// - Parameters:
    ///   - hu: The slice in HU, in rows of `width`.
    ///   - width: The number of columns, at least 1.
    public init(_ hu: [Double], width: Int) {
        let squares = LocalDeviations(hu, width: width)
        impulseDensity = squares.impulseDensity
        func mode(_ range: ClosedRange<Double>) -> Double? {
            mostFrequent(squares.found.lazy.filter { $0.isFlat && range.contains($0.mean) }.map(\.deviation))
        }
        body = mode(-950...3000)
        lung = mode(Self.lungHU)
        softTissue = mode(Self.softTissueHU)
    }

    /// The mean HU of squares in each tissue.
    private static let (lungHU, softTissueHU) = (-950.0 ... -600.0, -20.0...120.0)

    /// Returns the modes of the standard deviations of `noise` where `hu` is lung and where it is soft tissue, each
    /// `nil` if there is too little of that tissue.
    package static func deviations(
        of noise: [Double], inTissuesOf hu: [Double], width: Int
    ) -> (lung: Double?, softTissue: Double?) {
        let tissue = LocalDeviations(hu, width: width).found.filter(\.isFlat)
        let deviations = Dictionary(
            uniqueKeysWithValues: LocalDeviations(noise, width: width, largest: .infinity).found.lazy.filter(\.isFlat)
                .map { ($0.index, $0.deviation) })
        func mode(_ range: ClosedRange<Double>) -> Double? {
            mostFrequent(tissue.lazy.filter { range.contains($0.mean) }.compactMap { deviations[$0.index] })
        }
        return (mode(Self.lungHU), mode(Self.softTissueHU))
    }

    /// Returns the root mean square of `noise` where `hu` is soft tissue, flat or not; of all samples if none is.
    package static func rootMeanSquare(of noise: [Double], inSoftTissueOf hu: [Double], width: Int) -> Double {
        let tissue = LocalDeviations(hu, width: width).found.filter { softTissueHU.contains($0.mean) }.map(\.index)
        let places = tissue.isEmpty ? Array(noise.indices) : tissue
        return (places.reduce(0) { $0 + noise[$1] * noise[$1] } / Double(places.count)).squareRoot()
    }

    /// Returns the noise power spectrum of the flat parts of a slice.
    ///
    /// A pixel is flat where the standard deviation of its 9×9 square is below 1.25 times the mode in the body, and the
    /// mean of that square differs from the mean of the surrounding 33×33 pixels by less than half the mode.
    ///
    /// - Parameters:
    ///   - values: The values to measure, in rows of `width`.
    ///   - hu: The slice that determines where it is flat; `values` if `nil`. A denoised slice has too little noise for
    ///     that, so it is measured where the noisy slice is flat.
    ///   - width: The number of columns, at least 1.
    ///   - pixel: The side of a pixel in mm.
    /// - Returns: The spectrum, or `nil` if nothing is flat, there are impulses, or there are samples that are not
    ///   finite or beyond ±10⁶.
    /// - Precondition: `hu`, if given, has as many elements as `values`.
    public static func spectrum(
        of values: [Double], whereFlat hu: [Double]? = nil, width: Int, pixel: Double
    ) -> NoisePowerSpectrum? {
        let hu = hu ?? values
        precondition(hu.count == values.count, "\(values.count) values, \(hu.count) of what is flat")
        let squares = LocalDeviations(hu, width: width)
        guard squares.impulseDensity == 0,
            let typical = mostFrequent(squares.found.lazy.filter { $0.isFlat && $0.mean > -950 }.map(\.deviation)),
            min(width, hu.count / width) > NoisePowerSpectrum.side, hu.allSatisfy({ abs($0) < 1e6 }),
            values.allSatisfy({ abs($0) < 1e6 })
        else { return nil }
        var isFlat = [Bool](repeating: false, count: hu.count)
        let reach = NoisePowerSpectrum.side / 2
        let means = BoxMeans(hu, width: width, reach: reach)
        let (rows, columns) = (reach..<hu.count / width - reach, reach..<width - reach)
        for square in squares.found where square.mean > -950 && square.deviation < 1.25 * typical {
            guard rows.contains(square.index / width), columns.contains(square.index % width),
                abs(square.mean - means[square.index]) < 0.5 * typical
            else { continue }
            isFlat[square.index] = true
        }
        return NoisePowerSpectrum(values, width: width, where: isFlat, pixel: pixel)
    }
}

/// Means and standard deviations of the square around each pixel, without impulses.
private struct LocalDeviations {
    struct Square {
        let index: Int
        let mean: Double
        let deviation: Double
        /// Whether the means of its corners are close to its own.
        let isFlat: Bool
    }

    /// The share of some places that have an impulse.
    struct Share {
        var (places, impulses) = (0, 0)

        mutating func add(_ isImpulse: Bool) {
            places += 1
            if isImpulse { impulses += 1 }
        }

        var value: Double { places > 0 ? Double(impulses) / Double(places) : 0 }
    }

    var found: [Square] = []
    var impulseDensity = 0.0

    /// - Parameter largest: The magnitude from which samples are excluded.
    init(_ hu: [Double], width: Int, largest: Double = 5000) {
        let side = NoiseEstimate.side
        let reach = side / 2
        guard width >= side, hu.count / width >= side else { return }
        let height = hu.count / width
        let impulses = Impulses(in: hu.map { Float($0) }, width: width)
        // Metal, padding far below air, infinities and NaN are not noise.
        let isNoise = hu.map { value in
            abs(value) < largest && (impulses.map { !$0.mayBe(Float(value)) } ?? true)
        }
        // Relative to −300 HU, so that squares of large numbers do not absorb small differences.
        let shifted = zip(hu, isNoise).map { $1 ? $0 + 300 : 0 }
        let counts = BoxMeans(isNoise.map { $0 ? 1 : 0 }, width: width, reach: reach)
        let sums = BoxMeans(shifted, width: width, reach: reach)
        let squares = BoxMeans(shifted.map { $0 * $0 }, width: width, reach: reach)
        let cornerReach = 2
        let cornerCounts = BoxMeans(isNoise.map { $0 ? 1 : 0 }, width: width, reach: cornerReach)
        let cornerSums = BoxMeans(shifted, width: width, reach: cornerReach)
        let offset = reach - cornerReach
        let corners = [
            -offset * width - offset, -offset * width + offset, offset * width - offset, offset * width + offset,
        ]
        // Shares of salt and pepper, at places where the tissue differs enough from them, and where it differs most.
        var (near, far) = ([Share(), Share()], [Share(), Share()])
        for row in reach..<height - reach {
            for column in reach..<width - reach {
                let index = row * width + column
                let share = counts[index]
                guard share > 0.1 else { continue }
                let mean = sums[index] / share
                let count = share * Double(side * side)
                let variance = (squares[index] / share - mean * mean) * count / (count - 1)
                let deviation = max(variance, 0).squareRoot()
                if let impulses {
                    // Tissue that has the value of an impulse is distinguished from impulses by its surroundings. So is
                    // clamped noise, which extends over at most four standard deviations.
                    let value = Float(hu[index])
                    for (kind, impulse) in [impulses.salt, impulses.pepper].enumerated() {
                        guard let impulse else { continue }
                        let distance = abs(mean - 300 - Double(impulse))
                        if distance > 300 { near[kind].add(value == impulse) }
                        if distance > max(300, 4 * deviation) { far[kind].add(value == impulse) }
                    }
                }
                // A noise estimate needs at least half of a square.
                guard share > 0.5 else { continue }
                let isFlat = corners.allSatisfy { corner in
                    let share = cornerCounts[index + corner]
                    return share == 0 || abs(cornerSums[index + corner] / share - mean) <= 0.5 * deviation + 1e-6
                }
                found.append(Square(index: index, mean: mean - 300, deviation: deviation, isFlat: isFlat))
            }
        }
        impulseDensity = zip(near, far).reduce(0) { $0 + ($1.1.places >= 1000 ? $1.1 : $1.0).value }
    }
}

/// Returns the mode of the values, from a histogram with bins of 3 %, or `nil` for fewer than 200 values. Values of at
/// most 0.01 stem from rounding and do not count; if most are, there is no noise to measure.
private func mostFrequent(_ values: some Sequence<Double>) -> Double? {
    let width = 0.03
    var bins: [Int: Int] = [:]
    var (count, silent) = (0, 0)
    for value in values {
        if value > 0.01 {
            bins[Int((logarithm(value) / width).rounded()), default: 0] += 1
            count += 1
        } else {
            silent += 1
        }
    }
    // Without noise, only squares that contain edges would remain.
    if silent > count { return nil }
    guard count >= 200, let least = bins.keys.min(), let most = bins.keys.max() else { return nil }
    // Smoothed by a triangle of ±4 bins. Bins of greater values are wider.
    func density(_ bin: Int) -> Double {
        (-4...4).reduce(0) { $0 + Double(5 - abs($1)) * Double(bins[bin + $1] ?? 0) } / exponential(Double(bin) * width)
    }
    guard let top = (least...most).max(by: { density($0) < density($1) }) else { return nil }
    let (before, at, after) = (density(top - 1), density(top), density(top + 1))
    let curvature = before - 2 * at + after
    let shift = curvature < 0 ? 0.5 * (before - after) / curvature : 0
    return exponential((Double(top) + shift) * width)
}
