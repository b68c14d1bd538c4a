package import CTImages
internal import CTMetrics
internal import CTSupport

extension NoiseModel {
    /// The range of standard deviations in HU for which photon counts can be drawn.
    private static let countable = 1e-3...1e6

    /// Returns whether the noise can be applied to slices of this scale: all strengths are finite in its stored units,
    /// and those of Poisson noise and dose are in 0.001…1e6 HU, or zero for Poisson noise.
    package func isFinite(using scale: IntensityScale) -> Bool {
        steps.allSatisfy { step in
            switch step {
            case .white(let strength), .correlated(let strength, _, _), .rings(let strength, _),
                .columns(let strength, _):
                strength.stored(using: scale).isFinite && strength.hu(using: scale).isFinite
            // The photon count is inversely proportional to the square of the strength.
            case .poisson(let strength):
                Self.countable.contains(strength.hu(using: scale)) || strength.hu(using: scale) == 0
            case .scanner(let noise):
                noise.strength.stored(using: scale).isFinite && noise.strength.hu(using: scale).isFinite
            case .dose(let dose): dose.noise.map { Self.countable.contains($0.hu(using: scale)) } ?? true
            case .impulses, .speckle: true
            }
        }
    }
}

extension NoiseModel {
    /// Returns why this noise cannot be applied to `slice`, as a phrase; `nil` if it can.
    /// ``apply(to:seed:page:threads:)`` skips a step that cannot be applied.
    package func complaint(about slice: CTSlice) -> String? {
        for case .dose(let dose) in steps {
            if slice.width < 2 || slice.height < 2 {
                return "\(slice.width)×\(slice.height) samples, too few to simulate a scan"
            }
            if dose.noise != nil { continue }
            let estimate = NoiseEstimate(slice.hu, width: slice.width)
            if estimate.softTissue == nil && estimate.lung == nil {
                return "too little flat lung and soft tissue to measure the noise of the full dose"
            }
        }
        return nil
    }
}

extension NoiseStep {
    /// Applies the noise to a slice.
    ///
    /// - Parameter lane: The lane of the seed and stream to draw from.
    func apply(to slice: inout CTSlice, seed: UInt64, stream: UInt64, lane: UInt64, threads: Int) {
        let (scale, width) = (slice.scale, slice.width)
        let random = CounterRandom(seed: seed, stream: stream, lane: lane)
        switch self {
        case .white(let strength):
            var samples = slice.samples
            WhiteNoise.add(
                to: &samples, sigma: strength.stored(using: scale), random: random, firstIndex: 0,
                threads: threads)
            slice.samples = samples
        case .impulses(let density, let salt):
            var samples = slice.samples
            SaltAndPepper.apply(
                to: &samples, density: density, saltShare: salt,
                pepper: scale.stored(hu: IntensityScale.huRange.lowerBound),
                salt: scale.stored(hu: IntensityScale.huRange.upperBound), random: random, firstIndex: 0)
            slice.samples = samples
        case .poisson(let strength):
            let deviation = strength.hu(using: scale)
            // HU per photon: the count in water has the variance 1000 / gain, and scaling to HU multiplies it by gain².
            let gain = deviation * deviation / 1000
            guard gain > 0 else { return }
            let numbers = PoissonNumbers(random: random)
            slice.changeHU { hu, index in
                let mean = (hu + 1000) / gain
                // Nothing counts photons where a sample is infinite or NaN, or so large that their number is.
                guard mean > 0, mean.isFinite else { return hu }
                return gain * numbers.deviate(mean: mean, at: UInt64(index)) - 1000
            }
        case .speckle(let strength):
            slice.changeHU { hu, index in hu + (hu + 1000) * strength * random.normal(at: UInt64(index)) }
        case .correlated(let strength, let kernel, let pixel):
            let field = CorrelatedNoise(kernel: kernel, pixel: pixel)
                .field(width: width, height: slice.height, random: random)
            let deviation = strength.stored(using: scale)
            slice.samples = zip(slice.samples, field).map { $0 + deviation * $1 }
        case .rings(let strength, let share):
            let shift = Shifts(strength.stored(using: scale), share, random)
            let (x, y) = (Double(width - 1) / 2, Double(slice.height - 1) / 2)
            slice.samples = slice.samples.enumerated().map { index, sample in
                let (dx, dy) = (Double(index % width) - x, Double(index / width) - y)
                return sample + shift[Int((dx * dx + dy * dy).squareRoot())]
            }
        case .columns(let strength, let share):
            let shift = Shifts(strength.stored(using: scale), share, random)
            slice.samples = slice.samples.enumerated().map { $1 + shift[$0 % width] }
        case .scanner(let noise):
            let before = slice.hu.map { $0.isFinite ? Float($0) : -1000 }
            var hu = before
            noise.add(to: &hu, width: width, deviation: Float(noise.strength.hu(using: scale)), random: random)
            let unit = 1 / scale.slope
            slice.samples = slice.samples.indices.map { slice.samples[$0] + unit * Double(hu[$0] - before[$0]) }
        case .dose(let dose):
            var hu = slice.hu
            dose.apply(
                to: &hu, width: width, told: dose.noise?.hu(using: scale), random: random, threads: threads)
            slice.samples = hu.map { scale.stored(hu: $0) }
        }
    }

    /// Gaussian deviates at a random share of places; zero elsewhere.
    private struct Shifts {
        let deviation: Double
        let share: Double
        let random: CounterRandom

        init(_ deviation: Double, _ share: Double, _ random: CounterRandom) {
            (self.deviation, self.share, self.random) = (deviation, share, random)
        }

        subscript(place: Int) -> Double {
            let index = 2 * UInt64(place)
            return random.uniform(at: index) < share ? deviation * random.normal(at: index + 1) : 0
        }
    }
}

extension CTSlice {
    /// Replaces the HU of each sample; samples whose HU do not change keep their exact stored value.
    fileprivate mutating func changeHU(_ body: (_ hu: Double, _ index: Int) -> Double) {
        let scale = scale
        samples = samples.enumerated().map { index, sample in
            let before = scale.hu(stored: sample)
            let after = body(before, index)
            return after == before ? sample : scale.stored(hu: after)
        }
    }
}
