import ArgumentParser
import CTImageFiles
import CTImages
import CTMetrics

/// `ctdenoise evaluate REFERENCE TEST`: how far slices are from what they should be.
struct Evaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print PSNR, SSIM and RMSE of slices against a reference.",
        discussion: """
            Compares two files, or the files of the same name in two folders, slice by slice, in HU. Nothing is \
            clipped. The data range is that of --range, for PSNR and SSIM, not what the samples happen to span; SSIM \
            takes samples as HU above the lower end of it. The mean is over slices. Equal slices have an infinite \
            PSNR, "inf" in JSON and CSV.

            Example: what denoising gained
              ctdenoise evaluate clean denoised --baseline noisy
            """)

    /// Which structural similarity.
    enum Similarity: String, ExpressibleByArgument, CaseIterable {
        case gaussian, uniform

        var window: SimilarityWindow { self == .gaussian ? .gaussian : .uniform }

        var phrase: String {
            switch self {
            case .gaussian: "11×11 Gaussian window, sigma 1.5 (Wang 2004)"
            case .uniform: "7×7 uniform window"
            }
        }
    }

    @Argument(help: "The file or folder that is taken as the truth.", completion: .file())
    var reference: String

    @Argument(help: "The file or folder to judge.", completion: .file())
    var test: String

    @Option(
        help: ArgumentHelp(
            "Another file or folder to judge beside it, such as the noisy slices.", valueName: "noisy"),
        completion: .file())
    var baseline: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The data range in HU. (default: -1024,1023)", valueName: "low,high"),
        transform: Evaluate.parseRange)
    var range: ClosedRange<Double> = IntensityScale.huRange

    @Option(help: "The window of SSIM.")
    var ssim = Similarity.gaussian

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Exit with status 2 if the mean PSNR is lower.", valueName: "dB"))
    var atLeastPsnr: Double?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Exit with status 2 if the mean SSIM is lower.", valueName: "ssim"))
    var atLeastSsim: Double?

    @Flag(
        help:
            "Also say how noisy slices are, by themselves: the standard deviation in HU that is most frequent in the body."
    )
    var noise = false

    @Flag(help: "Print one line of comma-separated values a slice, below a line of titles.")
    var csv = false

    @OptionGroup var reading: ReadingOptions

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if csv && output.json { throw ValidationError("Choose one of --csv and --json.") }
        // A threshold of nan would always be missed, one of -inf never.
        if let atLeastPsnr, !atLeastPsnr.isFinite {
            throw ValidationError("--at-least-psnr is a finite number of dB, not \(atLeastPsnr).")
        }
        if let atLeastSsim, !(-1...1).contains(atLeastSsim) {
            throw ValidationError("--at-least-ssim is from -1 to 1, not \(atLeastSsim).")
        }
    }

    private static func parseRange(_ text: String) throws -> ClosedRange<Double> {
        let ends = try parsePair(text, example: "--range -1024,1023")
        guard ends.0 < ends.1 else {
            throw ValidationError("the lower end comes first; write for example --range -1024,1023")
        }
        guard (ends.1 - ends.0).isFinite else {
            throw ValidationError("the range is wider than a number can hold; write for example --range -1024,1023")
        }
        return ends.0...ends.1
    }

    // MARK: - Running

    func run() async throws {
        var console = Console()
        var evaluation = Evaluation(
            pairs: Pairs(reference: reference, test: test, baseline: baseline), range: range, similarity: ssim,
            measuresNoise: noise, reading: reading)
        await evaluation.run(&console)
        let report = evaluation.report
        if output.json {
            try JSONOutput.print(report)
        } else if csv {
            try StandardOutput.print(report.csv)
        } else if !report.slices.isEmpty {
            try StandardOutput.print(report.table)
        }
        if !report.failed.isEmpty { throw ExitCode.failure }

        var missed = false
        if let atLeastPsnr, let psnr = report.mean?.psnr, !(psnr >= atLeastPsnr) {
            console.error(
                "mean PSNR: found \(Format.fixed(psnr, 3)) dB; expected at least \(Format.plain(atLeastPsnr)) dB")
            missed = true
        }
        if let atLeastSsim, let ssim = report.mean?.ssim, !(ssim >= atLeastSsim) {
            console.error("mean SSIM: found \(Format.fixed(ssim, 5)); expected at least \(Format.plain(atLeastSsim))")
            missed = true
        }
        if missed { throw ExitCode.thresholdMissed }
    }
}
