internal import CTSupport

/// Poisson deviates by position, drawn from the words of a `CounterRandom`.
///
/// Means below 10 use inversion, larger ones Hörmann's PTRS, "The transformed rejection method for generating Poisson
/// random variables" (1993), doi 10.1016/0167-6687(93)90997-4. Both are exact up to rounding. Beyond a mean of 10⁹,
/// where log-factorials have too few digits left, the deviate is a rounded Gaussian, whose skewness is off by 3e-5.
struct PoissonNumbers {
    let random: CounterRandom

    /// Returns the deviate of this mean at `index`.
    ///
    /// - Precondition: `mean` is finite and not negative.
    func deviate(mean: Double, at index: UInt64) -> Double {
        precondition(mean >= 0 && mean.isFinite, "Poisson mean \(mean)")
        if mean > 1e9 { return (mean + mean.squareRoot() * random.normal(at: index)).rounded() }
        if mean < 10 { return inverted(mean, random.uniform(at: index)) }
        // Rejection takes any number of uniform deviates, all derived from one word.
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
        // Beyond this the sum of doubles no longer grows.
        while uniform >= sum && k < 200 {
            k += 1
            term *= mean / k
            sum += term
        }
        return k
    }
}
