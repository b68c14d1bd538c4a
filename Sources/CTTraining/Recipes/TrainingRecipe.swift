package import CTNetwork
internal import CTSupport

/// Everything that decides what training does, apart from the slices: a run is a function of its recipe
/// and its data.
///
/// It is stored as JSON, in `Recipes/`, in checkpoints and in model files.
public struct TrainingRecipe: Codable, Hashable, Sendable {
    /// What the model is for, in a sentence, and what it was trained on.
    public var description: String

    /// The shape of the network.
    package var network: NetworkConfiguration

    /// Steps of gradient descent.
    public var steps: Int

    /// What a step sees, from some share of the steps on.
    ///
    /// Many small crops teach fastest; large ones, at the end, teach scans to run as far as in whole slices. Crops are flipped
    /// and transposed at random.
    package struct Crops: Codable, Hashable, Sendable {
        /// The share of the steps, 0…1, from which on these are drawn. Crops that share it take turns.
        package var from: Double

        /// Crops a step.
        package var count: Int

        /// Rows of a crop in pixels, a multiple of the patch.
        package var rows: Int

        /// Columns of a crop in pixels, a multiple of the patch.
        package var columns: Int

        /// Makes crops.
        package init(from: Double = 0, count: Int, rows: Int, columns: Int) {
            self.from = from
            self.count = count
            self.rows = rows
            self.columns = columns
        }

        /// Pixels of a step.
        package var pixels: Int { count * rows * columns }
    }

    /// The crops that steps see, in order; the first are drawn from the start.
    package var crops: [Crops]

    /// Step size of Adam at its highest, after the warm-up.
    package var learningRate: Double

    /// Steps in which the step size grows from zero; after them it falls to zero, along half a cosine of the pixels seen.
    package var warmUp: Int

    /// The largest global norm of a gradient; longer ones are scaled down to it.
    package var clip: Double

    /// Decay of the moving average of the weights, which is what is validated and shipped.
    package var averaging: Double

    /// The share of the steps, 0…1, after which batch normalization uses its running statistics as
    /// constants, so that the network trains as it will be used.
    package var frozenFrom: Double

    /// HU of error that is not worth reducing; see ``LogMeanSquaredError``.
    package var tolerance: Double

    /// The noise that crops get.
    package var noise: TrainingNoise

    /// Names the run: initial weights, crops and noise follow from it.
    public var seed: UInt64

    /// Makes a recipe.
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

    /// Why no training can follow this recipe, or `nil` if one can.
    package var defect: String? {
        if let defect = network.defect { return defect }
        if steps < 1 { return "\(steps) steps; at least 1 is needed" }
        if crops.first?.from != 0 || !zip(crops, crops.dropFirst()).allSatisfy({ $0.from <= $1.from && $1.from <= 1 }) {
            return
                "crops from \(crops.map(\.from)) of the steps on; they start at 0, and then none is below the one before"
        }
        for crops in crops {
            if !(1...4096).contains(crops.count) { return "\(crops.count) crops a step; 1 to 4096 are possible" }
            for side in [crops.rows, crops.columns] {
                if side < network.window || side > 4096 || side % network.patch != 0 {
                    return "crops of \(crops.rows)×\(crops.columns) pixels: multiples of the patch \(network.patch) "
                        + "from \(network.window) to 4096 are possible"
                }
            }
        }
        if !(learningRate > 0 && learningRate.isFinite) { return "a learning rate of \(learningRate)" }
        if warmUp < 0 { return "\(warmUp) steps of warm-up" }
        if !(clip > 0) { return "gradients clipped to a norm of \(clip)" }
        if !(0..<1).contains(averaging) {
            return "a weight average with decay \(averaging); 0 up to below 1 is possible"
        }
        if !(0...1).contains(frozenFrom) { return "statistics frozen from \(frozenFrom) of the steps; 0…1 is possible" }
        if !(tolerance > 0 && tolerance.isFinite) { return "a tolerance of \(tolerance) HU; it must be positive" }
        if network.target == .impulses, !noise.hasImpulses {
            return "a network for impulses whose crops have none"
        }
        return noise.defect
    }

    /// The step size of Adam at `step`, counted from 0.
    package func learningRate(at step: Int) -> Double {
        if step < warmUp { return learningRate * Double(step + 1) / Double(warmUp) }
        let share = Double(pixels(in: step)) / Double(pixels(in: steps))
        return learningRate * 0.5 * (1 + cosine(.pi * share))
    }

    /// The crops that `step` sees, counted from 0.
    package func crops(at step: Int) -> Crops {
        let turns = stages.last { $0.start <= step }?.turns ?? crops
        return turns[step % turns.count]
    }

    /// Pixels that the first `steps` steps see.
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

    /// Crops that take turns, and the first step that sees them.
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

    /// Leaves out crops that are longer than slices of `side` pixels, unless none would be left from the start.
    public mutating func fit(slicesOf side: Int) {
        let fitting = crops.filter { max($0.rows, $0.columns) <= side }
        if fitting.first?.from == 0 { crops = fitting }
    }

    /// How batch normalization normalizes at `step`, counted from 0.
    package func statistics(at step: Int) -> StatisticsMode {
        Double(step) < frozenFrom * Double(steps) ? .batch : .running
    }
}
