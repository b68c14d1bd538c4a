import ArgumentParser
import CTDenoising
import CTSupport
import CTImageFiles
import CTImages
import CTNetwork
import CTTraining

/// `ctdenoise train INPUT… -o MODEL`: trains a model on clean slices.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a model on clean slices.",
        discussion: """
            Noise is added to random crops, and a network learns to estimate it. A recipe, a JSON file, sets the \
            network, the noise and the schedule; Recipes/ has examples. Each folder counts as one patient, and \
            patients are drawn equally often. A run that was stopped or killed resumes from its checkpoint with the \
            same result.

            Example: train on 16-bit slices that hold HU + 1024
              ctdenoise train slices/train --validation slices/val --rescale 1,-1024 \\
                --recipe Recipes/quick.json --checkpoint run.checkpoint --resume \\
                -o model.safetensors
            Example: fine-tune a model on slices from another scanner
              ctdenoise train slices/new --start model.safetensors --recipe more.json \\
                -o better.safetensors
            """)

    @Argument(
        help: """
            Clean PNG and TIFF slices, and folders, searched recursively; or the manifest.json of noisy pairs, whose \
            noise, groups and split are then used.
            """)
    var input: [String]

    @Option(name: .shortAndLong, help: ArgumentHelp("The model file to write.", valueName: "model"))
    var output: String

    @Option(
        help: ArgumentHelp(
            "The recipe; by default that of the default model, but with all kinds of noise for one network.",
            valueName: "json"))
    var recipe: String?

    @Option(
        help: ArgumentHelp(
            "Start from the weights of this model instead of random ones.", valueName: ModelChoice.placeholder),
        completion: .file(extensions: ["safetensors"]), transform: ModelChoice.init(argument:))
    var start: ModelChoice?

    @Option(help: ArgumentHelp("The number of steps, instead of the recipe's.", valueName: "number"))
    var steps: Int?

    @Option(help: ArgumentHelp("Clean slices to measure progress on, never trained on.", valueName: "folder"))
    var validation: String?

    @Option(help: ArgumentHelp("The file to save the state of the training to.", valueName: "file"))
    var checkpoint: String?

    @Option(help: ArgumentHelp("Minutes between checkpoints.", valueName: "minutes"))
    var checkpointEvery = 3.0

    @Flag(help: "Resume from the checkpoint if it exists.")
    var resume = false

    @Option(help: ArgumentHelp("Steps between lines of progress.", valueName: "steps"))
    var reportEvery = 500

    @Option(help: ArgumentHelp("Also write the lines of progress to this CSV file.", valueName: "csv"))
    var curve: String?

    @Flag(help: "Replace an existing model.")
    var overwrite = false

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var format: OutputOptions

    func validate() throws {
        if [output, checkpoint, curve].contains("") { throw ValidationError("A file to write needs a name.") }
        if resume && checkpoint == nil { throw ValidationError("--resume requires --checkpoint.") }
        if reportEvery < 1 { throw ValidationError("--report-every must be 1 step or more, not \(reportEvery).") }
        if !(0...1e6).contains(checkpointEvery) {
            throw ValidationError("--checkpoint-every must be from 0 to 1000000 minutes, not \(checkpointEvery).")
        }
    }

    func run() throws {
        var console = Console()
        do {
            try train(&console)
        } catch {
            guard let failure = error as? FileError else { throw error }
            console.error(failure)
            throw ExitCode.of(failure)
        }
    }

    // MARK: - Work

    private func train(_ console: inout Console) throws {
        let data = try TrainingData(input, validation: validation, reading: reading, &console)
        try check(training: data.training, measuring: data.measuring)
        var recipe = try self.recipe.map { path throws(FileError) in try TrainingRecipe(contentsOf: path) } ?? .default
        if let steps { recipe.steps = steps }
        if let defect = recipe.defect {
            throw FileError(
                file: self.recipe ?? "the recipe", found: defect, expected: "a valid recipe", advice: "Fix it.")
        }
        console.line("reading \(Format.count(data.training.count + data.measuring.count, "file"))")
        // The default recipe ends with crops of 512×512; slices may be smaller.
        let slices = try data.slices(for: &recipe, fitting: self.recipe == nil, &console)
        let validation = try data.validation(for: recipe, &console)
        let start = try startingModel(for: recipe)
        let state = try savedState(of: recipe, slices.fingerprint(startingFrom: start?.network))
        console.line("training on \(slices), \(Format.count(threads.count, "thread")), \(recipe.steps) steps")
        if let state { console.line("resumed at step \(state.step)") }

        let trainer =
            state.map { Trainer(recipe: recipe, state: $0, slices: slices, threads: threads.count) }
            ?? Trainer(recipe: recipe, slices: slices, startingFrom: start?.network, threads: threads.count)
        var run = TrainingRun(trainer, validation: validation, options: self)
        try run.run(&console)
        try run.writeModel(startingFrom: start)
        try TrainingSummary(trainer, model: output, warnings: console.warnings).print(asJSON: format.json)
    }

    /// Checks before any work that the outputs can be written and replace no input.
    private func check(training: [InputFile], measuring: [InputFile]) throws(FileError) {
        let inputs = Set(training.compactMap { FileSystem.identity($0.path) })
        for file in measuring {
            guard let identity = FileSystem.identity(file.path), inputs.contains(identity) else { continue }
            throw FileError(
                file: file.path, found: "a validation slice that is also a training slice",
                expected: "different slices, preferably of other patients", advice: "Remove it from one of the two.")
        }
        let others = input + measuring.map(\.path) + [recipe, start?.path].compactMap(\.self)
        let read = inputs.union(others.compactMap(FileSystem.identity))
        let written = [(output, overwrite), (checkpoint, resume), (curve, overwrite || resume)]
        var names: Set<String> = []
        for (path, mayReplace) in written {
            guard let path else { continue }
            // The same file by another path would be overwritten as well, and so would A beside a on many disks.
            guard names.insert(FileSystem.resolved(path).lowercased()).inserted else {
                throw FileError(
                    file: path, found: "one name for two outputs", expected: "a name for each output",
                    advice: "Choose other names for -o, --checkpoint and --curve.")
            }
            switch FileSystem.kind(path) {
            case .missing: break
            case .folder:
                throw FileError(
                    file: path, found: "a folder", expected: "the name of a file to write",
                    advice: "Choose another name.")
            case .file:
                if let identity = FileSystem.identity(path), read.contains(identity) {
                    throw FileError(
                        file: path, found: "one of the inputs", expected: "another file to write to",
                        advice: "Choose another name.")
                }
                guard mayReplace else {
                    throw FileError(
                        file: path, found: "an existing file", expected: "an unused name",
                        advice: path == checkpoint
                            ? "Pass --resume to resume from it, or remove it."
                            : "Pass --overwrite to replace it, or choose another name.")
                }
            }
            try FileSystem.prepare(FileSystem.parent(path), for: [path])
        }
    }

    /// The network of `--start` that the recipe trains further.
    private func startingModel(for recipe: TrainingRecipe) throws -> Denoiser.Model? {
        guard let start else { return nil }
        let models = try Denoiser(start).models.map(\.model)
        guard let model = models.first(where: { $0.network.configuration.target == recipe.network.target }),
            model.network.configuration == recipe.network
        else {
            throw FileError(
                file: "\(start)", found: "no network with the shape in \(self.recipe ?? "the default recipe")",
                expected: "a network to start from",
                advice: "Write a recipe with the model's \"network\"; `ctdenoise info` shows it.")
        }
        return model
    }

    /// The state in `--checkpoint`, if it exists; recipe and data must be the same.
    private func savedState(of recipe: TrainingRecipe, _ data: UInt64) throws -> Trainer.State? {
        guard let checkpoint, FileSystem.kind(checkpoint) != .missing else { return nil }
        let done = try Checkpoint(contentsOf: checkpoint)
        guard done.recipe == recipe else {
            throw FileError(
                file: checkpoint, found: "the checkpoint of another recipe: \(done.recipe.json)",
                expected: "one of \(recipe.json)", advice: "Use its recipe, or another --checkpoint.")
        }
        guard done.state.data == data else {
            throw FileError(
                file: checkpoint, found: "the checkpoint of other slices, or of another --stored, --rescale or --start",
                expected: "the same slices in the same folders, and the same options",
                advice: "Pass these, or use another --checkpoint.")
        }
        return done.state
    }
}
