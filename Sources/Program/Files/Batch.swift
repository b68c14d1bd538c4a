import ArgumentParser
import CTDenoising
import CTImageFiles
import CTImages
import CTSupport

/// What commands that turn many image files into many image files have in common.
struct BatchOptions: ParsableArguments {
    @Argument(
        help: "PNG and TIFF files, and folders, which are searched with all folders in them.",
        completion: .file(extensions: ["png", "tif", "tiff"]))
    var input: [String]

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The folder to write to; for a single file also the name of the new file.", valueName: "out"),
        completion: .file())
    var output: String?

    @Flag(help: "Replace files that are already there; never an input.")
    var overwrite = false

    @OptionGroup var reading: ReadingOptions

    @OptionGroup var format: OutputOptions

    func validate() throws { if let output { try OutputName.validate(output) } }

    /// Refuses to work without an output.
    func requireOutput() throws {
        if output == nil { throw ValidationError("Missing expected argument '--output <out>'") }
    }
}

/// Turns image files into image files of the same names, one after the other.
///
/// While one file is worked on, the next is read and the one before is written.
struct Batch {
    private struct Job {
        let input: InputFile
        let output: String
        /// Where what was removed goes, if it is wanted.
        let noise: String?

        /// The files to write.
        var paths: [String] { [output] + (noise.map { [$0] } ?? []) }
    }

    private let options: BatchOptions
    private let output: String
    /// Where what was removed goes, if it is wanted.
    private let noiseFolder: String?
    private var jobs: [Job] = []
    private var console = Console()
    private var assumptions = Assumptions()
    private var bar = ProgressBar(files: 0)
    private var outcome: Outcome
    /// Whether nothing more can be written.
    private var isOutOfRoom = false

    /// What a batch did.
    struct Outcome: Encodable {
        /// One file that was written.
        struct File: Encodable {
            let input: String
            let output: String
            /// The file with what was removed, if it was wanted and could be written.
            let noise: String?
            let slices: Int
            /// Samples that lay outside the range of their format and were set to its end.
            let clamped: Int
            /// What the stored values of its first slice mean.
            let scale: ScaleDescription
        }

        var files: [File] = []
        var failed: [FileError] = []
        /// Inputs that were not tried, since the batch was asked to stop, or nothing more could be written.
        var notDone: [String] = []
        /// Files in folders that are no images.
        var skipped: [String] = []
        var slices = 0
        var clamped = 0
        var seconds = 0.0
        let output: String
        /// The folder for what was removed, if it was wanted.
        let noise: String?
        /// The command's own words: its model, or its noise.
        let settings: [String: String]
    }

    /// Looks for the inputs and makes sure, before any work, that no file is written twice, over an input or something
    /// else that is needed, or, without `--overwrite`, over any file.
    ///
    /// What cannot be read among the inputs is reported and remembered.
    ///
    /// - Parameters:
    ///   - options: What the user said.
    ///   - settings: The command's own words for its outcome.
    ///   - needed: Files beside the inputs that are never overwritten, each with what it is: "the model".
    ///   - noiseFolder: Where to write, too, what is removed from each file.
    /// - Throws: `ExitCode.failure`, after the reason has been printed.
    init(
        _ options: BatchOptions, settings: [String: String], protecting needed: [(role: String, path: String)] = [],
        savingNoiseIn noiseFolder: String? = nil
    ) throws {
        self.options = options
        self.noiseFolder = noiseFolder
        output = options.output ?? ""
        outcome = Outcome(output: output, noise: noiseFolder, settings: settings)
        do throws(FileError) {
            try plan(protecting: needed)
        } catch {
            throw try stopped(by: error)
        }
    }

    /// Tells and reports what keeps the batch from its work.
    ///
    /// - Returns: What to throw.
    mutating func stopped(by failure: FileError) throws -> ExitCode {
        fail(failure)
        if options.format.json { try JSONOutput.print(outcome) }
        return .failure
    }

    // MARK: - Before any work

    private mutating func plan(protecting needed: [(role: String, path: String)]) throws(FileError) {
        if let noiseFolder {
            try OutputName.checkFolder(noiseFolder)
            let place = FileSystem.resolved(noiseFolder)
            if let input = options.input.first(where: { FileSystem.resolved($0) == place }) {
                throw FileError(
                    file: noiseFolder, found: "the input \(input) itself",
                    expected: "another folder, or what was taken out would be taken for slices the next time",
                    advice: "Choose another --save-noise.")
            }
        }
        let found = InputFiles(options.input, leavingOut: [output] + (noiseFolder.map { [$0] } ?? []))
        outcome.skipped = found.skipped
        for path in found.skipped { console.line("skipped \(path): neither PNG nor TIFF") }
        for failure in found.failures { fail(failure) }
        if found.files.isEmpty && found.failures.isEmpty {
            throw FileError(
                file: options.input.joined(separator: ", "), found: "no image files",
                expected: "PNG or TIFF files", advice: "Name files, or folders that have some.")
        }

        let outputIsFile = try outputIsFile(for: found)
        var inputs: [FileSystem.Identity: InputFile] = [:]
        var targets: [String: String] = [:]
        for file in found.files {
            // A file that is named twice, say alone and through its folder, is done once.
            if let identity = FileSystem.identity(file.path) {
                if let same = inputs[identity], same.name == file.name { continue }
                inputs[identity] = file
            }
            let output = outputIsFile ? output : FileSystem.join(output, file.name)
            let noise = noiseFolder.map { FileSystem.join($0, FileSystem.withTIFFEnding(file.name)) }
            for (path, content) in [(output, file.path), (noise, "the noise of \(file.path)")] {
                guard let path else { continue }
                // Many disks, those of macOS and Windows, take a.png and A.png for one file.
                if let other = targets.updateValue(content, forKey: FileSystem.resolved(path).lowercased()) {
                    throw FileError(
                        file: path, found: "two files to be written here, \(other) and \(content)",
                        expected: "a name for each, not only in upper and lower case",
                        advice: "Take these files one by one, each with its own \(option(for: path, of: output)).")
                }
            }
            jobs.append(Job(input: file, output: output, noise: noise))
        }

        var precious = inputs.mapValues { "the input \($0.path)" }
        for (role, path) in needed {
            if let identity = FileSystem.identity(path) { precious[identity] = "\(role) \(path)" }
        }
        var existing: [String] = []
        for job in jobs {
            for path in job.paths {
                let option = option(for: path, of: job.output)
                switch FileSystem.kind(path) {
                case .missing: break
                case .folder:
                    throw FileError(
                        file: path, found: "a folder", expected: "the name of a file to write",
                        advice: "Choose another \(option).")
                case .file:
                    if let found = FileSystem.identity(path).flatMap({ precious[$0] }) {
                        throw FileError(
                            file: path, found: "\(found) itself",
                            expected: "somewhere else to write to, since inputs are never overwritten",
                            advice: "Choose another \(option).")
                    }
                    existing.append(path)
                }
            }
        }
        if let first = existing.first, !options.overwrite {
            let others = existing.count > 1 ? " (and \(existing.count - 1) more)" : ""
            throw FileError(
                file: first, found: "a file that is already there\(others)", expected: "names that are free",
                advice: "Say --overwrite to replace, or choose another place.")
        }
    }

    /// The option that says where the file at `path` goes, which is either `output` or the noise beside it.
    private func option(for path: String, of output: String) -> String { path == output ? "-o" : "--save-noise" }

    /// Whether `-o` names the file to write, not the folder; for one file only, and of the input's own container.
    private func outputIsFile(for found: InputFiles) throws(FileError) -> Bool {
        let fileExtension = FileSystem.fileExtension(output)
        if FileSystem.kind(output) == .folder || output.hasSuffix("/") { return false }
        let looksLikeFile =
            InputFiles.extensions.contains(fileExtension) || FileSystem.kind(output) == .file
        guard looksLikeFile else {
            if options.input.count == 1, FileSystem.kind(options.input[0]) == .file {
                try OutputName.checkEnding(output)
            }
            return false
        }
        guard options.input.count == 1, FileSystem.kind(options.input[0]) != .folder else {
            throw FileError(
                file: output, found: "the name of a file", expected: "a folder, since there are several inputs",
                advice: "Choose another -o.")
        }
        if let file = found.files.first, let container = ImageFile.container(ofFileAt: file.path),
            container != (fileExtension == "png" ? .png : .tiff)
        {
            throw FileError(
                file: output,
                found: "the ending .\(fileExtension) for a \(container.rawValue.uppercased()) file",
                expected: "the ending of the input, since files keep their format",
                advice: container == .png ? "Write .png." : "Write .tif.")
        }
        return true
    }

    // MARK: - Work

    /// Reads each file, replaces each of its slices by what `transform` makes of it, and writes the file.
    ///
    /// - Parameters:
    ///   - verb: What is done, for the summary: "denoised", "added noise to".
    ///   - transform: Gets a slice in stored units, its file, and its page from 0; throws why it cannot be done.
    ///   - afterwards: Gets what was written, and does what is to be done with it before the summary.
    /// - Throws: `ExitCode.failure` at the end if a file failed; the reasons have been printed.
    mutating func run(
        verb: String, transform: (CTSlice, InputFile, Int) throws(FileError) -> CTSlice,
        afterwards: (([Outcome.File]) async throws(FileError) -> Void)? = nil
    ) async throws {
        do throws(FileError) {
            try prepareOutput()
        } catch {
            outcome.notDone = jobs.map(\.input.path)
            throw try stopped(by: error)
        }
        bar = ProgressBar(files: jobs.count)
        let stop = StopSignals()
        var reading: Task<Result<ImageFile, FileError>, Never>?
        var writing: Writing?
        for (index, job) in jobs.enumerated() {
            let result = await (reading ?? read(job)).value
            let next = index + 1 < jobs.count ? jobs[index + 1] : nil
            reading = next.flatMap { canReadAhead($0, during: result) ? read($0) : nil }
            do throws(FileError) {
                var image = try result.get()
                let before = job.noise == nil ? [] : image.pages
                let isWhole = try work(on: &image, of: job, until: stop, transform: transform)
                await finish(&writing)
                guard isWhole, !isOutOfRoom else {
                    outcome.notDone = jobs[index...].map(\.input.path)
                    break
                }
                let scale = image.pages.first?.scale ?? .assumedHU
                writing = Writing(
                    job: job, scale: scale,
                    task: Self.write(image, job, before: before, overwrite: options.overwrite))
                // Else three large files would be in memory at once.
                if reading == nil { await finish(&writing) }
            } catch {
                fail(error)
            }
            bar.fileDone()
            console.show(bar)
            if stop.isRequested || isOutOfRoom, index + 1 < jobs.count {
                outcome.notDone = jobs[(index + 1)...].map(\.input.path)
                break
            }
        }
        await finish(&writing)
        if !outcome.notDone.isEmpty {
            console.line("stopped after \(outcome.files.count) of \(Format.count(jobs.count, "file"))")
        }
        if let afterwards, !outcome.files.isEmpty, outcome.notDone.isEmpty {
            console.clearProgress()
            outcome.seconds = bar.seconds()
            do throws(FileError) {
                try await afterwards(outcome.files)
            } catch {
                fail(error)
            }
        }
        try finish(verb: verb)
    }

    /// Makes the output folder, so that what cannot be written is known before any work.
    private func prepareOutput() throws(FileError) {
        let paths = jobs.map(\.output)
        // The file itself, if one is named; else the folder, though it may get nothing.
        guard !paths.isEmpty else { return }
        let isFile = paths == [output]
        try FileSystem.prepare(isFile ? FileSystem.parent(output) : output, for: paths)
        if let noiseFolder { try FileSystem.prepare(noiseFolder, for: jobs.compactMap(\.noise)) }
    }

    /// Puts what `transform` makes of the pages of `image` in their place.
    ///
    /// - Returns: Whether all were done before `stop` came.
    private mutating func work(
        on image: inout ImageFile, of job: Job, until stop: StopSignals,
        transform: (CTSlice, InputFile, Int) throws(FileError) -> CTSlice
    ) throws(FileError) -> Bool {
        for page in image.pages.indices {
            if stop.isRequested { return false }
            let slice = image.pages[page]
            assumptions.tell(slice, of: job.input.path, to: &console)
            image.pages[page] = try transform(slice, job.input, page)
            bar.slicesDone(ofFile: image.pages.count)
            console.show(bar)
        }
        return true
    }

    // MARK: - Reading and writing meanwhile

    /// A file that is being written.
    private struct Writing {
        let job: Job
        /// What the stored values of its first slice mean.
        let scale: IntensityScale
        let task: Task<Result<Written, FileError>, Never>
    }

    /// Waits for what is being written, if anything is.
    private mutating func finish(_ writing: inout Writing?) async {
        guard let done = writing else { return }
        writing = nil
        note(await done.task.value, done.job, done.scale)
    }

    /// Whether `next` may be in memory beside what was just read, and what that becomes.
    private func canReadAhead(_ next: Job, during result: Result<ImageFile, FileError>) -> Bool {
        let large = 1 << 26
        let pixels = (try? result.get())?.pages.reduce(0) { $0 + $1.samples.count } ?? 0
        // Its pixels are not known before it is read, but that it has at least about half a byte for each.
        return pixels <= large && FileSystem.size(next.input.path) <= large / 2
    }

    private struct Written: Sendable {
        let slices: Int
        let clamped: Int
        /// Why what was removed could not be written.
        let noiseFailure: FileError?
    }

    private func read(_ job: Job) -> Task<Result<ImageFile, FileError>, Never> {
        let reading = options.reading
        return Task.detached {
            Result { () throws(FileError) in try reading.read(job.input.path) }
        }
    }

    private static func write(
        _ image: ImageFile, _ job: Job, before: [CTSlice], overwrite: Bool
    ) -> Task<Result<Written, FileError>, Never> {
        Task.detached {
            Result { () throws(FileError) in
                let clamped = try save(image, to: job.output, overwrite: overwrite)
                var noiseFailure: FileError?
                if let path = job.noise {
                    do throws(FileError) {
                        // Of what was written: rounded and clamped.
                        let noise = zip(before, image.pages).map { $0.difference(from: $1.quantized().slice) }
                        try save(ImageFile(pages: noise, container: .tiff), to: path, overwrite: overwrite)
                    } catch {
                        noiseFailure = error
                    }
                }
                return Written(slices: image.pages.count, clamped: clamped, noiseFailure: noiseFailure)
            }
        }
    }

    /// Writes a file, and the folders above it.
    ///
    /// - Returns: How many samples had to be clamped.
    @discardableResult
    private static func save(_ image: ImageFile, to path: String, overwrite: Bool) throws(FileError) -> Int {
        try FileSystem.makeFolder(for: path)
        return try image.write(to: path, overwrite: overwrite)
    }

    private mutating func note(_ result: Result<Written, FileError>, _ job: Job, _ scale: IntensityScale) {
        switch result {
        case .success(let written):
            outcome.files.append(
                Outcome.File(
                    input: job.input.path, output: job.output,
                    noise: written.noiseFailure == nil ? job.noise : nil, slices: written.slices,
                    clamped: written.clamped, scale: ScaleDescription(scale)))
            outcome.slices += written.slices
            outcome.clamped += written.clamped
            if let failure = written.noiseFailure { failWriting(failure) }
        case .failure(let failure): failWriting(failure)
        }
    }

    private mutating func failWriting(_ failure: FileError) {
        fail(failure)
        isOutOfRoom = isOutOfRoom || failure.code == .unwritableFolder
    }

    private mutating func fail(_ failure: FileError) {
        outcome.failed.append(failure)
        console.error(failure)
    }

    private mutating func finish(verb: String) throws {
        console.clearProgress()
        if outcome.seconds == 0 { outcome.seconds = bar.seconds() }
        if options.format.json {
            try JSONOutput.print(outcome)
        } else if !jobs.isEmpty {
            try StandardOutput.print(summary(verb: verb))
        }
        if !outcome.failed.isEmpty || !outcome.notDone.isEmpty { throw ExitCode.failure }
    }

    private func summary(verb: String) -> String {
        let rate = Double(outcome.slices) / max(outcome.seconds, 1e-9)
        var text = "\(verb) \(Format.count(outcome.slices, "slice")) of \(Format.count(outcome.files.count, "file"))"
        text += " in \(Format.significant(outcome.seconds, 3)) s (\(Format.significant(rate, 3)) slices/s)"
        text += ", clamped \(Format.count(outcome.clamped, "sample"))"
        if !outcome.skipped.isEmpty { text += ", skipped \(Format.count(outcome.skipped.count, "other file"))" }
        if !outcome.failed.isEmpty { text += ", \(outcome.failed.count) failed" }
        if !outcome.notDone.isEmpty { text += ", \(outcome.notDone.count) not done" }
        text += ": \(Format.visible(output))"
        return text + (noiseFolder.map { ", noise: \(Format.visible($0))" } ?? "")
    }
}
