public import ArgumentParser
import CTDenoising
import CTImages
public import CTNetwork
import CTReports
import CTSupport

/// `ctdenoise denoise INPUT… -o OUT`: what the program is for.
struct Denoise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Denoise slices.",
        discussion: """
            Files keep their names, folders, format and metadata; samples are rounded and clamped to their format only. \
            In a folder, what is neither PNG nor TIFF is skipped. A file that cannot be read is reported, and the \
            others are denoised all the same. Inputs are never overwritten. The noise is found out from the slice; \
            nobody has to say how strong it is.

            Example: denoise every slice under noisy/ into denoised/
              ctdenoise denoise noisy -o denoised
            Example: take out most of the noise, and show what was taken out
              ctdenoise denoise noisy -o denoised --strength 0.8 --save-noise removed
            Example: see on a page whether only noise was taken out
              ctdenoise denoise noisy -o denoised --report denoised.html
            """)

    @OptionGroup var batch: BatchOptions

    @Option(
        help: ArgumentHelp(
            "A model inside the program, \(ModelChoice.names), or the file of one that `ctdenoise train` made.",
            discussion: "Without it, default. `info` says what they are.", valueName: ModelChoice.placeholder),
        completion: .file(extensions: ["safetensors"]), transform: ModelChoice.init(argument:))
    var model = ModelChoice.bundled(.default)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How much of the noise is taken out, from 0 (nothing, all samples stay) to 1 (all that is seen).",
            valueName: "0…1"))
    var strength = 1.0

    @Option(
        help: ArgumentHelp(
            """
            A folder for what was taken out: of each file a TIFF in 32-bit floating point with the input minus the \
            output in HU.
            """, valueName: "folder"),
        completion: .directory)
    var saveNoise: String?

    @Option(
        help: ArgumentHelp(
            """
            Write a page of HTML that shows slices before and after, what was removed, and how noisy they are and were.
            """, valueName: "file.html"),
        completion: .file(extensions: ["html"]))
    var report: String?

    @Option(
        help: """
            single multiplies as 32-bit floats do, or nearly; fast rounds what is multiplied to 8 significant bits where \
            the CPU has instructions for that. `info` says what works here.
            """)
    var precision = Precision.single

    @OptionGroup var threads: ThreadOptions

    func validate() throws {
        try batch.requireOutput()
        guard (0...1).contains(strength) else {
            throw ValidationError(
                "--strength is from 0 (nothing changes) to 1 (all noise is taken out), not \(strength).")
        }
        if let saveNoise, saveNoise.isEmpty { throw ValidationError("--save-noise is empty; name a folder.") }
        if let report, report.isEmpty { throw ValidationError("--report is empty; name a file.") }
    }

    func run() async throws {
        let jobs = threads.count
        let settings = [
            "model": "\(model)", "strength": Format.plain(strength), "jobs": "\(jobs)",
            "precision": precision.rawValue, "instructionSet": precision.instructionSet,
            "arithmetic": precision.arithmetic,
        ]
        var run = try Batch(
            batch, settings: settings,
            protecting: model.path.map { [("the model", $0)] } ?? [], savingNoiseIn: saveNoise)
        let denoiser: Denoiser
        do throws(FileError) {
            denoiser = try Denoiser(model, precision: precision)
        } catch {
            throw try run.stopped(by: error)
        }
        let page: PageFile?
        do throws(FileError) {
            page = try report.map { path throws(FileError) in
                try PageFile(
                    path, overwrite: batch.overwrite, protecting: batch.input + [model.path].compactMap(\.self))
            }
        } catch {
            throw try run.stopped(by: error)
        }
        let report = page.map { _ in DenoisingPage(files: run.jobs.count, jobs: jobs) }
        func transform(_ slice: CTSlice, _: InputFile, _: Int) -> CTSlice {
            denoiser.denoise(slice, strength: strength, threads: jobs)
        }
        var observe: (@Sendable (Batch.WrittenFile) async -> Void)?
        if let report { observe = { await report.add($0) } }
        try await run.run(verb: "denoised", transform: transform, observe: observe) { () throws(FileError) in
            guard let page, let report else { return }
            try page.save(await report.page(settings: settings).html)
            var console = Console()
            console.line("report: \(page.path)")
        }
    }
}

extension Precision: ExpressibleByArgument {}
