import ArgumentParser
import CTImageFiles
import CTImages
import CTMetrics
import CTReports
import CTSupport

/// `ctdenoise evaluate REFERENCE TEST`: compares slices with a reference.
struct Evaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print PSNR, SSIM and other metrics of slices against a reference.",
        discussion: """
            Compares two files, or files of the same name in two folders, slice by slice, in HU. The data range of \
            PSNR and other metrics is that of --range or --window, not the range of the samples; samples are taken \
            relative to its lower end. Only --window clips samples. Means are over slices; each folder counts as a \
            patient. Equal slices have an infinite PSNR, "inf" in JSON and CSV. The table shows PSNR, SSIM and RMSE of \
            each slice; MS-SSIM (161×161 pixels or more), GMSD, VIF (41×41 or more), MAE and bias are in the means, \
            CSV, JSON and the report.

            Example: show the gain from denoising on a page with pictures
              ctdenoise evaluate clean denoised --baseline noisy --report quality.html
            """)

    /// The window of the structural similarity.
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

    @Argument(help: "The file or folder to compare with: the truth.", completion: .file())
    var reference: String

    @Argument(help: "The file or folder to evaluate.", completion: .file())
    var test: String

    @Option(
        help: ArgumentHelp(
            "Another file or folder to evaluate for comparison, such as the noisy slices.", valueName: "noisy"),
        completion: .file())
    var baseline: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The data range in HU. (default: -1024,1023)", valueName: "low,high"),
        transform: Evaluate.parseRange)
    var range: ClosedRange<Double>?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            Clip HU to a display window and use its width as the data range: lung (-600,1500), mediastinum (50,400), \
            bone (400,1800), or level and width.
            """,
            valueName: "lung|mediastinum|bone|level,width"),
        transform: Evaluate.parseWindow)
    var window: HUWindow?

    @Option(
        help: ArgumentHelp(
            """
            Metrics are computed only where the mask is non-zero: one image for all slices, or a folder of images with \
            the same names. SSIM, MS-SSIM and VIF use the windows centred there.
            """, valueName: "mask"),
        completion: .file())
    var mask: String?

    @Option(help: "The window of SSIM: 11×11 Gaussian or 7×7 uniform.")
    var ssim = Similarity.gaussian

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Exit with status 2 if the mean PSNR is lower; equal slices do not count.", valueName: "dB"))
    var atLeastPsnr: Double?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Exit with status 2 if the mean SSIM is lower.", valueName: "ssim"))
    var atLeastSsim: Double?

    @Flag(
        help: """
            Also estimate the noise of each slice without a reference: the most frequent standard deviation in the \
            body, in HU; with --baseline also whether only noise was removed from the baseline.
            """)
    var noise = false

    @Option(
        help: ArgumentHelp(
            "Write a self-contained HTML page with metrics, charts and pictures.", valueName: "file.html"),
        completion: .file(extensions: ["html"]))
    var report: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With --report: the pixel size, for frequencies per mm instead of per pixel.", valueName: "mm"))
    var pixel: Double?

    @Flag(help: "Replace an existing report.")
    var overwrite = false

    @Flag(help: "Print CSV: a header and one line per slice.")
    var csv = false

    @OptionGroup var threads: ThreadOptions

    @OptionGroup var reading: ReadingOptions

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("--stored for the reference only.", valueName: "convention"),
        transform: ReadingOptions.parseConvention)
    var referenceStored: IntensityConvention?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("--stored for the files to evaluate only.", valueName: "convention"),
        transform: ReadingOptions.parseConvention)
    var testStored: IntensityConvention?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("--stored for the baseline only.", valueName: "convention"),
        transform: ReadingOptions.parseConvention)
    var baselineStored: IntensityConvention?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if csv && output.json { throw ValidationError("Choose one of --csv and --json.") }
        if range != nil && window != nil { throw ValidationError("Choose one of --range and --window.") }
        for (option, value) in [("--baseline", baseline), ("--mask", mask)] where value?.isEmpty == true {
            throw ValidationError("\(option) is empty; name a file or a folder.")
        }
        if let report, report.isEmpty { throw ValidationError("--report is empty; name a file.") }
        if baselineStored != nil, baseline == nil { throw ValidationError("--baseline-stored requires --baseline.") }
        if pixel != nil && report == nil { throw ValidationError("--pixel requires --report.") }
        if let pixel, !(0.01...100).contains(pixel) {
            throw ValidationError("--pixel must be from 0.01 to 100 mm, not \(Format.plain(pixel)).")
        }
        // A threshold of nan would always be missed, and -inf never.
        if let atLeastPsnr, !atLeastPsnr.isFinite {
            throw ValidationError("--at-least-psnr must be a finite number of dB, not \(atLeastPsnr).")
        }
        if let atLeastSsim, !(-1...1).contains(atLeastSsim) {
            throw ValidationError("--at-least-ssim must be from -1 to 1, not \(atLeastSsim).")
        }
    }

    private static func parseWindow(_ text: String) throws -> HUWindow {
        let presets = ["lung": HUWindow.lung, "mediastinum": .mediastinum, "bone": .bone]
        if let preset = presets[text.lowercased()] { return preset }
        let (level, width) = try parsePair(text, example: "--window lung, or --window -600,1500")
        guard width > 0 else {
            throw ValidationError("the width of a window must be positive; for example --window -600,1500")
        }
        let window = HUWindow(level: level, width: width)
        try checkSize(window.range, example: "--window -600,1500")
        return window
    }

    /// Refuses ranges that are too narrow or too large to compute with.
    private static func checkSize(_ range: ClosedRange<Double>, example: String) throws {
        guard abs(range.lowerBound) <= 1e7, abs(range.upperBound) <= 1e7, range.upperBound - range.lowerBound >= 1e-3
        else {
            throw ValidationError(
                "HU must be within ±10⁷, and a range at least 0.001 wide; for example \(example)")
        }
    }

    private static func parseRange(_ text: String) throws -> ClosedRange<Double> {
        let ends = try parsePair(text, example: "--range -1024,1023")
        guard ends.0 < ends.1 else {
            throw ValidationError("the lower end must come first; for example --range -1024,1023")
        }
        try checkSize(ends.0...ends.1, example: "--range -1024,1023")
        return ends.0...ends.1
    }

    // MARK: - Running

    func run() async throws {
        var console = Console()
        let page: PageFile?
        do throws(FileError) {
            page = try checkedPage()
        } catch {
            console.error(error)
            throw ExitCode.failure
        }
        let pairs = Pairs(reference: reference, test: test, baseline: baseline)
        let sides: Evaluation.Sides
        do throws(FileError) {
            sides = try self.sides(of: pairs)
        } catch {
            console.error(error)
            var result = EvaluationResult(settings: settings, mask: mask, hasNoise: noise)
            result.failed = [error]
            if output.json { try JSONOutput.print(result) }
            throw ExitCode.validationFailure
        }
        var evaluation = Evaluation(
            pairs: pairs, settings: settings,
            masks: mask.map { Masks($0, reading: reading) },
            extras: Evaluation.Extras(
                noise: noise, removed: baseline != nil && (noise || page != nil), page: page != nil),
            sides: sides, jobs: threads.count)
        await evaluation.run(&console)
        if let page, !evaluation.report.slices.isEmpty {
            let html = await evaluation.page(reference: reference, test: test, baseline: baseline).html
            evaluation.save(html, in: page, &console)
        }
        // A mask that is empty everywhere would meet any threshold.
        if evaluation.report.slices.isEmpty, evaluation.report.failed.isEmpty {
            evaluation.failNothingMeasured(&console)
        }
        evaluation.report.warnings = console.warnings
        try printResult(evaluation.report)
        let missed = missedThresholds(evaluation.report)
        for complaint in missed { console.error(complaint) }
        if !evaluation.report.failed.isEmpty { throw ExitCode.failure }
        if !missed.isEmpty { throw ExitCode.thresholdMissed }
    }

    /// Decides how the files of each side store HU; each side has a scale of its own.
    private func sides(of pairs: Pairs) throws(FileError) -> Evaluation.Sides {
        Evaluation.Sides(
            reference: try Intensities(
                pairs.pairs.map(\.reference), reading: reading, chosen: referenceStored, option: "--reference-stored"),
            test: try Intensities(
                pairs.pairs.map(\.test), reading: reading, chosen: testStored, option: "--test-stored"),
            baseline: try Intensities(
                pairs.pairs.compactMap(\.baseline), reading: reading, chosen: baselineStored,
                option: "--baseline-stored"))
    }

    /// Returns the page to write, if any; checks it and the mask before any work.
    private func checkedPage() throws(FileError) -> PageFile? {
        let paths = [reference, test] + [baseline, mask].compactMap(\.self)
        let page = try report.map { path throws(FileError) in
            try PageFile(path, overwrite: overwrite, protecting: paths)
        }
        if let mask, FileSystem.kind(mask) == .missing {
            throw FileError(
                file: mask, found: "no such file or folder", expected: "a mask: an image or a folder of images",
                advice: "Check the name.")
        }
        return page
    }

    private var settings: EvaluationResult.Settings {
        var settings = EvaluationResult.Settings()
        if let window {
            (settings.range, settings.isClipped) = (window.range, true)
        } else if let range {
            settings.range = range
        }
        settings.similarity = ssim
        settings.pixel = pixel
        return settings
    }

    private func printResult(_ result: EvaluationResult) throws {
        if output.json {
            try JSONOutput.print(result)
        } else if csv {
            try StandardOutput.print(result.csv)
        } else if !result.slices.isEmpty {
            try StandardOutput.print(result.table)
        }
    }

    /// The message for each threshold that was missed.
    private func missedThresholds(_ result: EvaluationResult) -> [String] {
        var missed: [String] = []
        // The infinite PSNR of equal slices would hide all others.
        let finite = result.slices.map(\.test).filter { $0[.psnr]?.isFinite == true }.mean
        if let atLeastPsnr, let psnr = (finite ?? result.mean)?[.psnr], !(psnr >= atLeastPsnr) {
            missed.append("mean PSNR: found \(psnr) dB; expected at least \(Format.plain(atLeastPsnr)) dB")
        }
        if let atLeastSsim, !result.slices.isEmpty {
            let ssim = result.mean?[.ssim]
            if !(ssim ?? -.infinity >= atLeastSsim) {
                let found = ssim.map { "\($0)" } ?? "none, because slices or masks are too small"
                missed.append("mean SSIM: found \(found); expected at least \(Format.plain(atLeastSsim))")
            }
        }
        return missed
    }
}
