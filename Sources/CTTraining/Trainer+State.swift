package import CTNetwork

extension Trainer {
    /// Everything that changes during training.
    package struct State: Equatable, Sendable {
        /// The fingerprint of the slices and of the network that training started from.
        package internal(set) var data: UInt64
        /// The number of steps done.
        package internal(set) var step = 0
        /// The network being trained.
        package internal(set) var network: Network
        /// The moving average of the network's parameters.
        var average: [Float]
        var adam: Adam
        /// The measurements so far.
        package var history: [Measurement] = []
        /// The mean of the losses since the last entry of `history`.
        package internal(set) var losses = Mean()
        /// The time spent in seconds, over all runs.
        package var seconds = 0.0

        /// Ends a step; returns `false` if the loss or the gradient is not finite, and then leaves the parameters as
        /// they are.
        mutating func move(against gradient: [Float], loss: Double, recipe: TrainingRecipe) -> Bool {
            guard loss.isFinite else { return false }
            let norm = adam.move(
                &network.parameters, gradient: gradient, step: step, rate: recipe.learningRate(at: step),
                clip: recipe.clip)
            guard norm.isFinite else { return false }
            step += 1
            losses.sum += loss
            losses.count += 1
            // At first a plain mean, so that the random first weights do not linger in the average.
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

    /// A running mean.
    package struct Mean: Codable, Hashable, Sendable {
        /// The sum of the values.
        package var sum = 0.0
        /// The number of values.
        package var count = 0
        /// The mean; NaN if there are no values.
        package var value: Double { sum / Double(count) }
    }

    /// One line of progress.
    package struct Measurement: Codable, Hashable, Sendable {
        /// Steps done.
        package var step: Int
        /// The mean loss since the previous measurement.
        package var loss: Double
        /// How well the averaged network denoises the validation slices.
        package var validation: [Validation.Result]
    }
}
