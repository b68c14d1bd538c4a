import ArgumentParser
import CTDenoising
import CTSupport
import CTImageFiles
import CTImages
import CTNetwork
import CTTraining

/// `ctdenoise train INPUT… -o MODEL`: a model from clean slices.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a model on a folder of clean slices.",
        discussion: """
            Noise is added to random crops, and a network learns to see it. What is trained how is in a recipe, a \
            JSON file; Recipes/ has some. Slices of one folder count as one patient, and patients are drawn equally \
            often. A run that was stopped or killed goes on from its checkpoint as if nothing had happened.

            Example: train on 16-bit slices that hold HU + 1024
              ctdenoise train slices/train --validation slices/val --rescale 1,-1024 \\
                --recipe Recipes/quick.json --checkpoint run.checkpoint --resume \\
                -o model.safetensors
            Example: go on with a model of one's own, on slices of another scanner
              ctdenoise train slices/new --start model.safetensors --recipe more.json \\
                -o better.safetensors
            """)

    @Argument(
        help: """
            Clean PNG and TIFF slices, and folders, which are searched with all folders in them; or the manifest.json of \
            noisy pairs, which then bring their noise, groups and split.
            """)
    var input: [String]

    @Option(name: .shortAndLong, help: ArgumentHelp("The model file to write.", valueName: "model"))
    var output: String

    @Option(
        help: ArgumentHelp(
            "The recipe; without it, that of the default model, but with all kinds of noise for one network.",
            valueName: "json"))
    var recipe: String?

    @Option(
        help: ArgumentHelp(
            "Start with the weights of this model instead of random ones.", valueName: ModelChoice.placeholder),
        completion: .file(extensions: ["safetensors"]), transform: ModelChoice.init(argument:))
    var start: ModelChoice?

    @Option(help: ArgumentHelp("Do so many steps instead of the recipe's.", valueName: "number"))
    var steps: Int?

    @Option(help: ArgumentHelp("Clean slices to measure progress on; never trained on.", valueName: "folder"))
    var validation: String?

    @Option(help: ArgumentHelp("Where to keep the state of the training.", valueName: "file"))
    var checkpoint: String?

    @Option(help: ArgumentHelp("Minutes between checkpoints.", valueName: "minutes"))
    var checkpointEvery = 3.0

    @Flag(help: "Go on from the checkpoint if it is there.")
    var resume = false

    @Option(help: ArgumentHelp("Steps between two lines of progress.", valueName: "steps"))
    var reportEvery = 500

    @Option(help: ArgumentHelp("Write the lines of progress as CSV, too.", valueName: "csv"))
    var curve: String?

    @Flag(help: "Replace a model that is already there.")
    var overwrite = false

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var format: OutputOptions

    func validate() throws {
        if [output, checkpoint, curve].contains("") { throw ValidationError("A file to write needs a name.") }
        if resume && checkpoint == nil { throw ValidationError("--resume needs a --checkpoint to go on from.") }
        if reportEvery < 1 { throw ValidationError("--report-every is 1 step or more, not \(reportEvery).") }
        if !(0...1e6).contains(checkpointEvery) {
            throw ValidationError("--checkpoint-every is 0 to 1000000 minutes, not \(checkpointEvery).")
        }
    }

    func run() throws {
        var console = Console()
        do {
            try train(&console)
        } catch {
            guard let failure = error as? FileError else { throw error }
            console.error(failure)
            throw ExitCode.failure
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
                file: self.recipe ?? "the recipe", found: defect, expected: "a possible recipe", advice: "Correct it.")
        }
        // The default recipe ends on crops of 512×512, which not everybody's slices are large enough for.
        let slices = try data.slices(for: &recipe, fitting: self.recipe == nil, &console)
        let validation = try data.validation(&console)
        let start = try startingModel(for: recipe)
        let state = try savedState(of: recipe, slices.fingerprint(startingFrom: start?.network))
        console.line("training on \(slices), \(Format.count(threads.count, "thread")), \(recipe.steps) steps")
        if let state { console.line("resumed at step \(state.step)") }

        let trainer =
            state.map { Trainer(recipe: recipe, state: $0, slices: slices, threads: threads.count) }
            ?? Trainer(recipe: recipe, slices: slices, startingFrom: start?.network, threads: threads.count)
        var run = TrainingRun(trainer, validation: validation, options: self)
        try run.run(&console)
        try run.writeModel(startingFrom: start, trainedOn: slices)
        try TrainingSummary(trainer, model: output).print(asJSON: format.json)
    }

    /// Makes sure before any work that what is to be written can be, and replaces nothing that is needed.
    private func check(training: [InputFile], measuring: [InputFile]) throws(FileError) {
        let inputs = Set(training.compactMap { FileSystem.identity($0.path) })
        for file in measuring {
            guard let identity = FileSystem.identity(file.path), inputs.contains(identity) else { continue }
            throw FileError(
                file: file.path, found: "a slice to measure progress on that is trained on, too",
                expected: "other slices, best of other patients", advice: "Take it out of one of the two.")
        }
        let others = input + measuring.map(\.path) + [recipe, start?.path].compactMap(\.self)
        let read = inputs.union(others.compactMap(FileSystem.identity))
        let written = [(output, overwrite), (checkpoint, resume), (curve, overwrite || resume)]
        var names: Set<String> = []
        for (path, mayReplace) in written {
            guard let path else { continue }
            guard names.insert(path).inserted else {
                throw FileError(
                    file: path, found: "one name for two outputs", expected: "a name for each",
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
                        file: path, found: "one of the inputs", expected: "somewhere else to write to",
                        advice: "Choose another name.")
                }
                guard mayReplace else {
                    throw FileError(
                        file: path, found: "a file that is already there", expected: "a name that is free",
                        advice: path == checkpoint
                            ? "Say --resume to go on from it, or remove it."
                            : "Say --overwrite to replace it, or choose another name.")
                }
            }
            try FileSystem.prepare(FileSystem.parent(path), for: [path])
        }
    }

    /// The network of `--start` that the recipe goes on with.
    private func startingModel(for recipe: TrainingRecipe) throws -> Denoiser.Model? {
        guard let start else { return nil }
        let models = try Denoiser(start).models
        guard let model = models.first(where: { $0.network.configuration.target == recipe.network.target }),
            model.network.configuration == recipe.network
        else {
            throw FileError(
                file: "\(start)", found: "no network of the shape that \(self.recipe ?? "the default recipe") has",
                expected: "one to go on with",
                advice: "Write a recipe with the model's \"network\"; `ctdenoise info` shows it.")
        }
        return model
    }

    /// The state in `--checkpoint`, if there is one; it has to be that of this recipe and this data.
    private func savedState(of recipe: TrainingRecipe, _ data: UInt64) throws -> Trainer.State? {
        guard let checkpoint, FileSystem.kind(checkpoint) != .missing else { return nil }
        let done = try Checkpoint(contentsOf: checkpoint)
        guard done.recipe == recipe else {
            throw FileError(
                file: checkpoint, found: "the checkpoint of another recipe: \(done.recipe.json)",
                expected: "that of \(recipe.json)", advice: "Use its recipe, or another --checkpoint.")
        }
        guard done.state.data == data else {
            throw FileError(
                file: checkpoint, found: "a training on other slices, or with another --rescale or --start",
                expected: "the same ones in the same folders", advice: "Name them, or use another --checkpoint.")
        }
        return done.state
    }
}
