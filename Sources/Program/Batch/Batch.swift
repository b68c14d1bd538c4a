import ArgumentParser
import CTDenoising
import CTImageFiles
import CTImages
import CTMetrics
import CTSupport

/// Transforms image files into image files of the same names.
///
/// Several files of one slice each are processed at a time, and the threads shared between them, since that is faster
/// than many threads for one slice. Large files and those of many pages have all threads. Meanwhile the next files are
/// read, and one is written. Files are written and reported in order.
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
    private let threads: Int

    /// Transforms a slice in stored units, given its file, its page counted from 0, and the number of threads to use.
    typealias Transform = @Sendable (CTSlice, InputFile, Int, Int) throws(FileError) -> Transformed

    /// What became of a slice.
    struct Transformed {
        /// In stored units, neither rounded nor clamped.
        let slice: CTSlice
        /// What denoising found; `nil` for other transforms.
        var noise: Denoised.Noise?
    }

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
    ///   - threads: The largest number of threads.
    ///   - settings: The command's settings, for the outcome.
    ///   - needed: Other files that are never overwritten, each with its role: "the model".
    ///   - noiseFolder: The folder for the noise removed from each file, if requested.
    /// - Throws: `ExitCode.failure`, after the reason has been printed.
    init(
        _ options: BatchOptions, threads: Int, settings: [String: Setting],
        protecting needed: [(role: String, path: String)] = [],
        savingNoiseIn noiseFolder: String? = nil
    ) throws {
        self.options = options
        self.noiseFolder = noiseFolder
        self.threads = max(threads, 1)
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

    /// Prints a warning.
    mutating func warn(_ text: String) { console.warning(text) }

    // MARK: - Work

    /// Reads each file, replaces each of its slices by the result of `transform`, and writes the file.
    ///
    /// - Parameters:
    ///   - verb: The verb of the summary: "denoised", "added noise to".
    ///   - transform: Transforms each slice; its result must not depend on the number of threads.
    ///   - observe: Receives files that were written, some at a time and in order, while nothing else is processed.
    ///   - afterwards: Called before the summary, if files were written and none were left out.
    /// - Throws: `ExitCode.failure` at the end if a file failed; the reasons have been printed.
    mutating func run(
        verb: String, transform: @escaping Transform,
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
    private mutating func work(_ transform: @escaping Transform) async {
        let stop = StopSignals()
        var begun: [Task<Result<FileWork, FileError>, Never>] = []
        var writing: Writing?
        for (index, job) in jobs.enumerated() {
            if begun.isEmpty { begun.append(begin(index, until: stop, transform)) }
            // While this one is worked on, as many more as there are threads, and then one in its place.
            beginMore(&begun, from: index, beside: 0, until: stop, transform)
            let result = await begun.removeFirst().value
            let pixels = (try? result.get())?.image.pages.reduce(0) { $0 + $1.samples.count } ?? 0
            beginMore(&begun, from: index + 1, beside: pixels, until: stop, transform)
            do throws(FileError) {
                var work = try result.get()
                remarks.tell(work.remarks, to: &console)
                omissions.tell(work.image.omissions, of: job.input.path, to: &console)
                while work.donePages < work.image.pages.count, !stop.isRequested {
                    try work.transformPage(of: job.input, threads: threads, transform)
                    if work.donePages < work.image.pages.count {
                        bar.slicesDone(ofFile: work.image.pages.count)
                        console.show(bar)
                    }
                }
                await finish(&writing)
                guard work.donePages == work.image.pages.count, !isOutOfRoom else {
                    outcome.notDone = jobs[index...].map(\.input.path)
                    break
                }
                bar.slicesDone(ofFile: work.image.pages.count)
                outcome.unchanged += work.unchanged
                writing = write(work, of: job, number: index)
                // Otherwise three large files would be in memory at once.
                if begun.isEmpty { await finish(&writing) }
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
        // What was begun of files that are left out ends before the program does.
        for task in begun { _ = await task.value }
        await finish(&writing)
        await observer?.flush()
    }

    // MARK: - In the background

    /// A file in memory, and what was done of it.
    private struct FileWork: Sendable {
        var image: ImageFile
        let remarks: [Intensities.Remark]
        /// The slices as read, if they are still needed.
        let before: [CTSlice]
        /// The number of pages that were transformed.
        private(set) var donePages = 0
        private(set) var noise: [BatchOutcome.Noise] = []
        private(set) var unchanged: [BatchOutcome.Unchanged] = []

        init(_ decoded: Intensities.Decoded, keepsSlices: Bool) {
            (image, remarks) = (decoded.image, decoded.remarks)
            before = keepsSlices ? decoded.image.pages : []
        }

        /// Replaces the next page by the result of `transform`.
        mutating func transformPage(
            of input: InputFile, threads: Int, _ transform: Transform
        ) throws(FileError) {
            let slice = image.pages[donePages]
            let transformed = try transform(slice, input, donePages, threads)
            let result = transformed.slice
            if let found = transformed.noise { noise.append(BatchOutcome.Noise(found, page: donePages + 1)) }
            if result.isStoredLike(slice) {
                unchanged.append(
                    BatchOutcome.Unchanged(
                        file: input.path, page: donePages + 1,
                        noiseHU: NoiseEstimate(slice.tissueHU, width: slice.width).body))
            }
            image.pages[donePages] = result
            donePages += 1
        }
    }

    /// Begins more files, as many as there are threads, as long as they may be in memory together.
    ///
    /// - Parameters:
    ///   - begun: The files that were begun, in order.
    ///   - first: The first of them, or the next one if there are none.
    ///   - pixels: The number of pixels of another file in memory.
    private func beginMore(
        _ begun: inout [Task<Result<FileWork, FileError>, Never>], from first: Int, beside pixels: Int,
        until stop: StopSignals, _ transform: @escaping Transform
    ) {
        let large = 1 << 26
        while begun.count < threads, first + begun.count < jobs.count, pixels <= large {
            let next = first + begun.count
            // The number of pixels is unknown before reading; a file has at least about half a byte per pixel.
            let largest = begun.isEmpty ? large / 2 : 2 * Self.smallSlice
            guard FileSystem.size(jobs[next].input.path) <= largest else { break }
            begun.append(begin(next, until: stop, transform))
        }
    }

    /// The most pixels of a slice that shares the threads with others.
    private static let smallSlice = 1 << 22

    /// Reads a file and, if it is one small slice, transforms it.
    private func begin(
        _ index: Int, until stop: StopSignals, _ transform: @escaping Transform
    ) -> Task<Result<FileWork, FileError>, Never> {
        let (intensities, input) = (intensities, jobs[index].input)
        let keepsSlices = jobs[index].noise != nil || observer != nil
        // All threads for the last file, half for each of the last two, and so on.
        let threads = max(threads / min(jobs.count - index, threads), 1)
        return Task {
            Result { () throws(FileError) in
                var work = FileWork(try intensities.read(input.path), keepsSlices: keepsSlices)
                if work.image.pages.count == 1, work.image.pages[0].samples.count <= Self.smallSlice, !stop.isRequested
                {
                    try work.transformPage(of: input, threads: threads, transform)
                }
                return work
            }
        }
    }

    /// A file that is being written.
    private struct Writing {
        let job: BatchJob
        /// The scale of its first slice.
        let scale: IntensityScale
        /// What the written file will not have.
        let omissions: [String]
        /// What was found on its pages.
        let noise: [BatchOutcome.Noise]
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

    private func write(_ work: FileWork, of job: BatchJob, number: Int) -> Writing {
        let (image, before) = (work.image, work.before)
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
            job: job, scale: image.pages.first?.scale ?? .assumedHU, omissions: image.omissions, noise: work.noise,
            task: task)
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
                    omissions: done.omissions.isEmpty ? nil : done.omissions,
                    pages: done.noise.isEmpty ? nil : done.noise))
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
        for remark in outcome.remarks { console.warning(remark) }
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
