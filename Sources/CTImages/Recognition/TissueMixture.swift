internal import CTSupport

/// A model of the HU that occur in a slice of a chest or abdomen: a mixture of air, lung, fat, muscle and blood, each
/// with a normal distribution, and uniform distributions for what lies between, beyond, and for metal.
///
/// The means and deviations are those of chest scans of 37 patients from a dozen scanners; air is where scanners differ
/// most, since few are calibrated for it.
struct TissueMixture {
    /// What a slice consists of, by part of the mixture. The order is that of ``densities(at:noise:)``.
    enum Part: Int, CaseIterable {
        case air, emptyLung, lung, fat, muscle, blood, soft, any, metal, none, padding
    }

    /// Mean and standard deviation in HU.
    private static let tissues: [(mean: Double, deviation: Double)] = [
        (-1000, 4), (-900, 50), (-800, 80), (-102, 15), (42, 15), (130, 60),
    ]

    /// The share of air that scanners misjudge, and by how much.
    private static let warmAir = (share: 0.5, mean: -984.0, deviation: 17.0)

    private static let uniform: [ClosedRange<Double>] = [-1024...400, -1024...3071, 3071...40_000]

    /// The probability of each value that no tissue has.
    private static let stray = 1e-7

    /// The shares of the parts; they sum to 1.
    private(set) var shares: [Double]

    /// The mean logarithm of the probability of a value, in nats.
    private(set) var score: Double

    /// Returns the share of some parts.
    func share(_ parts: Part...) -> Double { parts.reduce(0) { $0 + shares[$1.rawValue] } }

    /// Whether the slice has what a chest or an abdomen has: air or lung, and fat and muscle.
    var looksLikeCT: Bool {
        share(.air, .emptyLung, .lung, .padding) > 0.03 && share(.fat, .muscle) > 0.03
            && share(.muscle, .blood) > 0.015 && share(.soft, .any, .blood, .metal, .none) < 0.6
    }

    /// Whether it clearly has air, fat and muscle.
    var showsAllTissues: Bool {
        looksLikeCT && share(.air) > 0.05 && share(.fat) > 0.03 && share(.muscle) > 0.03
            && share(.soft, .any, .blood, .metal, .none) < 0.35
    }

    /// Fits the shares to a slice.
    ///
    /// - Parameters:
    ///   - evidence: The values of the slice.
    ///   - slope: HU per stored unit.
    ///   - intercept: The HU of a stored zero.
    ///   - clipped: The stored values below and above which nothing can be stored, if any.
    ///   - keepsPadding: Whether values far below air can be stored, such as −2000 HU for what was not measured.
    init(
        _ evidence: IntensityEvidence, slope: Double, intercept: Double, clipped: (low: Double?, high: Double?),
        keepsPadding: Bool
    ) {
        let values = evidence.values
        let parts = Part.allCases.count
        let width = abs(slope) * evidence.resolution
        let noise = abs(slope) * evidence.noise
        var likelihood = [Double](repeating: 0, count: values.count * parts)
        for (place, value) in values.enumerated() {
            let hu = slope * value.stored + intercept
            let row = place * parts
            let isEnd = value.stored == clipped.low || value.stored == clipped.high
            if isEnd {
                // All that is beyond the end was stored as it.
                let isBelow = (value.stored == clipped.low) == (slope > 0)
                for (part, share) in Self.sharesBelow(hu, noise: noise).enumerated() {
                    likelihood[row + part] = isBelow ? share : 1 - share
                }
            } else {
                for (part, density) in Self.densities(at: hu, noise: noise).enumerated() {
                    likelihood[row + part] = density * width
                }
            }
            likelihood[row + Part.none.rawValue] = Self.stray
            let isLowest = place == 0 || keepsPadding && slope * values[place - 1].stored + intercept < -1030
            let isFloor = isLowest && (-1030 ... -995).contains(hu)
            if value.isCommon && isFloor || value.isSpike && keepsPadding && !(-1030...3071).contains(hu) {
                likelihood[row + Part.padding.rawValue] = 1
            }
        }
        shares = [Double](repeating: 1 / Double(parts), count: parts)
        score = 0
        let total = values.reduce(0) { $0 + $1.count }
        for _ in 0..<15 {
            var sums = [Double](repeating: 0.5, count: parts)
            var logarithms = 0.0
            for (place, value) in values.enumerated() {
                let row = place * parts
                var probability = 1e-12
                for part in 0..<parts { probability += shares[part] * likelihood[row + part] }
                for part in 0..<parts {
                    sums[part] += value.count * shares[part] * likelihood[row + part] / probability
                }
                logarithms += value.count * logarithm(probability)
            }
            score = logarithms / total
            let sum = sums.reduce(0, +)
            shares = sums.map { $0 / sum }
        }
    }

    /// Returns the densities of tissues and of the uniform distributions at a value in HU.
    private static func densities(at hu: Double, noise: Double) -> [Double] {
        func normal(_ mean: Double, _ deviation: Double) -> Double {
            let variance = deviation * deviation + noise * noise
            let distance = hu - mean
            if distance * distance > 80 * variance { return 0 }
            return exponential(-distance * distance / (2 * variance)) / (2 * .pi * variance).squareRoot()
        }
        var densities = tissues.map { normal($0.mean, $0.deviation) }
        densities[0] =
            (1 - warmAir.share) * densities[0] + warmAir.share * normal(warmAir.mean, warmAir.deviation)
        return densities
            + uniform.map { $0.contains(hu) ? 1 / ($0.upperBound - $0.lowerBound) : 0 }
    }

    /// Returns the shares of tissues and of the uniform distributions below a value in HU.
    private static func sharesBelow(_ hu: Double, noise: Double) -> [Double] {
        func normal(_ mean: Double, _ deviation: Double) -> Double {
            errorIntegral((hu - mean) / (deviation * deviation + noise * noise).squareRoot())
        }
        var shares = tissues.map { normal($0.mean, $0.deviation) }
        shares[0] = (1 - warmAir.share) * shares[0] + warmAir.share * normal(warmAir.mean, warmAir.deviation)
        return shares
            + uniform.map { min(max((hu - $0.lowerBound) / ($0.upperBound - $0.lowerBound), 0), 1) }
    }
}
