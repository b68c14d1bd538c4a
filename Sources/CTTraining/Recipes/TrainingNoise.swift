internal import CTImages
package import CTNoise
internal import CTSupport

/// The noise that is added to crops in training, and the clamping that files apply.
///
/// Each crop gets the noise of one of several choices. A choice is a list of kinds of noise as for
/// `ctdenoise noise --add`, applied in order, whose numbers may be ranges: `white:0/255..55/255`, `impulses:0%..60%`.
/// Some crops are clamped, because files clamp: 16-bit slices hold no values below −1024 HU, and files for
/// −1024…1023 HU also cut off dense bone.
package struct TrainingNoise: Codable, Hashable, Sendable {
    /// The kinds of noise for a share of the crops.
    package struct Choice: Codable, Hashable, Sendable {
        /// The share of crops, 0…1, that get this noise.
        package var share: Double

        /// The kinds of noise, in order.
        package var add: [NoiseTemplate]

        /// Creates a choice.
        package init(share: Double, add: [NoiseTemplate]) {
            self.share = share
            self.add = add
        }

        /// Whether it includes impulse noise.
        var hasImpulses: Bool {
            share > 0 && add.contains { if case .impulses(let density, _) = $0.greatest { density > 0 } else { false } }
        }
    }

    /// The choices; their shares add up to 1.
    package var choices: [Choice]

    /// The share of crops, 0…1, that are clamped to at least −1024 HU after noise is added.
    package var floorShare: Double

    /// The share of crops, 0…1, that are clamped to −1024…1023 HU before and after noise is added. The rest are not
    /// clamped.
    package var rangeShare: Double

    /// Creates noise for training.
    package init(choices: [Choice], floorShare: Double = 0.35, rangeShare: Double = 0.25) {
        self.choices = choices
        self.floorShare = floorShare
        self.rangeShare = rangeShare
    }

    /// White noise, salt-and-pepper, and both, for one network that removes all kinds.
    package static let mixed: TrainingNoise = {
        guard let white = try? NoiseTemplate("white:0/255..55/255"),
            let impulses = try? NoiseTemplate("impulses:0%..60%")
        else { preconditionFailure("These are templates") }
        return TrainingNoise(choices: [
            Choice(share: 0.5, add: [white]), Choice(share: 0.2, add: [impulses]),
            Choice(share: 0.3, add: [white, impulses]),
        ])
    }()

    /// Whether some crops get impulse noise.
    var hasImpulses: Bool { choices.contains(where: \.hasImpulses) }

    /// Whether some crops get noise of scanners.
    var hasScannerNoise: Bool { choices.contains { $0.share > 0 && $0.add.contains { $0.kind == "scanner" } } }

    /// Whether a sample of a noisy crop, in HU, has the value of salt or pepper, as clamped air or bone also does.
    static func mayBeImpulse(_ hu: Float) -> Bool {
        let range = IntensityScale.huRange
        return hu == Float(range.lowerBound) || hu == Float(range.upperBound)
    }

    /// Why this noise is invalid, or `nil` if it is valid.
    package var defect: String? {
        if choices.isEmpty { return "no choice of noise" }
        let shares = choices.map(\.share) + [floorShare, rangeShare]
        if let wrong = shares.first(where: { !(0...1).contains($0) }) { return "a share of \(wrong); it must be 0…1" }
        let sum = choices.reduce(0) { $0 + $1.share }
        if abs(sum - 1) > 1e-6 { return "choices of noise whose shares add up to \(sum), not to 1" }
        if floorShare + rangeShare > 1 { return "floorShare and rangeShare that add up to more than 1" }
        return nil
    }

    // MARK: - Crops

    /// Adds noise to a crop.
    ///
    /// - Parameters:
    ///   - clean: The crop in HU; clamped if its noisy copy is clamped to the range.
    ///   - columns: The crop's width.
    ///   - generator: The source of randomness for the choice, the numbers and the noise.
    /// - Returns: The noisy crop in HU.
    func noisy(_ clean: inout [Float], columns: Int, using generator: inout SplitMix64) -> [Float] {
        let range = IntensityScale.huRange
        let (low, high) = (Float(range.lowerBound), Float(range.upperBound))
        // Always five draws, in this order: a recipe gives the same crops in all versions.
        let chosen = Double.random(in: 0..<1, using: &generator)
        let white = Double.random(in: 0..<1, using: &generator)
        let impulses = Double.random(in: 0..<1, using: &generator)
        let storage = Double.random(in: 0..<1, using: &generator)
        let seed = generator.next()

        let isRange = storage >= floorShare && storage < floorShare + rangeShare
        if isRange { for index in clean.indices { clean[index] = min(max(clean[index], low), high) } }
        var noisy = clean
        let steps = choice(at: chosen).steps(white: white, impulses: impulses, seed: seed)
        guard let model = try? NoiseModel(steps) else { preconditionFailure("templates draw possible noise") }
        model.add(toHU: &noisy, width: columns, seed: seed)
        if storage < floorShare {
            for index in noisy.indices { noisy[index] = max(noisy[index], low) }
        } else if isRange {
            for index in noisy.indices { noisy[index] = min(max(noisy[index], low), high) }
        }
        return noisy
    }

    /// Returns the choice for a number in 0..<1.
    private func choice(at number: Double) -> Choice {
        var end = 0.0
        for choice in choices.dropLast() {
            end += choice.share
            if number < end { return choice }
        }
        return choices[choices.count - 1]
    }
}

extension TrainingNoise.Choice {
    /// Returns the noise of one crop, with numbers drawn from the ranges.
    ///
    /// - Parameters:
    ///   - white: The position in the first range of the first white noise, 0..<1.
    ///   - impulses: The position in the first range of the first impulses, 0..<1.
    ///   - seed: The seed for all other ranges.
    fileprivate func steps(white: Double, impulses: Double, seed: UInt64) -> [NoiseStep] {
        let random = CounterRandom(seed: seed, stream: .max)
        var (given, next) = (["white": white, "impulses": impulses], UInt64(0))
        return add.map { template in
            template.draw { range in
                let number = given.removeValue(forKey: template.kind) ?? random.uniform(at: next)
                next += 1
                return range.lowerBound + number * (range.upperBound - range.lowerBound)
            }
        }
    }
}
