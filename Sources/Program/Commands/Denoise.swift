public import ArgumentParser
import CTDenoising
import CTImages
public import CTNetwork
import CTNoise
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
            Example: leave as much noise as a scan at full dose has
              ctdenoise denoise quarter -o like-full --dose 25% --like-dose 100%
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
            """
            How much of the estimated noise to remove, from 0 (none; samples are unchanged) to 1 (all). (default: 1)
            """, valueName: "0…1"))
    var strength: Double?

    @Option(
        help: ArgumentHelp(
            """
            Leave noise of this standard deviation, with its texture, such as 20hu: in soft tissue, or in lung where \
            there is none. Slices with less are not changed.
            """, valueName: "hu"),
        transform: Self.noise)
    var targetNoise: Double?

    @Option(
        help: ArgumentHelp(
            "Leave the noise, with its texture, that a scan at this dose would have, such as 100%.",
            valueName: "percent"),
        transform: Self.share)
    var likeDose: Double?

    @Option(
        help: ArgumentHelp(
            "The dose that the slices were taken with, for --like-dose. (default: 25%, with a warning)",
            valueName: "percent"),
        transform: Self.share)
    var dose: Double?

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
        if let strength, !(0...1).contains(strength) {
            throw ValidationError(
                "--strength must be from 0 (no noise is removed) to 1 (all of it), not \(strength).")
        }
        if [strength, targetNoise, likeDose].count(where: { $0 != nil }) > 1 {
            throw ValidationError("--strength, --target-noise and --like-dose exclude one another; pass one of them.")
        }
        if dose != nil, likeDose == nil {
            throw ValidationError("--dose is the dose of the slices; say with --like-dose which one to aim at.")
        }
        if let likeDose, likeDose <= dose ?? Self.assumedDose {
            throw ValidationError(
                "--like-dose must be more than the dose of the slices, "
                    + "\(Format.plain(100 * (dose ?? Self.assumedDose))) %; there is nothing to remove otherwise.")
        }
        if let saveNoise, saveNoise.isEmpty { throw ValidationError("--save-noise is empty; name a folder.") }
        if let report, report.isEmpty { throw ValidationError("--report is empty; name a file.") }
    }

    /// The dose that is assumed of slices.
    private static let assumedDose = 0.25

    /// How much of the noise to remove.
    private var amount: DenoisingAmount {
        if let targetNoise { return .targetNoise(targetNoise) }
        if let likeDose { return .dose(likeDose, from: dose ?? Self.assumedDose) }
        return .strength(strength ?? 1)
    }

    /// Parses a positive share such as 25% or 0.25.
    private static func share(_ text: String) throws -> Double {
        let isPercent = text.hasSuffix("%")
        guard let value = Double(isPercent ? text.dropLast() : text[...]), value > 0, value.isFinite else {
            throw ValidationError("write a dose as 25% or 0.25")
        }
        return isPercent ? value / 100 : value
    }

    /// Parses a standard deviation in HU.
    private static func noise(_ text: String) throws -> Double {
        guard let strength = try? NoiseStrength(text) else { throw ValidationError("write noise as 20hu") }
        if case .stored = strength { throw ValidationError("write noise as 20hu") }
        return strength.hu(using: .assumedHU)
    }

    func run() async throws {
        let jobs = threads.count
        var settings: [String: Setting] = [
            "model": "\(model)", "jobs": .whole(UInt64(jobs)),
            "precision": .text(precision.rawValue), "instructionSet": .text(precision.instructionSet),
            "arithmetic": .text(precision.arithmetic),
        ]
        if let impulseModel { settings["impulseModel"] = .text(impulseModel) }
        if let targetNoise {
            settings["targetNoiseHU"] = .number(targetNoise)
        } else if case .strength(let strength) = amount {
            settings["strength"] = .number(strength)
        }
        if let likeDose {
            settings["likeDose"] = .number(likeDose)
            settings["dose"] = .number(dose ?? Self.assumedDose)
        }
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
        if likeDose != nil, dose == nil {
            run.warn("the dose of the slices is taken as 25 %, since nothing says it; pass --dose")
        }
        let (facts, amount, report) = (
            settings, amount, page.map { _ in DenoisingPage(files: run.jobs.count, jobs: jobs) }
        )
        let transform: Batch.Transform = { slice, _, _, threads in
            let denoised = denoiser.denoised(slice, amount: amount, threads: threads)
            return Batch.Transformed(slice: denoised.slice, noise: denoised.noise)
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
