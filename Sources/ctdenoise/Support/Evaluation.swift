import CTImageFiles
import CTImages
import CTMetrics
import CTNoise

/// Compares pairs of files slice by slice.
struct Evaluation {
    /// What is wanted beside the metrics.
    struct Extras: Sendable {
        /// How noisy slices are by themselves.
        var noise = false
        /// What was taken from the baseline.
        var removed = false
        /// Noise power spectra of the differences from the reference.
        var spectra = false
    }

    let pairs: Pairs
    let settings: EvaluationReport.Settings
    let masks: Masks?
    let extras: Extras
    let reading: ReadingOptions
    let jobs: Int

    private(set) var report: EvaluationReport
    /// Of test less reference, and of baseline less reference.
    private(set) var testSpectrum = MeanSpectrum()
    private(set) var baselineSpectrum = MeanSpectrum()

    init(
        pairs: Pairs, settings: EvaluationReport.Settings, masks: Masks?, extras: Extras, reading: ReadingOptions,
        jobs: Int
    ) {
        (self.pairs, self.settings, self.masks, self.extras) = (pairs, settings, masks, extras)
        (self.reading, self.jobs) = (reading, jobs)
        report = EvaluationReport(settings: settings, mask: masks?.path, hasNoise: extras.noise)
    }

    /// Compares all pairs and fills ``report``; says what goes wrong on `console`.
    mutating func run(_ console: inout Console) async {
        for path in pairs.skipped { console.line("skipped \(path): neither PNG nor TIFF") }
        for failure in pairs.failures { fail(failure, &console) }
        var assumptions = Assumptions()
        var bar = ProgressBar(files: pairs.pairs.count)
        let judge = Judge(settings: settings, masks: masks, extras: extras, reading: reading)
        var done = (self, console)
        await inParallel(pairs.pairs, jobs: jobs) { pair in
            Result { () throws(Failure) in try judge.judge(pair) }
        } each: { pair, result in
            switch result {
            case .success(let judged):
                for (path, pages) in [(pair.reference, judged.reference), (pair.test, judged.test)] {
                    for page in pages { assumptions.tell(page, of: path, to: &done.1) }
                }
                for page in judged.pages {
                    done.0.report.slices.append(page.slice)
                    done.0.testSpectrum.add(page.testSpectrum)
                    done.0.baselineSpectrum.add(page.baselineSpectrum)
                    bar.slicesDone(ofFile: judged.pages.count)
                }
            case .failure(let failure): done.0.fail(failure, &done.1)
            }
            bar.fileDone()
            done.1.show(bar)
        }
        (self, console) = done
        console.clearProgress()
        let equal = report.slices.count { $0.test[.psnr] == .infinity }
        if equal > 0 {
            console.line(
                "note: \(Format.count(equal, "slice")) equal to the reference: the PSNR is infinite there, and so is the mean"
            )
        }
    }

    /// Writes the page, or says why it cannot be.
    mutating func save(_ html: String, in page: PageFile, _ console: inout Console) {
        do throws(Failure) {
            try page.save(html)
            console.line("report: \(page.path)")
        } catch {
            fail(error, &console)
        }
    }

    private mutating func fail(_ failure: Failure, _ console: inout Console) {
        report.failed.append(failure)
        console.error(failure)
    }
}

/// The mean of noise power spectra of one kind.
struct MeanSpectrum: Sendable {
    private(set) var frequencies: [Double] = []
    private var sums: [Double] = []
    private(set) var count = 0
    private var meanFrequencies = 0.0

    mutating func add(_ spectrum: NoisePowerSpectrum?) {
        guard let spectrum else { return }
        if count == 0 { (frequencies, sums) = (spectrum.frequencies, spectrum.powers.map { _ in 0 }) }
        sums = zip(sums, spectrum.powers).map { $0 + $1 }
        meanFrequencies += spectrum.mean
        count += 1
    }

    var powers: [Double] { sums.map { $0 / Double(max(count, 1)) } }

    /// The mean of the mean frequencies; `nil` of none.
    var mean: Double? { count > 0 ? meanFrequencies / Double(count) : nil }
}

/// Reads and compares the files of one pair.
private struct Judge: Sendable {
    struct Page: Sendable {
        let slice: EvaluationReport.Entry
        let testSpectrum, baselineSpectrum: NoisePowerSpectrum?
    }

    struct Pages: Sendable {
        let reference, test: [Slice]
        let pages: [Page]
    }

    let settings: EvaluationReport.Settings
    let masks: Masks?
    let extras: Evaluation.Extras
    let reading: ReadingOptions

    func judge(_ pair: Pairs.Pair) throws(Failure) -> Pages {
        let reference = try reading.read(pair.reference).pages
        let test = try read(pair.test, like: reference, pair.reference)
        let baseline = try pair.baseline.map { path throws(Failure) in try read(path, like: reference, pair.reference) }
        let masks = try masks?.pages(of: pair.name, like: reference)
        var pages: [Page] = []
        for page in reference.indices {
            let mask = masks.map { $0[$0.count == 1 ? 0 : page] }
            let slice = EvaluationReport.Entry(
                file: pair.name, page: page + 1, pages: reference.count,
                referenceNoiseHU: noise(of: reference[page]),
                test: try judge(test[page], reference[page], mask, pair.test, page),
                baseline: try baseline.map { pages throws(Failure) in
                    try judge(pages[page], reference[page], mask, pair.baseline ?? "", page)
                },
                removed: extras.removed
                    ? baseline.flatMap { EvaluationReport.Removed($0[page], test[page], mask: mask) } : nil)
            pages.append(
                Page(
                    slice: slice, testSpectrum: spectrum(test[page], reference[page], mask),
                    baselineSpectrum: baseline.flatMap { spectrum($0[page], reference[page], mask) }))
        }
        return Pages(reference: reference, test: test, pages: pages)
    }

    private func read(_ path: String, like reference: [Slice], _ referencePath: String) throws(Failure) -> [Slice] {
        let pages = try reading.read(path).pages
        guard pages.count == reference.count else {
            throw Failure(
                file: path, found: Format.count(pages.count, "page"),
                expected: "\(reference.count) as in \(referencePath)", advice: "Compare files that belong together.")
        }
        return pages
    }

    private func noise(of slice: Slice) -> Double? {
        extras.noise ? NoiseEstimate(slice.hu, width: slice.width).body : nil
    }

    /// Of the difference of two slices in the mask, or in the body.
    private func spectrum(_ test: Slice, _ reference: Slice, _ mask: [Bool]?) -> NoisePowerSpectrum? {
        guard extras.spectra else { return nil }
        let truth = reference.hu
        return NoisePowerSpectrum(
            zip(test.hu, truth).map { $0 - $1 }, width: reference.width, where: mask ?? truth.map { $0 > -950 },
            pixel: settings.pixel ?? 1)
    }

    private func judge(
        _ test: Slice, _ reference: Slice, _ mask: [Bool]?, _ path: String, _ page: Int
    ) throws(Failure) -> Quality {
        do throws(MetricError) {
            let comparison = try Comparison(
                reference, test, range: settings.range, isClipped: settings.isClipped, mask: mask)
            return try Quality(comparison, similarity: settings.similarity.window, noiseHU: noise(of: test))
        } catch {
            throw Failure(error, file: path, page: page)
        }
    }
}

extension Failure {
    /// Why page `page`, counted from 0, of `file` cannot be compared with its reference.
    fileprivate init(_ error: MetricError, file: String, page: Int) {
        let place = "page \(page + 1)"
        switch error {
        case .sizesDiffer(let reference, let test):
            self.init(
                file: file, found: "\(test) samples on \(place)", expected: "\(reference) as in the reference",
                advice: "Compare slices of the same size.")
        case .tooSmall(let width, let height, let window):
            self.init(
                file: file, found: "\(width)×\(height) samples on \(place)",
                expected: "at least \(window)×\(window), the window of SSIM",
                advice: "Compare larger slices, or try --ssim uniform.")
        case .notFinite(let image, let index):
            self.init(
                file: file,
                found: "a sample that is no finite number in the \(image.rawValue), \(place), sample \(index)",
                expected: "finite samples", advice: "Mend the file.")
        case .nothingInMask:
            self.init(
                file: file, found: "nothing to compare on \(place)",
                expected: "a mask that is not zero where a window of SSIM can have its middle",
                advice: "Use a larger mask.")
        case .empty, .dataRangeNotPositive, .maskDiffers:
            self.init(file: file, found: "\(error)", expected: "slices that can be compared", advice: "See --help.")
        }
    }
}
