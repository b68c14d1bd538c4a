package import CTNetwork
internal import CTSupport

/// All settings of a training: a run is a function of its recipe and its slices.
///
/// Recipes are stored as JSON in `Recipes/`, in checkpoints and in model files.
public struct TrainingRecipe: Codable, Hashable, Sendable {
    /// A sentence on the purpose of the model and the training data.
    public var description: String

    /// The shape of the network.
    package var network: NetworkConfiguration

    /// The number of steps of gradient descent.
    public var steps: Int

    /// The crops of each step, from some share of the steps on.
    ///
    /// Many small crops train fastest; large ones at the end teach the scans to run as far as in whole slices. Crops
    /// are flipped and transposed at random.
    package struct Crops: Codable, Hashable, Sendable {
        /// The share of the steps, 0…1, after which these are drawn. Crops with the same share alternate.
        package var from: Double

        /// The number of crops per step.
        package var count: Int

        /// The height of a crop in pixels, a multiple of the patch.
        package var rows: Int

        /// The width of a crop in pixels, a multiple of the patch.
        package var columns: Int

        /// Creates crops.
        package init(from: Double = 0, count: Int, rows: Int, columns: Int) {
            self.from = from
            self.count = count
            self.rows = rows
            self.columns = columns
        }

        /// The number of pixels per step.
        package var pixels: Int { count * rows * columns }
    }

    /// The crops in the order in which they are used; the first start at 0.
    package var crops: [Crops]

    /// The largest step size of Adam, reached after the warm-up.
    package var learningRate: Double

    /// The number of steps in which the step size grows from zero; then it falls to zero along half a cosine of the
    /// pixels seen.
    package var warmUp: Int

    /// The largest global norm of a gradient; longer ones are scaled down to it.
    package var clip: Double

    /// The decay of the moving average of the weights; the averaged weights are validated and written.
    package var averaging: Double

    /// The share of the steps, 0…1, after which batch normalization uses its running statistics as constants, as it
    /// does in denoising.
    package var frozenFrom: Double

    /// The error in HU that is not worth reducing; see ``LogMeanSquaredError``.
    package var tolerance: Double

    /// The noise that is added to crops.
    package var noise: TrainingNoise

    /// The seed, which determines initial weights, crops and noise.
    public var seed: UInt64

    /// Creates a recipe.
    package init(
        description: String, network: NetworkConfiguration = NetworkConfiguration(), steps: Int,
        crops: [Crops] = [Crops(count: 4, rows: 48, columns: 48)], learningRate: Double = 2e-3, warmUp: Int = 200,
        clip: Double = 1,
        averaging: Double = 0.999,
        frozenFrom: Double = 0.5, tolerance: Double = 3, noise: TrainingNoise = .mixed, seed: UInt64 = 1
    ) {
        self.description = description
        self.network = network
        self.steps = steps
        self.crops = crops
        self.learningRate = learningRate
        self.warmUp = warmUp
        self.clip = clip
        self.averaging = averaging
        self.frozenFrom = frozenFrom
        self.tolerance = tolerance
        self.noise = noise
        self.seed = seed
    }

    /// Why the recipe is invalid, or `nil` if it is valid.
    package var defect: String? {
        if let defect = network.defect { return defect }
        // With the largest crops, the number of pixels of more steps would overflow.
        if steps > 100_000_000 { return "\(steps) steps; there must be at most 100000000" }
        if steps < 1 { return "\(steps) steps; there must be at least 1" }
        if crops.first?.from != 0 || !zip(crops, crops.dropFirst()).allSatisfy({ $0.from <= $1.from && $1.from <= 1 }) {
            return "crops from \(crops.map(\.from)) of the steps; they must start at 0 and ascend to at most 1"
        }
        for crops in crops {
            if !(1...4096).contains(crops.count) { return "\(crops.count) crops per step; there must be 1 to 4096" }
            for side in [crops.rows, crops.columns] {
                if side < network.window || side > 4096 || side % network.patch != 0 {
                    return "crops of \(crops.rows)×\(crops.columns) pixels; sides must be multiples of the patch "
                        + "\(network.patch) from \(network.window) to 4096"
                }
            }
        }
        if !(learningRate > 0 && learningRate.isFinite) { return "a learning rate of \(learningRate)" }
        if warmUp < 0 { return "\(warmUp) steps of warm-up" }
        if !(clip > 0) { return "gradients clipped to a norm of \(clip)" }
        if !(0..<1).contains(averaging) {
            return "a weight average with decay \(averaging); it must be in [0, 1)"
        }
        if !(0...1).contains(frozenFrom) { return "statistics frozen from \(frozenFrom) of the steps; it must be 0…1" }
        if !(tolerance > 0 && tolerance.isFinite) { return "a tolerance of \(tolerance) HU; it must be positive" }
        if network.target == .impulses, !noise.hasImpulses {
            return "a network for impulses, but crops without any"
        }
        return noise.defect
    }

    /// The step size of Adam at `step`, counted from 0.
    package func learningRate(at step: Int) -> Double {
        if step < warmUp { return learningRate * Double(step + 1) / Double(warmUp) }
        let share = Double(pixels(in: step)) / Double(pixels(in: steps))
        return learningRate * 0.5 * (1 + cosine(.pi * share))
    }

    /// Returns the crops of `step`, counted from 0.
    package func crops(at step: Int) -> Crops {
        let turns = stages.last { $0.start <= step }?.turns ?? crops
        return turns[step % turns.count]
    }

    /// Returns the number of pixels in the first `steps` steps.
    package func pixels(in steps: Int) -> Int {
        let stages = stages
        var sum = 0
        for (index, stage) in stages.enumerated() {
            let end = index + 1 < stages.count ? min(steps, stages[index + 1].start) : steps
            guard stage.start < end else { break }
            let whole = (end - stage.start) / stage.turns.count * stage.turns.count
            sum += whole / stage.turns.count * stage.turns.reduce(0) { $0 + $1.pixels }
            for step in stage.start + whole..<end { sum += stage.turns[step % stage.turns.count].pixels }
        }
        return sum
    }

    /// The crops that alternate, with the first step that uses them.
    private var stages: [(start: Int, turns: [Crops])] {
        var stages: [(start: Int, turns: [Crops])] = []
        for crops in crops {
            let start = Int((crops.from * Double(steps)).rounded(.up))
            if stages.last?.start == start {
                stages[stages.count - 1].turns.append(crops)
            } else {
                stages.append((start, [crops]))
            }
        }
        return stages
    }

    /// The longest side of all crops in pixels.
    package var longestSide: Int { crops.map { max($0.rows, $0.columns) }.max() ?? 0 }

    /// Removes crops that are longer than slices of `side` pixels, unless none would remain for the first step.
    public mutating func fit(slicesOf side: Int) {
        let fitting = crops.filter { max($0.rows, $0.columns) <= side }
        if fitting.first?.from == 0 { crops = fitting }
    }

    /// Returns the statistics that batch normalization uses at `step`, counted from 0.
    package func statistics(at step: Int) -> StatisticsMode {
        Double(step) < frozenFrom * Double(steps) ? .batch : .running
    }
}
