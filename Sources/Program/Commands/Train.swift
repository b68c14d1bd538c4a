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
        let set = try manifest(&console)
        let training = try set.map { try $0.files(["train", nil]) } ?? files(input, &console)
        let measuring = try validation.map { try files([$0], &console) } ?? set?.files(["val"]) ?? []
        try check(training: training, measuring: measuring)
        var recipe = try readRecipe()
        if let steps { recipe.steps = steps }
        if let defect = recipe.defect {
            throw FileError(
                file: self.recipe ?? "the recipe", found: defect, expected: "a possible recipe", advice: "Correct it.")
        }

        let folders =
            try set.map { try readPairs($0, ["train", nil], &console) }
            ?? readSlices(training, &console).mapValues {
                $0.map { TrainingSlices.Pair(clean: $0, noisy: nil) }
            }
        if self.recipe == nil {
            // The default recipe ends on crops of 512×512; half of the slices at least have to be as large as crops are.
            let sides = folders.values.joined().map { min($0.clean.width, $0.clean.height) }.sorted()
            recipe.fit(slicesOf: sides.isEmpty ? 0 : sides[sides.count / 2])
        }
        if folders.isEmpty, set != nil {
            throw FileError(
                file: input.joined(), found: "no pairs to train on", expected: "pairs of train/, or of no part",
                advice: "Make a set with more patients, or another --split.")
        }
        guard let slices = TrainingSlices(folders, crop: recipe.longestSide) else {
            throw FileError(
                file: input.joined(separator: ", "),
                found: "no slice of \(recipe.longestSide)×\(recipe.longestSide) pixels or more",
                expected: "slices larger than the recipe's crops", advice: "Name folders that have some.")
        }
        var validation: Validation?
        if let folder = self.validation {
            validation = Validation(try readSlices(measuring, &console).sorted { $0.key < $1.key }.flatMap(\.value))
            if validation == nil {
                throw FileError(
                    file: folder, found: "no slice of 64×64 pixels or more", expected: "slices to measure progress on",
                    advice: "Name a folder that has some.")
            }
        }
        if validation == nil, let set {
            validation = Validation(try readPairs(set, ["val"], &console).sorted { $0.key < $1.key }.flatMap(\.value))
        }
        let start = try readStart(recipe)
        let done = try readCheckpoint(recipe, slices.fingerprint(startingFrom: start?.network))
        let data = "\(Format.count(slices.count, "slice")) in \(Format.count(slices.groupCount, "folder"))"
        console.line("training on \(data), \(Format.count(threads.count, "thread")), \(recipe.steps) steps")

        let stop = StopSignals()
        let trainer =
            done.map { Trainer(recipe: recipe, state: $0, slices: slices, threads: threads.count) }
            ?? Trainer(recipe: recipe, slices: slices, startingFrom: start?.network, threads: threads.count)
        if let done { console.line("resumed at step \(done.step)") }
        var pace = Pace(trainer.state.step)
        var saved = ContinuousClock.now
        while !trainer.isDone {
            guard trainer.advance().isFinite else {
                throw FileError(
                    file: self.recipe ?? "the recipe", found: "a loss that is not finite at step \(trainer.state.step)",
                    expected: "a training that converges", advice: "Lower its learningRate.")
            }
            if trainer.state.step % reportEvery == 0 || trainer.isDone {
                let results = validation?.results(of: trainer.state.averaged, threads: threads.count) ?? []
                let measurement = trainer.measure(results)
                console.line(line(measurement, recipe, pace))
                if let curve {
                    do throws(FileError) {
                        try FileAccess.save(Array(curveText(trainer.state.history).utf8), to: curve)
                    } catch {
                        console.warning("\(error) The training goes on; the curve is written again later.")
                    }
                }
            }
            let isStopped = stop.isRequested
            if let checkpoint {
                let since = saved.duration(to: .now)
                if isStopped || trainer.isDone || since >= .seconds(60 * checkpointEvery) {
                    trainer.spent(seconds: pace.split())
                    do throws(FileError) {
                        try Checkpoint(recipe: recipe, state: trainer.state).write(to: checkpoint)
                    } catch {
                        // A full disk may have room again later; hours of training would not come back.
                        if isStopped { throw error }
                        console.warning(
                            "\(error) The training goes on, and the next checkpoint is tried in time.")
                    }
                    saved = .now
                }
            }
            if isStopped {
                let advice = checkpoint == nil ? "nothing is kept without --checkpoint" : "go on with --resume"
                console.line("stopped at step \(trainer.state.step) of \(recipe.steps); \(advice)")
                throw ExitCode.failure
            }
        }
        trainer.spent(seconds: pace.split())
        var model = Checkpoint(recipe: recipe, state: trainer.state).model(data: data)
        // How the start came about is part of how this came about.
        for (name, value) in start?.record ?? [:] where name.hasPrefix("start.") || Self.ways.contains(name) {
            model.metadata["start." + name] = value
        }
        try model.write(to: output)
        try report(trainer.state, recipe)
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

    private func readRecipe() throws -> TrainingRecipe {
        guard let recipe else { return .default }
        return try TrainingRecipe(json: FileAccess.contents(of: recipe, largest: 1 << 20), file: recipe)
    }

    /// What the model that training starts from has to say about itself, in a model's record.
    private static let ways = ["recipe", "training"]

    /// The network of `--start` that the recipe goes on with.
    private func readStart(_ recipe: TrainingRecipe) throws -> Denoiser.Model? {
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

    private func readCheckpoint(_ recipe: TrainingRecipe, _ data: UInt64) throws -> Trainer.State? {
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

    /// The image files that `inputs` lead to.
    private func files(_ inputs: [String], _ console: inout Console) throws(FileError) -> [InputFile] {
        let found = InputFiles(inputs)
        if let failure = found.failures.first { throw failure }
        for path in found.skipped { console.line("skipped \(path): neither PNG nor TIFF") }
        return found.files
    }

    // MARK: - Sets of pairs

    /// The set whose manifest is the only input, if one is.
    private func manifest(_ console: inout Console) throws(FileError) -> PairSet? {
        for folder in input where FileSystem.kind(folder) == .folder {
            let path = FileSystem.join(folder, Manifest.fileName)
            guard FileSystem.kind(path) == .file, (try? Manifest(contentsOf: path)) != nil else { continue }
            throw FileError(
                file: folder, found: "a set of pairs, whose noisy files are no clean slices",
                expected: "its manifest, which says what is what", advice: "Name \(path).")
        }
        guard let path = input.first(where: { FileSystem.lastComponent($0) == Manifest.fileName }) else { return nil }
        guard input.count == 1, reading.scale == nil else {
            throw FileError(
                file: path, found: "other inputs or a --rescale beside a manifest",
                expected: "a manifest alone, which says all of its set", advice: "Leave them out.")
        }
        return PairSet(manifest: try Manifest(contentsOf: path), folder: FileSystem.parent(path))
    }

    /// A manifest, and where its files are.
    private struct PairSet {
        let manifest: Manifest
        let folder: String

        /// The pairs of a split; `nil` is that of those that are not split.
        func pairs(_ splits: [String?]) -> [Manifest.Pair] { manifest.pairs.filter { splits.contains($0.split) } }

        /// The files of these pairs.
        func files(_ splits: [String?]) throws(FileError) -> [InputFile] {
            let files = pairs(splits).flatMap { [$0.clean, $0.noisy] }
            for name in files where FileSystem.kind(FileSystem.join(folder, name)) != .file {
                throw FileError(
                    file: FileSystem.join(folder, name), found: "no such file", expected: "one that the manifest lists",
                    advice: "Make the set again: ctdenoise noise CLEAN -o SET --from MANIFEST.")
            }
            return files.map { InputFile(path: FileSystem.join(folder, $0), name: $0) }
        }
    }

    /// The pages of pairs, by group.
    private func readPairs(
        _ set: PairSet, _ splits: [String?], _ console: inout Console
    ) throws(FileError) -> [String: [TrainingSlices.Pair]] {
        var groups: [String: [TrainingSlices.Pair]] = [:]
        for pair in set.pairs(splits) {
            func pages(_ name: String, _ hash: String) throws(FileError) -> [CTSlice] {
                let path = FileSystem.join(set.folder, name)
                let bytes = try reading.contents(of: path)
                guard SHA256.hex(bytes) == hash else {
                    throw FileError(
                        file: path, found: "another file than the one that the manifest lists",
                        expected: "one with the SHA-256 \(hash)",
                        advice: "Make the set again: ctdenoise noise CLEAN -o SET --from MANIFEST.")
                }
                var pages = try reading.decode(bytes, of: path).pages
                if let scale = set.manifest.scale { for page in pages.indices { pages[page].scale = scale } }
                return pages
            }
            let clean = try pages(pair.clean, pair.cleanSHA256)
            let noisy = try pages(pair.noisy, pair.noisySHA256)
            let isPair = zip(clean, noisy).allSatisfy { ($0.width, $0.height) == ($1.width, $1.height) }
            guard clean.count == noisy.count, isPair,
                (clean + noisy).allSatisfy({ $0.samples.allSatisfy(\.isFinite) })
            else {
                throw FileError(
                    file: FileSystem.join(set.folder, pair.noisy),
                    found: "pages that do not go with those of \(pair.clean), or samples that are no numbers",
                    expected: "as many pages of the same sizes", advice: "Make the set again.")
            }
            groups[pair.group, default: []] += zip(clean, noisy).map { TrainingSlices.Pair(clean: $0, noisy: $1) }
        }
        return groups
    }

    /// All pages of the files, by the folder that they are in.
    private func readSlices(_ files: [InputFile], _ console: inout Console) throws(FileError) -> [String: [CTSlice]] {
        var folders: [String: [CTSlice]] = [:]
        var assumptions = Assumptions()
        for file in files {
            let pages = try reading.read(file.path).pages
            if let page = pages.first { assumptions.tell(page, of: file.path, to: &console) }
            guard pages.allSatisfy({ $0.samples.allSatisfy(\.isFinite) }) else {
                throw FileError(
                    file: file.path, found: "samples that are no numbers", expected: "a clean slice to train on",
                    advice: "Leave it out, or replace them.")
            }
            folders[FileSystem.parent(file.path), default: []] += pages
        }
        return folders
    }

    // MARK: - Progress

    /// Steps and seconds of this run.
    private struct Pace {
        let firstStep: Int
        private let start = ContinuousClock.now
        private var last = ContinuousClock.now

        init(_ step: Int) { firstStep = step }

        /// Seconds so far.
        var seconds: Double { start.duration(to: .now).inSeconds }

        /// Seconds since the last call, or the start.
        mutating func split() -> Double {
            let now = ContinuousClock.now
            defer { last = now }
            return last.duration(to: now).inSeconds
        }
    }

    private func line(_ measurement: Trainer.Measurement, _ recipe: TrainingRecipe, _ pace: Pace) -> String {
        let rate = Double(measurement.step - pace.firstStep) / pace.seconds
        // Crops differ in size: time goes with their pixels.
        let seen = recipe.pixels(in: measurement.step)
        let pixels = Double(seen - recipe.pixels(in: pace.firstStep)) / pace.seconds
        let left = Double(recipe.pixels(in: recipe.steps) - seen) / pixels
        var text = "step \(measurement.step)/\(recipe.steps)  loss \(Format.fixed(measurement.loss, 4))"
        for result in measurement.validation {
            text +=
                "  \(result.name): noisy \(Format.fixed(result.noisy, 2)), median \(Format.fixed(result.median, 2)), "
            text += "denoised \(Format.fixed(result.denoised, 2)) dB"
        }
        text += "  \(Format.significant(rate, 3)) steps/s, \(Format.significant(pixels / 1e6, 3)) Mpixel/s"
        return text + ", \(Format.duration(left)) left"
    }

    private func curveText(_ history: [Trainer.Measurement]) -> String {
        var header = "step,loss"
        for result in history.first?.validation ?? [] {
            header += ",\(result.name) noisy dB,\(result.name) median dB,\(result.name) denoised dB"
        }
        return
            ([header]
            + history.map { entry in
                entry.validation.reduce("\(entry.step),\(entry.loss)") { text, result in
                    text + ",\(result.noisy),\(result.median),\(result.denoised)"
                }
            }).joined(separator: "\n") + "\n"
    }

    private func report(_ state: Trainer.State, _ recipe: TrainingRecipe) throws {
        if format.json {
            struct Report: Encodable {
                let model: String
                let steps: Int
                let seconds: Double
                let history: [Trainer.Measurement]
            }
            try JSONOutput.print(
                Report(model: output, steps: state.step, seconds: state.seconds, history: state.history))
            return
        }
        let pixels = Double(recipe.pixels(in: state.step)) / 1e6
        try StandardOutput.print(
            "trained \(state.step) steps, \(Format.significant(pixels, 3)) Mpixel, in \(Format.duration(state.seconds)): \(output)"
        )
        guard let results = state.history.last?.validation, !results.isEmpty else { return }
        let header = ["PSNR in dB, range 2047 HU", "noisy", "median 3×3", "denoised"]
        try StandardOutput.print(
            Format.table(
                [header]
                    + results.map { result in
                        [result.name] + [result.noisy, result.median, result.denoised].map { Format.fixed($0, 2) }
                    }))
    }
}

extension Duration {
    /// The duration as a number of seconds.
    fileprivate var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
