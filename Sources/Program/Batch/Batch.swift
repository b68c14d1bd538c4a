import ArgumentParser
import CTDenoising
import CTImageFiles
import CTImages
import CTMetrics
import CTSupport

/// Transforms image files into image files of the same names, one by one.
///
/// While one file is processed, the next is read and the previous one is written.
struct Batch {
    private let options: BatchOptions
    private let output: String
    /// The folder for the removed noise, if requested.
    private let noiseFolder: String?
    private(set) var jobs: [BatchJob] = []
    private var console = Console()
    private var intensities = Intensities()
    private var remarks = IntensityRemarks()
    private var omissions = Omissions()
    private var bar = ProgressBar(files: 0)
    private var outcome: BatchOutcome
    /// Whether no more files can be written.
    private var isOutOfRoom = false
    /// Gets the files that were written.
    private var observer: Observer?

    /// A file that was written, with its slices still in memory.
    struct WrittenFile: Sendable {
        /// The index of the file in the batch.
        let number: Int
        let input: String
        let output: String
        /// The slices as read.
        let before: [CTSlice]
        /// The slices as written: rounded and clamped.
        let after: [CTSlice]
    }

    /// Finds the inputs and checks, before any work, that no needed file would be overwritten.
    ///
    /// Inputs that cannot be read are reported and recorded.
    ///
    /// - Parameters:
    ///   - options: The options of the command.
    ///   - settings: The command's settings, for the outcome.
    ///   - needed: Other files that are never overwritten, each with its role: "the model".
    ///   - noiseFolder: The folder for the noise removed from each file, if requested.
    /// - Throws: `ExitCode.failure`, after the reason has been printed.
    init(
        _ options: BatchOptions, settings: [String: Setting], protecting needed: [(role: String, path: String)] = [],
        savingNoiseIn noiseFolder: String? = nil
    ) throws {
        self.options = options
        self.noiseFolder = noiseFolder
        output = options.output ?? ""
        outcome = BatchOutcome(output: output, noise: noiseFolder, settings: settings)
        do throws(FileError) {
            let found = try BatchJob.inputs(options.input, output: output, noiseFolder: noiseFolder)
            outcome.skipped = found.skipped
            for path in found.skipped { console.line("skipped \(path): neither PNG nor TIFF") }
            for failure in found.failures { fail(failure) }
            jobs = try BatchJob.jobs(
                for: found, options, output: output, noiseFolder: noiseFolder, protecting: needed)
            intensities = try Intensities(jobs.map(\.input.path), reading: options.reading)
            remarks.tell(intensities.remarks, to: &console)
        } catch {
            throw try stopped(by: error)
        }
    }

    /// Reports a failure that stops the batch.
    ///
    /// - Returns: The error to throw.
    mutating func stopped(by failure: FileError) throws -> ExitCode {
        fail(failure)
        outcome.warnings = console.warnings
        if options.format.json { try JSONOutput.print(outcome) }
        return .of(failure)
    }

    // MARK: - Work

    /// Reads each file, replaces each of its slices by the result of `transform`, and writes the file.
    ///
    /// - Parameters:
    ///   - verb: The verb of the summary: "denoised", "added noise to".
    ///   - transform: Transforms a slice in stored units, given its file and its page counted from 0.
    ///   - observe: Receives files that were written, some at a time and in order, while nothing else is processed.
    ///   - afterwards: Called before the summary, if files were written and none were left out.
    /// - Throws: `ExitCode.failure` at the end if a file failed; the reasons have been printed.
    mutating func run(
        verb: String, transform: (CTSlice, InputFile, Int) throws(FileError) -> CTSlice,
        observe: (([WrittenFile]) async -> Void)? = nil,
        afterwards: (() async throws(FileError) -> Void)? = nil
    ) async throws {
        do throws(FileError) {
            try prepareOutput()
        } catch {
            outcome.notDone = jobs.map(\.input.path)
            throw try stopped(by: error)
        }
        bar = ProgressBar(files: jobs.count)
        console.show(bar)
        observer = observe.map { Observer(body: $0) }
        await work(transform)
        if !outcome.notDone.isEmpty {
            console.line("stopped after \(outcome.files.count) of \(Format.count(jobs.count, "file"))")
        }
        if let afterwards, !outcome.files.isEmpty, outcome.notDone.isEmpty {
            console.clearProgress()
            outcome.seconds = bar.seconds()
            do throws(FileError) {
                try await afterwards()
            } catch {
                fail(error)
            }
        }
        try finish(verb: verb)
    }

    /// Creates the output folder, so that an unwritable one is reported before any work.
    private func prepareOutput() throws(FileError) {
        let paths = jobs.map(\.output)
        // For a single output file its parent; otherwise the folder, even if it stays empty.
        guard !paths.isEmpty else { return }
        let isFile = paths == [output]
        try FileSystem.prepare(isFile ? FileSystem.parent(output) : output, for: paths)
        if let noiseFolder { try FileSystem.prepare(noiseFolder, for: jobs.compactMap(\.noise)) }
    }

    /// Processes all files and records the results in ``outcome``.
    private mutating func work(
        _ transform: (CTSlice, InputFile, Int) throws(FileError) -> CTSlice
    ) async {
        let stop = StopSignals()
        var reading: Task<Result<Intensities.Decoded, FileError>, Never>?
        var writing: Writing?
        for (index, job) in jobs.enumerated() {
            let result = await (reading ?? read(job)).value
            let next = index + 1 < jobs.count ? jobs[index + 1] : nil
            reading = next.flatMap { canReadAhead($0, during: result) ? read($0) : nil }
            do throws(FileError) {
                let decoded = try result.get()
                var image = decoded.image
                remarks.tell(decoded.remarks, to: &console)
                omissions.tell(image.omissions, of: job.input.path, to: &console)
                let before = job.noise == nil && observer == nil ? [] : image.pages
                let isWhole = try work(on: &image, of: job, until: stop, transform: transform)
                await finish(&writing)
                guard isWhole, !isOutOfRoom else {
                    outcome.notDone = jobs[index...].map(\.input.path)
                    break
                }
                writing = write(image, of: job, number: index, before: before)
                // Otherwise three large files would be in memory at once.
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
        await observer?.flush()
    }

    /// Replaces the pages of `image` by the results of `transform`.
    ///
    /// - Returns: Whether all pages were done before a stop was requested.
    private mutating func work(
        on image: inout ImageFile, of job: BatchJob, until stop: StopSignals,
        transform: (CTSlice, InputFile, Int) throws(FileError) -> CTSlice
    ) throws(FileError) -> Bool {
        for page in image.pages.indices {
            if stop.isRequested { return false }
            let slice = image.pages[page]
            let result = try transform(slice, job.input, page)
            if result.isStoredLike(slice) {
                outcome.unchanged.append(
                    BatchOutcome.Unchanged(
                        file: job.input.path, page: page + 1,
                        noiseHU: NoiseEstimate(slice.tissueHU, width: slice.width).body))
            }
            image.pages[page] = result
            bar.slicesDone(ofFile: image.pages.count)
            console.show(bar)
        }
        return true
    }

    // MARK: - Reading and writing in the background

    private func read(_ job: BatchJob) -> Task<Result<Intensities.Decoded, FileError>, Never> {
        let intensities = intensities
        return Task {
            Result { () throws(FileError) in try intensities.read(job.input.path) }
        }
    }

    /// Whether `next` may be in memory together with the file that was just read.
    private func canReadAhead(_ next: BatchJob, during result: Result<Intensities.Decoded, FileError>) -> Bool {
        let large = 1 << 26
        let pixels = (try? result.get())?.image.pages.reduce(0) { $0 + $1.samples.count } ?? 0
        // The number of pixels is unknown before reading; a file has at least about half a byte per pixel.
        return pixels <= large && FileSystem.size(next.input.path) <= large / 2
    }

    /// A file that is being written.
    private struct Writing {
        let job: BatchJob
        /// The scale of its first slice.
        let scale: IntensityScale
        /// What the written file will not have.
        let omissions: [String]
        let task: Task<Result<Written, FileError>, Never>
    }

    private struct Written: Sendable {
        let slices: Int
        let clamped: Int
        /// Why the removed noise could not be written.
        let noiseFailure: FileError?
        /// The file for the observer, if there is one.
        let file: WrittenFile?
    }

    /// Passes on files that were written, as many at a time as keep all processors busy.
    private struct Observer {
        let body: ([WrittenFile]) async -> Void
        private var waiting: [WrittenFile] = []

        init(body: @escaping ([WrittenFile]) async -> Void) { self.body = body }

        /// Adds a file, and passes on all waiting ones if they are enough, or large.
        mutating func add(_ file: WrittenFile) async {
            waiting.append(file)
            let samples = waiting.reduce(0) { $0 + $1.before.reduce(0) { $0 + $1.samples.count } }
            let slices = waiting.reduce(0) { $0 + $1.before.count }
            if slices >= 2 * processorCount() || samples >= 1 << 23 { await flush() }
        }

        /// Passes on all waiting files.
        mutating func flush() async {
            guard !waiting.isEmpty else { return }
            await body(waiting)
            waiting = []
        }
    }

    private func write(_ image: ImageFile, of job: BatchJob, number: Int, before: [CTSlice]) -> Writing {
        let (overwrite, isObserved) = (options.overwrite, observer != nil)
        let task = Task { () -> Result<Written, FileError> in
            do throws(FileError) {
                let clamped = try Self.save(image, to: job.output, overwrite: overwrite)
                let after = before.isEmpty ? [] : image.pages.map { $0.quantized().slice }
                var noiseFailure: FileError?
                if let path = job.noise {
                    do throws(FileError) {
                        let noise = zip(before, after).map { $0.difference(from: $1) }
                        try Self.save(ImageFile(pages: noise, container: .tiff), to: path, overwrite: overwrite)
                    } catch {
                        noiseFailure = error
                    }
                }
                let file = WrittenFile(
                    number: number, input: job.input.path, output: job.output, before: before, after: after)
                return .success(
                    Written(
                        slices: image.pages.count, clamped: clamped, noiseFailure: noiseFailure,
                        file: isObserved ? file : nil))
            } catch {
                return .failure(error)
            }
        }
        return Writing(
            job: job, scale: image.pages.first?.scale ?? .assumedHU, omissions: image.omissions, task: task)
    }

    /// Writes a file, creating its folder if needed.
    ///
    /// - Returns: The number of clamped samples.
    @discardableResult
    private static func save(_ image: ImageFile, to path: String, overwrite: Bool) throws(FileError) -> Int {
        try FileSystem.makeFolder(for: path)
        return try image.write(to: path, overwrite: overwrite)
    }

    /// Waits for the file being written, if any, and records the result.
    private mutating func finish(_ writing: inout Writing?) async {
        guard let done = writing else { return }
        writing = nil
        switch await done.task.value {
        case .success(let written):
            outcome.files.append(
                BatchOutcome.File(
                    input: done.job.input.path, output: done.job.output,
                    noise: written.noiseFailure == nil ? done.job.noise : nil, slices: written.slices,
                    clamped: written.clamped, scale: ScaleDescription(done.scale),
                    omissions: done.omissions.isEmpty ? nil : done.omissions))
            outcome.slices += written.slices
            outcome.clamped += written.clamped
            if let failure = written.noiseFailure { failWriting(failure) }
            if let file = written.file { await observer?.add(file) }
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
        if let remark = outcome.remarkOnUnchanged { console.warning(remark) }
        outcome.warnings = console.warnings
        if outcome.seconds == 0 { outcome.seconds = bar.seconds() }
        if options.format.json {
            try JSONOutput.print(outcome)
        } else if !jobs.isEmpty {
            try StandardOutput.print(outcome.summary(verb: verb))
        }
        if outcome.files.isEmpty, outcome.failed.contains(where: { $0.code == .undecidedIntensities }) {
            throw ExitCode.validationFailure
        }
        if !outcome.isComplete { throw ExitCode.failure }
    }
}

extension CTSlice {
    /// Whether a file would hold the same values as with `other`, a slice of the same format.
    fileprivate func isStoredLike(_ other: CTSlice) -> Bool {
        if format.kind == .floatingPoint {
            return zip(samples, other.samples).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
        }
        return zip(samples, other.samples).allSatisfy { $0.rounded() == $1 }
    }
}
