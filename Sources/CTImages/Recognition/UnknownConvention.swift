internal import CTSupport

extension IntensityConvention {
    /// Returns a linear convention that makes air, fat and muscle of the most frequent values, although no program is
    /// known to use it; `nil` if none does so well that the values must be CT.
    ///
    /// - Parameter least: The score that it has to exceed.
    static func estimated(
        from evidence: IntensityEvidence, assumed: IntensityScale, scoringMoreThan least: Double
    ) -> IntensityConvention? {
        var clipped: (low: Double?, high: Double?) = (nil, nil)
        if case .assumedRange(let range) = assumed.origin { clipped = (range.lowerBound, range.upperBound) }
        // A picture of few levels, or of few places, has peaks anywhere.
        guard evidence.values.count >= 64, evidence.places >= 1024 else { return nil }
        let peaks = peaks(of: evidence)
        // The logarithm of the probability of each value if all were equally likely.
        let chance = -logarithm((evidence.greatest - evidence.least) / evidence.resolution)
        var best: (score: Double, slope: Double, intercept: Double)?
        for low in peaks {
            for high in peaks where high > low {
                for (first, second) in [(-1000.0, 42.0), (-1000, -102), (-102, 42)] {
                    var slope = (second - first) / (high - low)
                    if let spacing = evidence.spacing, (0.8...1.25).contains(slope * spacing) { slope = 1 / spacing }
                    // Noise that hides the difference of fat and muscle leaves nothing to be seen.
                    guard slope * evidence.noise < 60 else { continue }
                    let intercept = first - slope * low
                    let mixture = TissueMixture(
                        evidence, slope: slope, intercept: intercept, clipped: clipped, keepsPadding: true)
                    guard mixture.showsAllTissues, mixture.score > max(chance + 1.2, least),
                        mixture.score > best?.score ?? -.infinity
                    else { continue }
                    best = (mixture.score, slope, intercept)
                }
            }
        }
        guard let best else { return nil }
        // Programs shift HU, and rarely scale them by little.
        if abs(best.slope - 1) < 0.03 { return .offset((-best.intercept / 8).rounded() * 8) }
        if let spacing = evidence.spacing, evidence.greatest - evidence.least < 10 {
            // The slope is known; only the shift is not.
            return .linear(slope: rounded(1 / spacing, digits: 5), intercept: (best.intercept / 10).rounded() * 10)
        }
        return .linear(slope: rounded(best.slope, digits: 3), intercept: best.intercept.rounded())
    }

    /// Returns a positive number with some significant digits, as its shortest text has them.
    private static func rounded(_ value: Double, digits: Int) -> Double {
        let exponent = Double(digits) - 1 - decimalLogarithm(value).rounded(.down)
        return exponent >= 0
            ? (value * power(10, exponent)).rounded() / power(10, exponent)
            : (value / power(10, -exponent)).rounded() * power(10, -exponent)
    }

    /// Returns the most frequent values, at most 6.
    private static func peaks(of evidence: IntensityEvidence) -> [Double] {
        let bins = 256
        let width = (evidence.greatest - evidence.least) / Double(bins)
        var counts = [Double](repeating: 0, count: bins)
        for value in evidence.values {
            counts[min(Int((value.stored - evidence.least) / width), bins - 1)] += value.count
        }
        let smooth = counts.indices.map { bin in counts[max(bin - 1, 0)...min(bin + 1, bins - 1)].reduce(0, +) }
        let maxima = smooth.indices.filter { bin in
            smooth[bin] > 0 && smooth[max(bin - 3, 0)...min(bin + 3, bins - 1)].allSatisfy { $0 <= smooth[bin] }
        }
        return maxima.sorted { smooth[$0] > smooth[$1] }.prefix(6).map {
            evidence.least + (Double($0) + 0.5) * width
        }
    }
}
