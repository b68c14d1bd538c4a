internal import CTImages
internal import CTNoise
internal import CTSupport

/// Which noise the crops of a training get, and how it is stored.
///
/// Each crop is drawn apart: white noise, salt-and-pepper, or both, with strengths from 0 up to the given
/// ones, and then as a file would hold it. Files clamp: in 16-bit slices nothing is darker than −1024 HU,
/// and in ranges of −1024…1023 HU dense bone is cut as well, so the network has to see both.
package struct NoiseRecipe: Codable, Hashable, Sendable {
    /// The largest standard deviation of white noise, as a fraction of the range −1024…1023 HU.
    package var white: Double

    /// The largest density of salt-and-pepper, 0…1.
    package var impulses: Double

    /// Share of crops with white noise alone, 0…1.
    package var whiteShare: Double

    /// Share of crops with salt-and-pepper alone, 0…1; the rest have both.
    package var impulseShare: Double

    /// Share of crops that are clamped to at least −1024 HU after noise was added, 0…1.
    package var floorShare: Double

    /// Share of crops that are clamped to −1024…1023 HU before and after noise was added, 0…1; the rest
    /// is not clamped.
    package var rangeShare: Double

    /// Makes a recipe; the defaults are for one network that takes all noise.
    package init(
        white: Double = 55.0 / 255, impulses: Double = 0.6, whiteShare: Double = 0.5, impulseShare: Double = 0.2,
        floorShare: Double = 0.35, rangeShare: Double = 0.25
    ) {
        self.white = white
        self.impulses = impulses
        self.whiteShare = whiteShare
        self.impulseShare = impulseShare
        self.floorShare = floorShare
        self.rangeShare = rangeShare
    }

    /// Whether a sample of a noisy crop, in HU, has the value of salt or pepper. It may have had it before: air, or bone, that was
    /// clamped.
    static func mayBeImpulse(_ hu: Float) -> Bool {
        let range = IntensityScale.huRange
        return hu == Float(range.lowerBound) || hu == Float(range.upperBound)
    }

    /// What is impossible about the recipe, or `nil`.
    package var defect: String? {
        if !(0...10).contains(white) { return "white noise up to \(white) of the range" }
        let shares = [impulses, whiteShare, impulseShare, floorShare, rangeShare]
        if let wrong = shares.first(where: { !(0...1).contains($0) }) { return "a share of \(wrong); 0…1 is possible" }
        if whiteShare + impulseShare > 1 || floorShare + rangeShare > 1 { return "shares that add up to more than 1" }
        return nil
    }

    /// Makes a pair of crops.
    ///
    /// - Parameters:
    ///   - clean: HU; clamped if the pair is.
    ///   - generator: Decides on kind and strengths, and names the noise.
    /// - Returns: The noisy crop in HU.
    func noisy(_ clean: inout [Float], using generator: inout SplitMix64) -> [Float] {
        let range = IntensityScale.huRange
        let (low, high) = (Float(range.lowerBound), Float(range.upperBound))
        let kind = Double.random(in: 0..<1, using: &generator)
        let sigma = Double.random(in: 0..<1, using: &generator) * white * (range.upperBound - range.lowerBound)
        let density = Double.random(in: 0..<1, using: &generator) * impulses
        let storage = Double.random(in: 0..<1, using: &generator)
        let seed = generator.next()

        let isRange = storage >= floorShare && storage < floorShare + rangeShare
        if isRange { for index in clean.indices { clean[index] = min(max(clean[index], low), high) } }
        var noisy = clean
        if kind < whiteShare || kind >= whiteShare + impulseShare {
            WhiteNoise.add(to: &noisy, sigma: Float(sigma), seed: seed)
        }
        if kind >= whiteShare {
            SaltAndPepper.apply(to: &noisy, density: density, saltShare: 0.5, pepper: low, salt: high, seed: seed)
        }
        if storage < floorShare {
            for index in noisy.indices { noisy[index] = max(noisy[index], low) }
        } else if isRange {
            for index in noisy.indices { noisy[index] = min(max(noisy[index], low), high) }
        }
        return noisy
    }
}
