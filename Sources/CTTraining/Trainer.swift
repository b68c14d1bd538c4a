public import CTNetwork
internal import CTNoise
public import CTSupport

/// Trains a network: each call of ``advance()`` is one step of gradient descent.
///
/// ```swift
/// let trainer = Trainer(recipe: recipe, slices: slices)
/// while !trainer.isDone { trainer.advance() }
/// try trainer.writeModel(to: "model.safetensors")
/// ```
///
/// The crops and the noise of a step depend only on the recipe's seed and the step number, and sums are computed in a
/// fixed order: the same recipe and slices give the same weights, for any number of threads.
public final class Trainer {
    /// The recipe to follow.
    public let recipe: TrainingRecipe

    /// Everything that changes during training. A run that resumes from it continues exactly as if it had not stopped.
    package private(set) var state: State

    private let slices: TrainingSlices
    private let threads: Int
    /// The pass for the crops of the current step, and those for crops that may be used again.
    private var pass: TrainingPass
    private var passes: [TrainingPass] = []
    private var gradient: [Float]

    /// Creates a trainer that starts from random weights.
    ///
    /// - Parameters:
    ///   - recipe: The recipe to follow.
    ///   - slices: The slices to train on.
    ///   - threads: The number of threads; all available processors if `nil`.
    /// - Precondition: `recipe` has at least one step, and `slices` were collected for this recipe.
    public convenience init(recipe: TrainingRecipe, slices: TrainingSlices, threads: Int? = nil) {
        self.init(recipe: recipe, slices: slices, startingFrom: nil, threads: threads ?? processorCount())
    }

    /// Creates a trainer that starts from the weights of a trained network, or random ones if `start` is `nil`.
    ///
    /// - Precondition: `recipe.defect == nil`, each of `slices` is large enough for its crops, and `start` has the
    ///   recipe's configuration.
    package convenience init(
        recipe: TrainingRecipe, slices: TrainingSlices, startingFrom start: Network?, threads: Int
    ) {
        var generator = SplitMix64(seed: recipe.seed)
        let network = start ?? Network(configuration: recipe.network, using: &generator)
        let state = State(
            data: slices.fingerprint(startingFrom: start), network: network, average: network.parameters,
            adam: Adam(count: network.parameters.count))
        self.init(recipe: recipe, state: state, slices: slices, threads: threads)
    }

    /// Creates a trainer that continues from a saved state.
    ///
    /// - Precondition: As for a new trainer, and `state` belongs to the same recipe and slices; compare `State.data`.
    package init(recipe: TrainingRecipe, state: State, slices: TrainingSlices, threads: Int) {
        precondition(recipe.defect == nil, recipe.defect ?? "")
        precondition(state.network.configuration == recipe.network, "The state of another recipe")
        self.recipe = recipe
        self.state = state
        self.slices = slices
        self.threads = threads
        pass = Self.pass(recipe, for: recipe.crops(at: state.step), threads: threads)
        gradient = [Float](repeating: 0, count: state.network.parameters.count)
    }

    private static func pass(
        _ recipe: TrainingRecipe, for crops: TrainingRecipe.Crops, threads: Int
    ) -> TrainingPass {
        TrainingPass(
            configuration: recipe.network, batch: crops.count, rows: crops.rows, columns: crops.columns,
            threads: threads)
    }

    /// Whether all steps of the recipe are done.
    public var isDone: Bool { state.step >= recipe.steps }

    /// The network so far: the moving average of the weights, with running statistics.
    ///
    /// Running statistics are those of the latest weights. If a recipe never freezes them, the averaged weights have
    /// not seen theirs, and so they are measured at the end of the training, as Izmailov et al. 2018 do
    /// (doi 10.48550/arXiv.1803.05407).
    public var network: Network {
        guard isDone, state.step > 0, recipe.statistics(at: state.step - 1) == .batch else { return state.averaged }
        var network = state.averaged
        // After so many batches, what was there before has a weight of e⁻⁵.
        for step in state.step..<state.step + Int((5 / recipe.network.momentum).rounded(.up)) {
            let crops = recipe.crops(at: step)
            prepare(for: crops)
            _ = pass.forward(&network, input: batch(of: crops, at: step).noisy, statistics: .batch)
        }
        return network
    }

    /// Returns the model file of the network so far, with a record of the training.
    package func model() -> Safetensors {
        Checkpoint(recipe: recipe, state: state).model(data: slices.description, network: network)
    }

    /// Writes the network so far as a model file, with the recipe and a record of the training.
    ///
    /// - Parameter path: The file to write, in safetensors format. An existing file is replaced.
    /// - Throws: `FileError` if the file cannot be written.
    public func writeModel(to path: String) throws(FileError) {
        try model().write(to: path)
    }

    /// Takes one step.
    ///
    /// - Returns: The loss. If it is not finite, the training has failed and the weights did not move.
    @discardableResult
    public func advance() -> Double {
        let configuration = recipe.network
        let crops = recipe.crops(at: state.step)
        prepare(for: crops)
        let (noisy, noise, isCounted) = batch(of: crops, at: state.step)
        let estimate = pass.forward(
            &state.network, input: noisy, statistics: recipe.statistics(at: state.step))
        let error = LogMeanSquaredError(tolerance: Float(recipe.tolerance / configuration.spread))
        let (loss, derivative) = error(estimate, target: noise, isCounted: isCounted, crops: pass.batch)
        for index in gradient.indices { gradient[index] = 0 }
        pass.backward(state.network, dNoise: derivative, into: &gradient)
        return state.move(against: gradient, loss: loss, recipe: recipe) ? loss : .nan
    }

    /// Sets ``pass`` to the one for crops of this number and size.
    private func prepare(for crops: TrainingRecipe.Crops) {
        func fits(_ pass: TrainingPass) -> Bool {
            pass.batch == crops.count && pass.rows == crops.rows && pass.columns == crops.columns
        }
        if fits(pass) { return }
        passes.append(pass)
        // Passes for earlier stages of the training are no longer needed.
        let coming = recipe.crops.filter { $0.from >= crops.from }
        passes.removeAll { pass in
            !coming.contains { pass.batch == $0.count && pass.rows == $0.rows && pass.columns == $0.columns }
        }
        if let index = passes.firstIndex(where: fits) {
            pass = passes.remove(at: index)
        } else {
            pass = Self.pass(recipe, for: crops, threads: threads)
        }
    }

    /// Adds an entry to the history, with the mean loss since the previous one.
    @discardableResult
    package func measure(_ validation: [Validation.Result]) -> Measurement {
        let measurement = Measurement(step: state.step, loss: state.losses.value, validation: validation)
        state.history.append(measurement)
        state.losses = Mean()
        return measurement
    }

    /// Adds to the time spent on the training.
    package func spent(seconds: Double) { state.seconds += seconds }

    /// Returns the noisy crops of a step and the noise in them, in the network's units, and which pixels count in the
    /// loss; `nil` if all do.
    private func batch(
        of crops: TrainingRecipe.Crops, at step: Int
    ) -> (noisy: [Float], noise: [Float], isCounted: [Bool]?) {
        // A sequence independent of the one for the initial weights.
        var generator = SplitMix64(seed: recipe.seed ^ 0x5bd1_e995_0000_0000)
        generator = SplitMix64(seed: generator.next() &+ UInt64(step) &* 0xff51_afd7_ed55_8ccd)
        let (center, spread) = (Float(recipe.network.center), Float(recipe.network.spread))
        var (noisy, noise): ([Float], [Float]) = ([], [])
        var isCounted = [Bool](repeating: true, count: crops.pixels)
        var countsAll = true
        noisy.reserveCapacity(crops.pixels)
        noise.reserveCapacity(crops.pixels)
        for _ in 0..<crops.count {
            var crop = slices.crop(crops.rows, crops.columns, using: &generator)
            var corrupted = crop.noisy ?? recipe.noise.noisy(&crop.clean, columns: crops.columns, using: &generator)
            let first = noisy.count
            if recipe.network.target == .impulses {
                countsAll = false
                for index in corrupted.indices {
                    isCounted[first + index] = TrainingNoise.mayBeImpulse(corrupted[index])
                }
            }
            if let isTissue = crop.isTissue {
                // As when denoising: no noise where there is no tissue, and nothing to learn.
                countsAll = false
                for index in corrupted.indices where !isTissue[index] {
                    corrupted[index] = crop.clean[index]
                    isCounted[first + index] = false
                }
            }
            for index in crop.clean.indices {
                noisy.append((corrupted[index] - center) / spread)
                noise.append((corrupted[index] - crop.clean[index]) / spread)
            }
        }
        return (noisy, noise, countsAll ? nil : isCounted)
    }
}
