internal import CTSupport

/// Poisson deviates by position, from the words of a ``CounterRandom``.
///
/// Where a mean is small the distribution is inverted; else it is Hörmann's PTRS, "The transformed rejection method for
/// generating Poisson random variables" (1993), doi 10.1016/0167-6687(93)90997-4. Both are exact, up to rounding. Beyond a mean of 10⁹,
/// where logarithms of factorials have too few digits left, it is a rounded Gaussian, of which the skewness is off by 3e-5.
struct PoissonNumbers {
    let random: CounterRandom

    /// A deviate of this mean.
    ///
    /// - Precondition: `mean` is finite and not negative.
    func deviate(mean: Double, at index: UInt64) -> Double {
        precondition(mean >= 0 && mean.isFinite, "A Poisson number of mean \(mean)")
        if mean > 1e9 { return (mean + mean.squareRoot() * random.normal(at: index)).rounded() }
        if mean < 10 { return inverted(mean, random.uniform(at: index)) }
        // As many numbers as are needed, all from one word.
        var generator = SplitMix64(seed: random.word(at: index))
        func uniform() -> Double { Double(generator.next() &>> 11) * 0x1p-53 }
        let root = mean.squareRoot()
        let b = 0.931 + 2.53 * root
        let a = -0.059 + 0.02483 * b
        let inverseAlpha = 1.1239 + 1.1328 / (b - 3.4)
        let vr = 0.9277 - 3.6224 / (b - 2)
        let logMean = logarithm(mean)
        while true {
            let u = uniform() - 0.5
            let v = uniform()
            let us = 0.5 - abs(u)
            let k = ((2 * a / us + b) * u + mean + 0.43).rounded(.down)
            if us >= 0.07 && v <= vr { return k }
            if k < 0 || us < 0.013 && v > us { continue }
            let left = logarithm(v * inverseAlpha / (a / (us * us) + b))
            if left <= k * logMean - mean - logFactorial(k) { return k }
        }
    }

    private func inverted(_ mean: Double, _ uniform: Double) -> Double {
        var term = exponential(-mean)
        var (sum, k) = (term, 0.0)
        // Beyond this sums of doubles do not grow any more.
        while uniform >= sum && k < 200 {
            k += 1
            term *= mean / k
            sum += term
        }
        return k
    }
}
