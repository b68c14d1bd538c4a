internal import CTSupport

/// How noisy a slice is, as far as the slice alone tells.
///
/// Standard deviations are those that squares of 9×9 pixels have most often (the mode), where their corners, 5×5 pixels, have means that
/// differ from the whole's by less than half of the deviation: squares with an edge or a vessel in them have more, in all
/// sizes, and do not move it. Impulses do not count in them.
public struct NoiseEstimate: Hashable, Sendable {
    /// The standard deviation in HU, most often found anywhere in the body; `nil` if there is too little of one.
    public let body: Double?

    /// The same where squares have a mean of −950…−600 HU: lung.
    public let lung: Double?

    /// The same where squares have a mean of −20…120 HU: soft tissue.
    public let softTissue: Double?

    /// The share of samples that salt and pepper have replaced, 0…1.
    public let impulseDensity: Double

    /// The side of the squares in pixels.
    static let side = 9

    /// Measures a slice.
    ///
    /// - Parameters:
    ///   - hu: In rows of `width`.
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

    /// Mean HU of squares of each tissue.
    private static let (lungHU, softTissueHU) = (-950.0 ... -600.0, -20.0...120.0)

    /// The standard deviations of `noise`, measured in the same way, where `hu` is lung and where it is soft tissue; `nil` where there is
    /// too little of it.
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

    /// The root of the mean square of `noise` where `hu` is soft tissue, flat or not; of all where nothing is.
    package static func rootMeanSquare(of noise: [Double], inSoftTissueOf hu: [Double], width: Int) -> Double {
        let tissue = LocalDeviations(hu, width: width).found.filter { softTissueHU.contains($0.mean) }.map(\.index)
        let places = tissue.isEmpty ? Array(noise.indices) : tissue
        return (places.reduce(0) { $0 + noise[$1] * noise[$1] } / Double(places.count)).squareRoot()
    }

    /// The power spectrum of what is flat in the slice: where the deviation of the square around a pixel is at most 1.25 times that
    /// which is most frequent in the body, and its mean differs from that of the surroundings by at most half of it.
    ///
    /// - Parameters:
    ///   - values: What is measured, in rows of `width`.
    ///   - hu: What has to be flat; `values` if it is `nil`. A denoised slice has too little of it by itself: it is measured where the
    ///     noisy one is flat.
    ///   - pixel: The side of a pixel in mm.
    /// - Returns: `nil` if nothing is flat, if there are impulses, or if samples are no numbers.
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

/// Means and standard deviations of squares around pixels, without impulses.
private struct LocalDeviations {
    struct Square {
        let index: Int
        let mean: Double
        let deviation: Double
        /// Whether its corners have about its mean.
        let isFlat: Bool
    }

    /// How many of some places have an impulse.
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

    /// - Parameter largest: Samples of this size and above do not count.
    init(_ hu: [Double], width: Int, largest: Double = 5000) {
        let side = NoiseEstimate.side
        let reach = side / 2
        guard width >= side, hu.count / width >= side else { return }
        let height = hu.count / width
        let impulses = Impulses(in: hu.map { Float($0) }, width: width)
        // Metal, padding far below air and what is no number say nothing about noise.
        let isNoise = hu.map { value in
            abs(value) < largest && (impulses.map { !$0.mayBe(Float(value)) } ?? true)
        }
        // About −300 HU, so that squares of large numbers do not swallow small differences.
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
        // Of salt and pepper, at places that are told from them well enough, and at those that are told best.
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
                    // Tissue that has the value of an impulse itself is told from impulses by what is around, and so is noise that was
                    // clamped, which reaches no further than four deviations.
                    let value = Float(hu[index])
                    for (kind, impulse) in [impulses.salt, impulses.pepper].enumerated() {
                        guard let impulse else { continue }
                        let distance = abs(mean - 300 - Double(impulse))
                        if distance > 300 { near[kind].add(value == impulse) }
                        if distance > max(300, 4 * deviation) { far[kind].add(value == impulse) }
                    }
                }
                // For noise half of a square has to be left.
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

/// The value around which values are densest, by a histogram whose bins are 3 % wide; `nil` for fewer than 200. Values below 0.01, which
/// only rounding makes, do not count; if most are, there is no noise to tell of.
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
    // Without any noise only squares with edges in them would be left.
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
