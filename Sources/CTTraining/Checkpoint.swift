#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
package import CTNetwork
package import CTSupport

/// A training in progress: its recipe and its state, stored as one safetensors file.
package struct Checkpoint: Equatable, Sendable {
    /// The recipe of the training.
    package var recipe: TrainingRecipe

    /// The state of the training.
    package var state: Trainer.State

    /// Creates a checkpoint.
    package init(recipe: TrainingRecipe, state: Trainer.State) {
        self.recipe = recipe
        self.state = state
    }

    /// The scalars and measurements of a state; tensors hold the rest.
    private struct Progress: Codable {
        var data: UInt64
        var step: Int
        var losses: Trainer.Mean
        var history: [Trainer.Measurement]
        var seconds: Double
    }

    /// The names of the tensors besides the network's own; each is flat, in the order of the network's parameters.
    private static let (average, first, second) = ("training.average", "training.adam_first", "training.adam_second")

    /// Reads a checkpoint.
    ///
    /// - Throws: ``FileError`` if the file cannot be read or is not a checkpoint.
    package init(contentsOf path: String) throws(FileError) {
        var file = try Safetensors(contentsOf: path)
        guard let recipe = file.metadata["recipe"], let progress = file.metadata["progress"] else {
            throw FileError(
                .malformed, file: path, found: "no training in progress", expected: "a checkpoint",
                advice: "Pass the file that `ctdenoise train` wrote with --checkpoint.")
        }
        let done: Progress
        do {
            self.recipe = try CTTraining.decoded(recipe)
            done = try CTTraining.decoded(progress)
        } catch {
            throw FileError(
                .malformed, file: path, found: "a recipe or progress that cannot be read",
                expected: "the JSON of this version",
                advice: "Resume it with the version that wrote it.")
        }
        if let defect = self.recipe.defect { throw Self.damaged(path, defect) }
        let extra = file.tensors.filter { $0.name.hasPrefix("training.") }
        file.tensors.removeAll { $0.name.hasPrefix("training.") }
        let network = try Network(file, file: path)
        func values(_ name: String) throws(FileError) -> [Float] {
            let count = network.parameters.count
            guard let tensor = extra.first(where: { $0.name == name }), tensor.values.count == count else {
                throw Self.damaged(path, "no '\(name)' of \(count) numbers")
            }
            return tensor.values
        }
        guard done.step >= 0, network.configuration == self.recipe.network else {
            throw Self.damaged(path, "a network that does not match its recipe")
        }
        var adam = Adam(count: 0)
        adam.first = try values(Self.first)
        adam.second = try values(Self.second)
        state = Trainer.State(
            data: done.data, step: done.step, network: network, average: try values(Self.average), adam: adam,
            history: done.history, losses: done.losses, seconds: done.seconds)
    }

    private static func damaged(_ path: String, _ found: String) -> FileError {
        FileError(
            .malformed, file: path, found: found, expected: "a complete checkpoint",
            advice: "Start again without it, or use another checkpoint.")
    }

    /// Writes the checkpoint, replacing an existing file atomically.
    ///
    /// - Throws: ``FileError`` if the file cannot be written.
    package func write(to path: String) throws(FileError) {
        let progress = Progress(
            data: state.data, step: state.step, losses: state.losses, history: state.history, seconds: state.seconds)
        var file = state.network.safetensors(metadata: ["recipe": recipe.json, "progress": json(progress)])
        for (name, values) in [
            (Self.average, state.average), (Self.first, state.adam.first), (Self.second, state.adam.second),
        ] {
            file.tensors.append(Safetensors.Tensor(name: name, shape: [values.count], values: values))
        }
        try file.write(to: path)
    }

    /// Returns the model file of the averaged network, with a record of the training.
    ///
    /// - Parameters:
    ///   - data: A description of the training data.
    ///   - network: The averaged network, if its statistics are not those of the state.
    package func model(data: String, network: Network? = nil) -> Safetensors {
        struct Training: Codable {
            var steps: Int
            var samples: Int
            var hours: Double
            var data: String
            var validation: [Validation.Result]
        }
        let training = Training(
            steps: state.step, samples: recipe.pixels(in: state.step),
            hours: (state.seconds / 36).rounded() / 100, data: data,
            validation: state.history.last?.validation ?? [])
        return (network ?? state.averaged).safetensors(metadata: [
            "format": "pt", "description": recipe.description, "recipe": recipe.json, "training": json(training),
        ])
    }
}
