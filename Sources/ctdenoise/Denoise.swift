public import ArgumentParser
import CTDenoising
import CTImages
public import CTNetwork

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
            """)

    @OptionGroup var batch: BatchOptions

    @Option(
        help: ArgumentHelp("A model that `ctdenoise train` made, instead of the one inside the program."),
        completion: .file(extensions: ["safetensors"]))
    var model: String?

    @Option(
        help: """
            single multiplies as 32-bit floats do, or nearly; fast rounds what is multiplied to 8 significant bits where \
            the CPU has instructions for that. `info` says what works here.
            """)
    var precision = Precision.single

    @OptionGroup var threads: ThreadOptions

    func run() async throws {
        let jobs = threads.count
        var run = try Batch(
            batch,
            settings: [
                "model": model ?? "default", "jobs": "\(jobs)", "precision": precision.rawValue,
                "instructionSet": precision.instructionSet, "arithmetic": precision.arithmetic,
            ],
            protecting: model.map { [("the model", $0)] } ?? [])
        let denoiser: Denoiser
        do throws(ModelError) {
            denoiser =
                if let model {
                    try Denoiser(modelAt: model, precision: precision)
                } else {
                    try Denoiser.bundled(precision: precision)
                }
        } catch {
            throw try run.stopped(by: Failure(error))
        }
        try await run.run(verb: "denoised") { slice, _, _ in denoiser.denoise(slice, threads: jobs) }
    }
}

extension Precision: ExpressibleByArgument {}
