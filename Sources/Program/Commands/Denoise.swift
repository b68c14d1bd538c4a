public import ArgumentParser
import CTDenoising
import CTImages
public import CTNetwork
import CTReports
import CTSupport

/// `ctdenoise denoise INPUT… -o OUT`: denoises image files.
struct Denoise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Denoise slices.",
        discussion: """
            Noise is estimated from each slice; no level has to be given. Files keep their names, folders, format and \
            metadata; samples are only rounded and clamped to the format. Files in folders that are neither PNG nor \
            TIFF are skipped. A file that cannot be read is reported, and the others are still denoised. Inputs are \
            never overwritten.

            Example: denoise every slice under noisy/ into denoised/
              ctdenoise denoise noisy -o denoised
            Example: remove most of the noise, and save what was removed
              ctdenoise denoise noisy -o denoised --strength 0.8 --save-noise removed
            Example: check on an HTML page that only noise was removed
              ctdenoise denoise noisy -o denoised --report denoised.html
            """)

    @OptionGroup var batch: BatchOptions

    @Option(
        help: ArgumentHelp(
            """
            A bundled model (\(ModelChoice.names)), or the path of a model that `ctdenoise train` wrote; `ctdenoise \
            info` describes the bundled ones. (default: default)
            """, valueName: ModelChoice.placeholder),
        completion: .file(extensions: ["safetensors"]), transform: ModelChoice.init(argument:))
    var model = ModelChoice.bundled(.default)

    @Option(
        help: ArgumentHelp(
            """
            The path of a model for impulses that `ctdenoise train` wrote: it replaces salt-and-pepper before --model \
            removes the remaining noise.
            """, valueName: "path"),
        completion: .file(extensions: ["safetensors"]))
    var impulseModel: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How much of the estimated noise to remove, from 0 (none; samples are unchanged) to 1 (all).",
            valueName: "0…1"))
    var strength = 1.0

    @Option(
        help: ArgumentHelp(
            """
            Write the removed noise to this folder: for each file a 32-bit floating-point TIFF with input minus \
            output in HU.
            """, valueName: "folder"),
        completion: .directory)
    var saveNoise: String?

    @Option(
        help: ArgumentHelp(
            "Write an HTML page with slices before and after, the removed noise, and noise levels.",
            valueName: "file.html"),
        completion: .file(extensions: ["html"]))
    var report: String?

    @Option(
        help: """
            "single" multiplies with the full or nearly full precision of 32-bit floats; "fast" rounds factors to 8 \
            significant bits if the CPU has instructions for that. `ctdenoise info` shows what this machine uses.
            """)
    var precision = Precision.single

    @OptionGroup var threads: ThreadOptions

    func validate() throws {
        try batch.requireOutput()
        guard (0...1).contains(strength) else {
            throw ValidationError(
                "--strength must be from 0 (no noise is removed) to 1 (all of it), not \(strength).")
        }
        if let saveNoise, saveNoise.isEmpty { throw ValidationError("--save-noise is empty; name a folder.") }
        if let report, report.isEmpty { throw ValidationError("--report is empty; name a file.") }
    }

    func run() async throws {
        let jobs = threads.count
        var settings: [String: Setting] = [
            "model": "\(model)", "strength": .number(strength), "jobs": .whole(UInt64(jobs)),
            "precision": .text(precision.rawValue), "instructionSet": .text(precision.instructionSet),
            "arithmetic": .text(precision.arithmetic),
        ]
        if let impulseModel { settings["impulseModel"] = .text(impulseModel) }
        let modelFiles = [model.path, impulseModel].compactMap(\.self)
        var run = try Batch(
            batch, threads: jobs, settings: settings, protecting: modelFiles.map { ("the model", $0) },
            savingNoiseIn: saveNoise)
        let denoiser: Denoiser
        do throws(FileError) {
            let chosen = try Denoiser(model, precision: precision)
            denoiser =
                try impulseModel.map { path throws(FileError) in
                    try chosen.replacingImpulses(withModelAt: path, precision: precision)
                } ?? chosen
        } catch {
            throw try run.stopped(by: error)
        }
        let page: PageFile?
        do throws(FileError) {
            page = try report.map { path throws(FileError) in
                try PageFile(
                    path, overwrite: batch.overwrite, protecting: batch.input + modelFiles)
            }
        } catch {
            throw try run.stopped(by: error)
        }
        let (facts, report) = (settings, page.map { _ in DenoisingPage(files: run.jobs.count, jobs: jobs) })
        let strength = strength
        let transform: Batch.Transform = { slice, _, _, threads in
            denoiser.denoise(slice, strength: strength, threads: threads)
        }
        var observe: (([Batch.WrittenFile]) async -> Void)?
        if let report { observe = { await report.add($0) } }
        try await run.run(verb: "denoised", transform: transform, observe: observe) { () throws(FileError) in
            guard let page, let report else { return }
            try page.save(await report.page(settings: facts).html)
            var console = Console()
            console.line("report: \(page.path)")
        }
    }
}

extension Precision: ExpressibleByArgument {}
