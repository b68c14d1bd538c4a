import ArgumentParser
import CTImages
import CTNoise
import CTSupport

/// `ctdenoise noise INPUT… -o OUT`: makes noisy copies for training and tests, and estimates noise.
struct Noise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make noisy copies of slices or training sets, or estimate noise.",
        discussion: """
            Each --add adds one kind of noise, KIND:STRENGTH with optional settings, on top of the previous ones:
              white:25/255           Gaussian; also 40hu, 10% of 2047 HU, 12stored
              impulses:10%,salt=0.5  salt (1023 HU) and pepper (-1024 HU)
              poisson:30hu           photon noise, here 30 HU in water
              speckle:5%             proportional to HU + 1000
              correlated:30hu,kernel=soft,pixel=0.7
                                     shaped by a reconstruction kernel: soft,
                                     sharp, ramlak, hann0.7 or gauss0.4 (1/mm)
              scanner:30hu,kernel=soft,pixel=0.7,streaks=1
                                     as scanners make it, in streaks where more
                                     is attenuated; also edge=0 (enhancement),
                                     ramp=1 (less: coarser), lateral=1
              rings:20hu,share=10%   around the centre of the slice
              columns:20hu,share=10%
              dose:25%,noise=15hu,kernel=soft,pixel=0.7
                                     the scan at a fraction of its dose; noise
                                     is that at full dose in soft tissue,
                                     measured by default; pixel is in mm
            A number may be a range, such as white:5/255..50/255; a value is then drawn for each file.

            The same seed and file name give the same noise on every machine (except for the last bits of poisson, \
            correlated, scanner and dose). Files keep their format, so noise beyond the range of an integer format is \
            clamped; the number of clamped samples is printed.

            Example: make a noisy copy of every slice under clean/
              ctdenoise noise clean -o noisy --white 25/255 --impulses 10%
            Example: make a training set with four noisy versions per slice, split by folder
              ctdenoise noise clean -o set --pairs --realisations 4 --split 80/10/10 \\
                --add dose:10%..50%,kernel=soft
            Example: make the same set again from its manifest
              ctdenoise noise clean -o again --from set/manifest.json
            Example: estimate the noise of slices
              ctdenoise noise slices --estimate
            """)

    @OptionGroup var batch: BatchOptions

    @Option(
        help: ArgumentHelp("Noise to add, as above; repeatable.", valueName: "kind:strength"),
        transform: Noise.template)
    var add: [NoiseTemplate] = []

    @Option(
        help: ArgumentHelp(
            """
            White noise of this standard deviation: 40hu, 25/255 or 10% (of 2047 HU), or 12stored; added before \
            impulses.
            """, valueName: "strength"),
        transform: { try Noise.template("white:" + $0) })
    var white: NoiseTemplate?

    @Option(
        help: ArgumentHelp(
            "Share of samples to replace by salt and pepper: 10%, or 10%,salt=1 for salt only.", valueName: "share"),
        transform: { try Noise.template("impulses:" + $0) })
    var impulses: NoiseTemplate?

    @Option(
        help: ArgumentHelp(
            "Fraction of the full dose to simulate: 25%, or 25%,noise=15hu,kernel=sharp.", valueName: "share"),
        transform: { try Noise.template("dose:" + $0) })
    var dose: NoiseTemplate?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The seed of the noise; another seed gives other noise.", valueName: "number"))
    var seed: UInt64 = 0

    @Flag(
        help: """
            Write a set of pairs: clean/ and noisy/ with files of the same names, and every parameter in manifest.json \
            and manifest.csv.
            """)
    var pairs = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("With --pairs: the number of noisy versions per file.", valueName: "number"))
    var realisations = 1

    @Option(
        help: ArgumentHelp(
            "With --pairs: the shares of train/, val/ and test/; each patient's slices stay together.",
            valueName: "80/10/10"),
        transform: NoisySet.Split.init(argument:))
    var split: NoisySet.Split?

    @Option(
        help: ArgumentHelp(
            """
            With --split: what counts as a patient: each subfolder of the input, each input folder if there are \
            several (folder), each file, or what a regular expression finds in the path below the input: '^[0-9]+' \
            makes one patient of 000001_01_01.png and 000001_02_01.png. (default: folder)
            """, valueName: "folder|file|pattern"),
        transform: Grouping.init(argument:))
    var groupBy: Grouping?

    @Flag(help: "With --pairs: link clean files to the inputs instead of copying them.")
    var link = false

    @Option(
        help: ArgumentHelp("Make the set of this manifest again, byte for byte.", valueName: "manifest.json"),
        completion: .file(extensions: ["json"]))
    var from: String?

    @Flag(help: "Write no files; print each slice's noise in HU, share of impulses, and peak and mean frequency.")
    var estimate = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("With --estimate: the pixel size, for frequencies.", valueName: "mm"))
    var pixel = 0.7

    @OptionGroup var threads: ThreadOptions

    /// All noise to add, in order.
    private var templates: [NoiseTemplate] { [dose, white, impulses].compactMap(\.self) + add }

    func validate() throws {
        if estimate {
            guard batch.output == nil, templates.isEmpty, !pairs, from == nil, split == nil, !link, realisations == 1,
                groupBy == nil
            else {
                throw ValidationError(
                    "--estimate writes no files: leave out -o, --pairs, --from, noise, and their options.")
            }
            guard pixel >= 0.01, pixel <= 100 else {
                throw ValidationError("--pixel must be from 0.01 to 100 mm, not \(Format.plain(pixel)).")
            }
            return
        }
        try batch.requireOutput()
        if from != nil {
            guard templates.isEmpty, split == nil, realisations == 1, batch.reading.convention == nil, !link,
                groupBy == nil
            else {
                throw ValidationError(
                    "--from takes noise, split and scale from its manifest: leave out options for these.")
            }
            return
        }
        if templates.isEmpty {
            throw ValidationError(
                "No noise to add: pass --white 25/255, --impulses 10%, --dose 25%, or --add KIND:STRENGTH.")
        }
        if !add.isEmpty, templates.count > add.count {
            throw ValidationError("Pass all noise with --add, or none: the order matters.")
        }
        if !pairs, realisations != 1 || split != nil || link {
            throw ValidationError("--realisations, --split and --link require --pairs.")
        }
        if groupBy != nil, split == nil { throw ValidationError("--group-by requires --split.") }
        if let scale = batch.reading.rescale,
            let template = templates.first(where: { (try? NoiseModel([$0.greatest]))?.isFinite(using: scale) == false })
        {
            throw ValidationError("\(template.text) exceeds the largest number with this --rescale.")
        }
        guard (1...10_000).contains(realisations) else {
            throw ValidationError("--realisations must be from 1 to 10000, not \(realisations).")
        }
    }

    func run() async throws {
        if estimate { return try NoiseSurvey.print(batch, pixel: pixel) }
        if pairs || from != nil { return try await makeSet() }
        let (seed, templates, threads) = (seed, templates, threads.count)
        var run = try Batch(
            batch, threads: threads,
            settings: ["noise": .text(templates.map(\.text).joined(separator: " ")), "seed": .whole(seed)])
        try await run.run(verb: "added noise to") { slice, file, page, threads throws(FileError) in
            let fileSeed = NoiseModel.seed(seed, name: file.name)
            let draws = CounterRandom(seed: fileSeed, stream: .max)
            let steps = templates.enumerated().map { $1.draw(from: draws, at: UInt64(100 * $0)) }
            guard let model = try? NoiseModel(steps), model.isFinite(using: slice.scale) else {
                throw .noiseTooStrong(file.path, slice.scale)
            }
            if let complaint = model.complaint(about: slice) { throw .noDose(file.path, complaint) }
            return Batch.Transformed(
                slice: model.apply(to: slice, seed: fileSeed, page: UInt64(page), threads: threads))
        }
    }

    // MARK: - Sets

    private func makeSet() async throws {
        var console = Console()
        do {
            let report = try await makeSet(&console)
            if batch.format.json {
                try JSONOutput.print(report)
            } else {
                try StandardOutput.print(summary(report))
            }
            if !report.failed.isEmpty || !report.notDone.isEmpty { throw ExitCode.failure }
        } catch {
            guard let failure = error as? FileError else { throw error }
            console.error(failure)
            if batch.format.json, let output = batch.output {
                var report = NoisySet.Outcome(output: output)
                report.failed = [failure]
                report.warnings = console.warnings
                try JSONOutput.print(report)
            }
            throw ExitCode.of(failure)
        }
    }

    private func makeSet(_ console: inout Console) async throws -> NoisySet.Outcome {
        guard let folder = batch.output else { throw ExitCode.failure }
        let place = FileSystem.resolved(folder)
        if let input = batch.input.first(where: { FileSystem.resolved($0) == place }) {
            throw FileError(
                file: folder, found: "the input \(input) itself",
                expected: "another folder, because the next run would read the set as input",
                advice: "Choose another -o.")
        }
        let found = InputFiles(batch.input, leavingOut: [folder])
        for path in found.skipped { console.line("skipped \(path): neither PNG nor TIFF") }
        // A set must be complete.
        if let failure = found.failures.first { throw failure }
        guard !found.files.isEmpty else {
            throw InputFiles.none(in: batch.input)
        }
        // A file may be an input twice, directly and through its folder.
        var seen: Set<String> = []
        let files = found.files.filter { seen.insert("\(FileSystem.resolved($0.path))\n\($0.name)").inserted }
        let plans: [NoisySet.Plan]
        var (setSeed, links) = (seed, link)
        var known: [String: IntensityConvention?] = [:]
        if let from {
            let manifest = try Manifest(contentsOf: from)
            plans = try NoisySet.plans(manifest, from: files)
            (setSeed, links) = (UInt64(manifest.seed) ?? 0, manifest.links)
            for (plan, pair) in zip(plans, manifest.pairs) { known[plan.source.path] = manifest.convention(of: pair) }
        } else {
            plans = try NoisySet.plans(
                files, noise: templates, realisations: realisations, seed: seed, split: split,
                groupBy: groupBy ?? .folder)
        }
        let set = NoisySet(
            plans: plans, folder: folder, seed: setSeed, links: links, overwrite: batch.overwrite,
            reading: batch.reading,
            intensities: try Intensities(from == nil ? files.map(\.path) : [], reading: batch.reading), known: known)
        try set.check()
        return try await set.make(threads: threads.count, console: &console)
    }

    private func summary(_ report: NoisySet.Outcome) -> String {
        var text = "made \(Format.count(report.pairs, "pair")) of \(Format.count(report.slices, "slice"))"
        text += " in \(Format.significant(report.seconds, 3)) s, clamped \(Format.count(report.clamped, "sample"))"
        if !report.failed.isEmpty { text += ", \(report.failed.count) failed" }
        if !report.notDone.isEmpty { text += ", \(report.notDone.count) not done" }
        return text + ": \(Format.visible(report.output))"
    }

    // MARK: - Arguments

    private static func template(_ text: String) throws -> NoiseTemplate {
        do throws(NoiseError) {
            return try NoiseTemplate(text)
        } catch {
            throw ValidationError(error.reason)
        }
    }
}

extension FileError {
    /// The error of a file whose dose cannot be lowered.
    static func noDose(_ file: String, _ complaint: String) -> FileError {
        FileError(
            file: file, found: complaint, expected: "a slice with known noise at full dose",
            advice: "Pass its standard deviation in soft tissue: dose:25%,noise=15hu.")
    }

    /// The error of a file in whose units the noise is not finite.
    static func noiseTooStrong(_ file: String, _ scale: IntensityScale) -> FileError {
        FileError(
            file: file, found: "a slope of \(abs(scale.slope)) HU per stored value",
            expected: "a scale on which the noise is finite",
            advice: "Pass --stored or --rescale, or weaker noise.")
    }
}
