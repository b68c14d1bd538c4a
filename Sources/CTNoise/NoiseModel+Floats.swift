internal import CTImages
internal import CTSupport

extension NoiseModel {
    /// Adds this noise to HU in single precision, as training does to crops.
    ///
    /// White noise, impulses and scanner noise are added in place. All else goes through a slice, which takes longer.
    ///
    /// - Parameters:
    ///   - hu: Rows of `width` values; NaN stays NaN.
    ///   - width: The number of columns.
    ///   - seed: Identifies the crop.
    package func add(toHU hu: inout [Float], width: Int, seed: UInt64) {
        let range = IntensityScale.huRange
        for (step, lane) in zip(steps, lanes) {
            switch step {
            case .white(let strength) where lane == WhiteNoise.lane:
                WhiteNoise.add(to: &hu, sigma: Float(strength.hu(using: .assumedHU)), seed: seed)
            case .impulses(let density, let salt) where lane == SaltAndPepper.lane:
                SaltAndPepper.apply(
                    to: &hu, density: density, saltShare: salt, pepper: Float(range.lowerBound),
                    salt: Float(range.upperBound), seed: seed)
            case .scanner(let noise):
                noise.add(
                    to: &hu, width: width, deviation: Float(noise.strength.hu(using: .assumedHU)),
                    random: CounterRandom(seed: seed, stream: 0, lane: lane))
            default:
                var slice = CTSlice(hu: hu, width: width, height: hu.count / width)
                step.apply(to: &slice, seed: seed, stream: 0, lane: lane, threads: 1)
                hu = slice.samples.map { Float($0) }
            }
        }
    }
}
