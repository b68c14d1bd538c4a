package import CTNetwork
internal import CTNoise
internal import CTSupport

/// Trains a network: one call of ``advance()`` is one step.
///
/// Which crops and which noise a step sees follows from the recipe's seed and the number of the step alone,
/// so a run that was stopped and resumed from its ``state`` goes on exactly as if it had not been.
public final class Trainer {
    /// Everything that changes during training.
    package struct State: Hashable, Sendable {
        /// The ``TrainingSlices/fingerprint(startingFrom:)`` of what is trained on, and from.
        package internal(set) var data: UInt64
        /// Steps done.
        package internal(set) var step = 0
        /// The network as it is trained.
        package internal(set) var network: Network
        /// The moving average of its parameters.
        var average: [Float]
        var adam: Adam
        /// What was measured so far.
        package var history: [Measurement] = []
        /// Sum and number of the losses since the last entry of ``history``.
        package internal(set) var losses = Mean()
        /// Seconds spent, over all runs.
        package var seconds = 0.0

        /// Ends a step. False if loss or gradient are not finite; then the parameters did not move.
        fileprivate mutating func move(against gradient: [Float], loss: Double, recipe: TrainingRecipe) -> Bool {
            guard loss.isFinite else { return false }
            let norm = adam.move(
                &network.parameters, gradient: gradient, step: step, rate: recipe.learningRate(at: step),
                clip: recipe.clip)
            guard norm.isFinite else { return false }
            step += 1
            losses.sum += loss
            losses.count += 1
            // It starts as a plain mean, so that the first weights do not linger in it.
            let share = Float(max(1 - recipe.averaging, 1 / Double(step)))
            unsafe network.parameters.withUnsafeBufferPointer { parameters in
                unsafe average.withUnsafeMutableBufferPointer { average in
                    for index in average.indices {
                        unsafe average[index] += share * (parameters[index] - average[index])
                    }
                }
            }
            return true
        }

        /// The network to use: averaged weights and running statistics.
        package var averaged: Network {
            Network(
                configuration: network.configuration, parameters: average, statistics: network.statistics)
        }
    }

    /// A mean in the making.
    package struct Mean: Codable, Hashable, Sendable {
        /// The sum.
        package var sum = 0.0
        /// How many numbers it has.
        package var count = 0
        /// The mean, NaN if there is none.
        package var value: Double { sum / Double(count) }
    }

    /// What a line of progress says.
    package struct Measurement: Codable, Hashable, Sendable {
        /// Steps done.
        package var step: Int
        /// Mean loss since the measurement before.
        package var loss: Double
        /// The averaged network on validation slices.
        package var validation: [Validation.Result]
    }

    /// The recipe it follows.
    public let recipe: TrainingRecipe

    /// How far it got.
    package private(set) var state: State

    private let slices: TrainingSlices
    private let threads: Int
    /// For the crops of a step, and for those that had their turn and may have another.
    private var pass: TrainingPass
    private var passes: [TrainingPass] = []
    private var gradient: [Float]

    /// Starts a training.
    ///
    /// - Parameters:
    ///   - recipe: What to do.
    ///   - slices: What to train on.
    ///   - start: A trained network to go on from; without one, weights are random.
    ///   - threads: So many work at a step.
    /// - Precondition: `recipe.defect == nil`, each of `slices` is large enough for its crops, and `start` has the
    ///   recipe's configuration.
    package convenience init(
        recipe: TrainingRecipe, slices: TrainingSlices, startingFrom start: Network? = nil, threads: Int
    ) {
        var generator = SplitMix64(seed: recipe.seed)
        let network = start ?? Network(configuration: recipe.network, using: &generator)
        let state = State(
            data: slices.fingerprint(startingFrom: start), network: network, average: network.parameters,
            adam: Adam(count: network.parameters.count))
        self.init(recipe: recipe, state: state, slices: slices, threads: threads)
    }

    /// Goes on with a training.
    ///
    /// - Precondition: As for a new one; and `state` is of the same recipe and slices, which only the
    ///   ``State/data`` can tell.
    package init(recipe: TrainingRecipe, state: State, slices: TrainingSlices, threads: Int) {
        precondition(recipe.defect == nil, recipe.defect ?? "")
        precondition(state.network.configuration == recipe.network, "The state of another recipe")
        self.recipe = recipe
        self.state = state
        self.slices = slices
        self.threads = threads
        pass = Self.pass(recipe, at: state.step, threads: threads)
        gradient = [Float](repeating: 0, count: state.network.parameters.count)
    }

    private static func pass(_ recipe: TrainingRecipe, at step: Int, threads: Int) -> TrainingPass {
        let crops = recipe.crops(at: step)
        return TrainingPass(
            configuration: recipe.network, batch: crops.count, rows: crops.rows, columns: crops.columns,
            threads: threads)
    }

    /// Whether all steps of the recipe are done.
    public var isDone: Bool { state.step >= recipe.steps }

    /// Does one step.
    ///
    /// - Returns: Its loss. If it is not finite the training has failed, and the weights did not move.
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

    /// Takes the pass that is made for crops of this number and size.
    private func prepare(for crops: TrainingRecipe.Crops) {
        func fits(_ pass: TrainingPass) -> Bool {
            pass.batch == crops.count && pass.rows == crops.rows && pass.columns == crops.columns
        }
        if fits(pass) { return }
        passes.append(pass)
        // Those of earlier parts of the training are not needed any more.
        let coming = recipe.crops.filter { $0.from >= crops.from }
        passes.removeAll { pass in
            !coming.contains { pass.batch == $0.count && pass.rows == $0.rows && pass.columns == $0.columns }
        }
        if let index = passes.firstIndex(where: fits) {
            pass = passes.remove(at: index)
        } else {
            pass = Self.pass(recipe, at: state.step, threads: threads)
        }
    }

    /// Adds an entry to the history, with the mean loss since the one before.
    @discardableResult
    package func measure(_ validation: [Validation.Result]) -> Measurement {
        let measurement = Measurement(step: state.step, loss: state.losses.value, validation: validation)
        state.history.append(measurement)
        state.losses = Mean()
        return measurement
    }

    /// Counts time that was spent on the training.
    package func spent(seconds: Double) { state.seconds += seconds }

    /// The crops of a step in the network's units, the noise that was added to them, and which of their pixels the
    /// network is asked about, unless it is all.
    private func batch(
        of crops: TrainingRecipe.Crops, at step: Int
    ) -> (noisy: [Float], noise: [Float], isCounted: [Bool]?) {
        // Far from the numbers that the first weights took.
        var generator = SplitMix64(seed: recipe.seed ^ 0x5bd1_e995_0000_0000)
        generator = SplitMix64(seed: generator.next() &+ UInt64(step) &* 0xff51_afd7_ed55_8ccd)
        let (center, spread) = (Float(recipe.network.center), Float(recipe.network.spread))
        var (noisy, noise): ([Float], [Float]) = ([], [])
        var isCounted: [Bool]? = recipe.network.target == .impulses ? [] : nil
        noisy.reserveCapacity(crops.pixels)
        noise.reserveCapacity(crops.pixels)
        for _ in 0..<crops.count {
            var (clean, given) = slices.crop(crops.rows, crops.columns, using: &generator)
            let corrupted = given ?? recipe.noise.noisy(&clean, columns: crops.columns, using: &generator)
            for index in clean.indices {
                noisy.append((corrupted[index] - center) / spread)
                noise.append((corrupted[index] - clean[index]) / spread)
            }
            isCounted?.append(contentsOf: corrupted.lazy.map(TrainingNoise.mayBeImpulse))
        }
        return (noisy, noise, isCounted)
    }
}
