internal import CTImages
package import CTNoise
internal import CTSupport

/// The noise that crops get in training, and how a file would store them.
///
/// Each crop gets the noise of one of several choices. A choice is a list of kinds as `ctdenoise noise --add` takes them, one on
/// top of the other, whose numbers may be ranges: `white:0/255..55/255`, `impulses:0%..60%`. Files clamp: in 16-bit slices
/// nothing is darker than −1024 HU, and in ranges of −1024…1023 HU dense bone is cut as well, so some crops are clamped too.
package struct TrainingNoise: Codable, Hashable, Sendable {
    /// Kinds of noise that some crops get.
    package struct Choice: Codable, Hashable, Sendable {
        /// The share of crops, 0…1, that get this noise.
        package var share: Double

        /// The kinds in order.
        package var add: [NoiseTemplate]

        /// Creates a choice.
        package init(share: Double, add: [NoiseTemplate]) {
            self.share = share
            self.add = add
        }

        /// Whether any of it replaces samples by salt and pepper.
        var hasImpulses: Bool {
            share > 0 && add.contains { if case .impulses(let density, _) = $0.greatest { density > 0 } else { false } }
        }
    }

    /// The choices; their shares add up to 1.
    package var choices: [Choice]

    /// The share of crops, 0…1, that are clamped to at least −1024 HU after noise is added.
    package var floorShare: Double

    /// The share of crops, 0…1, that are clamped to −1024…1023 HU before and after noise is added. The rest is not clamped.
    package var rangeShare: Double

    /// Creates noise for training.
    package init(choices: [Choice], floorShare: Double = 0.35, rangeShare: Double = 0.25) {
        self.choices = choices
        self.floorShare = floorShare
        self.rangeShare = rangeShare
    }

    /// White noise, salt-and-pepper, and both: for one network that takes all noise.
    package static let mixed: TrainingNoise = {
        guard let white = try? NoiseTemplate("white:0/255..55/255"),
            let impulses = try? NoiseTemplate("impulses:0%..60%")
        else { preconditionFailure("These are templates") }
        return TrainingNoise(choices: [
            Choice(share: 0.5, add: [white]), Choice(share: 0.2, add: [impulses]),
            Choice(share: 0.3, add: [white, impulses]),
        ])
    }()

    /// Whether some crops have salt and pepper.
    var hasImpulses: Bool { choices.contains(where: \.hasImpulses) }

    /// Whether a sample of a noisy crop, in HU, has the value of salt or pepper. Clamped air or bone has it, too.
    static func mayBeImpulse(_ hu: Float) -> Bool {
        let range = IntensityScale.huRange
        return hu == Float(range.lowerBound) || hu == Float(range.upperBound)
    }

    /// Why no crop can have this noise, or `nil` if all can.
    package var defect: String? {
        if choices.isEmpty { return "no choice of noise" }
        let shares = choices.map(\.share) + [floorShare, rangeShare]
        if let wrong = shares.first(where: { !(0...1).contains($0) }) { return "a share of \(wrong); 0…1 is possible" }
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
    ///   - generator: Decides on the choice, on the numbers and on the noise.
    /// - Returns: The noisy crop in HU.
    func noisy(_ clean: inout [Float], columns: Int, using generator: inout SplitMix64) -> [Float] {
        let range = IntensityScale.huRange
        let (low, high) = (Float(range.lowerBound), Float(range.upperBound))
        // Always five draws, in this order: a recipe makes the same crops from one version to the next.
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

    /// The choice that a number of 0..<1 falls on.
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
    /// The noise of one crop, its numbers drawn.
    ///
    /// - Parameters:
    ///   - white: Decides on the first range of the first white noise, 0..<1.
    ///   - impulses: Decides on the first range of the first impulses, 0..<1.
    ///   - seed: Decides on all other ranges.
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
