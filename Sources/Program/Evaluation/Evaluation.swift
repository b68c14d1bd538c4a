import CTImageFiles
import CTImages
import CTMetrics
import CTNoise
import CTReports
import CTSupport

/// Compares pairs of files slice by slice.
struct Evaluation {
    /// What to measure besides the metrics.
    struct Extras: Sendable {
        /// The noise of each slice without a reference.
        var noise = false
        /// The noise removed from the baseline.
        var removed = false
        /// What a page needs besides metrics: pictures, and noise power spectra of the differences from the reference.
        var page = false
    }

    /// How the files of each side store HU.
    struct Sides: Sendable {
        let reference, test, baseline: Intensities
    }

    let pairs: Pairs
    let settings: EvaluationResult.Settings
    let masks: Masks?
    let extras: Extras
    let sides: Sides
    let jobs: Int

    var report: EvaluationResult
    /// The key of the slice of each entry.
    private(set) var keys: [Gallery.Key] = []
    /// The pictures of the page, if there is one.
    let gallery: Gallery?
    /// The spectra of test minus reference and of baseline minus reference.
    private(set) var testSpectrum = MeanSpectrum()
    private(set) var baselineSpectrum = MeanSpectrum()

    init(
        pairs: Pairs, settings: EvaluationResult.Settings, masks: Masks?, extras: Extras, sides: Sides, jobs: Int
    ) {
        (self.pairs, self.settings, self.masks, self.extras) = (pairs, settings, masks, extras)
        (self.sides, self.jobs) = (sides, jobs)
        report = EvaluationResult(settings: settings, mask: masks?.path, hasNoise: extras.noise)
        gallery = extras.page ? Gallery(files: pairs.pairs.count) : nil
    }

    /// Compares all pairs and fills ``report``; prints failures on `console`.
    mutating func run(_ console: inout Console) async {
        for path in pairs.skipped { console.line("skipped \(path): neither PNG nor TIFF") }
        for failure in pairs.failures { fail(failure, &console) }
        var remarks = IntensityRemarks()
        for side in [sides.reference, sides.test, sides.baseline] { remarks.tell(side.remarks, to: &console) }
        var bar = ProgressBar(files: pairs.pairs.count)
        let judge = Judge(settings: settings, masks: masks, extras: extras, sides: sides, gallery: gallery)
        console.show(bar)
        var done = (self, console)
        await inParallel(Array(pairs.pairs.enumerated()), jobs: jobsInMemory) { number, pair in
            await judge.judge(pair, number: number)
        } each: { pair, result in
            switch result {
            case .success(let judged):
                remarks.tell(judged.remarks, to: &done.1)
                for page in judged.pages {
                    bar.slicesDone(ofFile: judged.pages.count)
                    switch page {
                    case .success(let page?):
                        done.0.report.slices.append(page.slice)
                        done.0.keys.append(page.key)
                        done.0.testSpectrum.add(page.testSpectrum)
                        done.0.baselineSpectrum.add(page.baselineSpectrum)
                    case .success(nil): done.0.report.outsideMask += 1
                    case .failure(let failure): done.0.fail(failure, &done.1)
                    }
                }
            case .failure(let failure): done.0.fail(failure, &done.1)
            }
            bar.fileDone()
            done.1.show(bar)
        }
        (self, console) = done
        console.clearProgress()
        for note in report.remarks { console.line("note: \(note)") }
    }

    /// One at a time if files are large: a pair needs several copies of its samples in memory.
    private var jobsInMemory: Int {
        let largest = pairs.pairs.lazy.map { max(FileSystem.size($0.reference), FileSystem.size($0.test)) }.max() ?? 0
        return largest > 1 << 26 ? 1 : jobs
    }

    /// Writes the page, or reports the failure.
    mutating func save(_ html: String, in page: PageFile, _ console: inout Console) {
        do throws(FileError) {
            try page.save(html)
            console.line("report: \(page.path)")
        } catch {
            fail(error, &console)
        }
    }

    /// Notes that no slice was measured.
    mutating func failNothingMeasured(_ console: inout Console) {
        fail(
            FileError(
                file: masks?.path ?? "the slices", found: "masks that are zero everywhere",
                expected: "at least one non-zero sample", advice: "Check the mask: nothing was measured."),
            &console)
    }

    private mutating func fail(_ failure: FileError, _ console: inout Console) {
        report.failed.append(failure)
        console.error(failure)
    }
}

/// The mean of noise power spectra.
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

    /// The mean of the mean frequencies; `nil` without spectra.
    var mean: Double? { count > 0 ? meanFrequencies / Double(count) : nil }
}

/// Reads and compares the files of one pair.
private struct Judge: Sendable {
    struct Page: Sendable {
        let key: Gallery.Key
        let slice: EvaluationResult.Entry
        let testSpectrum, baselineSpectrum: NoisePowerSpectrum?
    }

    struct Pages: Sendable {
        /// What is to be said about the files' scales.
        let remarks: [Intensities.Remark]
        /// The result of each page; `nil` if its mask is empty.
        let pages: [Result<Page?, FileError>]
    }

    let settings: EvaluationResult.Settings
    let masks: Masks?
    let extras: Evaluation.Extras
    let sides: Evaluation.Sides
    let gallery: Gallery?

    /// Reads and compares a pair.
    ///
    /// - Parameter number: The index of the pair.
    func judge(_ pair: Pairs.Pair, number: Int) async -> Result<Pages, FileError> {
        do throws(FileError) {
            return .success(try await pages(of: pair, number: number))
        } catch {
            return .failure(error)
        }
    }

    private func pages(of pair: Pairs.Pair, number: Int) async throws(FileError) -> Pages {
        var remarks: [Intensities.Remark] = []
        let decoded = try sides.reference.read(pair.reference)
        remarks += decoded.remarks
        let reference = decoded.image.pages
        let test = try read(pair.test, sides.test, like: reference, pair.reference, &remarks)
        let baseline = try pair.baseline.map { path throws(FileError) in
            try read(path, sides.baseline, like: reference, pair.reference, &remarks)
        }
        for (side, pages) in [("test", test), ("baseline", baseline ?? [])] {
            guard let scale = pages.first?.scale, scale.differs(from: reference[0].scale) else { continue }
            remarks.append(
                .note("\(pair.name): reference and \(side) differ in scale: \(reference[0].scale); \(scale)"))
        }
        let masks = try masks?.pages(of: pair.name, like: reference)
        var pages: [Result<Page?, FileError>] = []
        for page in reference.indices {
            let key = Gallery.Key(file: number, page: page)
            let result = Result { () throws(FileError) -> Page? in
                let mask = masks.map { $0[page] }
                if let mask, !mask.contains(true) { return nil }
                return try judge(
                    pair, key, of: reference.count, reference[page], test[page], baseline.map { $0[page] }, mask)
            }
            pages.append(result)
            guard let gallery, case .success(let judged?) = result else { continue }
            await gallery.offer(key, of: reference.count, badness: -(judged.slice.test[.psnr] ?? 0)) { budget in
                Pictures(
                    test: test[page], reference: reference[page], baseline: baseline.map { $0[page] }, budget: budget)
            }
        }
        return Pages(remarks: remarks, pages: pages)
    }

    private func judge(
        _ pair: Pairs.Pair, _ key: Gallery.Key, of pages: Int, _ reference: CTSlice, _ test: CTSlice,
        _ baseline: CTSlice?,
        _ mask: [Bool]?
    ) throws(FileError) -> Page {
        let slice = EvaluationResult.Entry(
            file: pair.name, page: key.page + 1, pages: pages,
            referenceScale: ScaleDescription(reference.scale), testScale: ScaleDescription(test.scale),
            referenceNoiseHU: noise(of: reference),
            test: try judge(test, reference, mask, pair.test, pair.reference, key.page),
            baseline: try baseline.map { slice throws(FileError) in
                try judge(slice, reference, mask, pair.baseline ?? "", pair.reference, key.page)
            },
            removed: extras.removed ? baseline.flatMap { EvaluationResult.Removed($0, test, mask: mask) } : nil)
        return Page(
            key: key, slice: slice, testSpectrum: spectrum(test, reference, mask),
            baselineSpectrum: baseline.flatMap { spectrum($0, reference, mask) })
    }

    private func read(
        _ path: String, _ intensities: Intensities, like reference: [CTSlice], _ referencePath: String,
        _ remarks: inout [Intensities.Remark]
    ) throws(FileError) -> [CTSlice] {
        let decoded = try intensities.read(path)
        remarks += decoded.remarks
        let pages = decoded.image.pages
        guard pages.count == reference.count else {
            throw FileError(
                file: path, found: Format.count(pages.count, "page"),
                expected: "\(reference.count) as in \(referencePath)", advice: "Compare files that belong together.")
        }
        return pages
    }

    private func noise(of slice: CTSlice) -> Double? {
        extras.noise ? NoiseEstimate(slice.tissueHU, width: slice.width).body : nil
    }

    /// The spectrum of the difference of two slices in the mask, or in the body.
    private func spectrum(_ test: CTSlice, _ reference: CTSlice, _ mask: [Bool]?) -> NoisePowerSpectrum? {
        guard extras.page else { return nil }
        let truth = reference.hu
        return NoisePowerSpectrum(
            zip(test.hu, truth).map { $0 - $1 }, width: reference.width, where: mask ?? truth.map { $0 > -950 },
            pixel: settings.pixel ?? 1)
    }

    private func judge(
        _ test: CTSlice, _ reference: CTSlice, _ mask: [Bool]?, _ path: String, _ referencePath: String, _ page: Int
    ) throws(FileError) -> Quality {
        do throws(MetricError) {
            let comparison = try Comparison(
                reference, test, range: settings.range, isClipped: settings.isClipped, mask: mask)
            let quality = Quality(comparison, similarity: settings.similarity.window, noiseHU: noise(of: test))
            guard quality.isSound else {
                throw MetricError.notFinite(
                    image: .test, index: test.samples.indices.max { abs(test.samples[$0]) < abs(test.samples[$1]) } ?? 0
                )
            }
            return quality
        } catch {
            throw FileError(error, file: path, reference: referencePath, page: page)
        }
    }
}

extension FileError {
    /// Creates the error of page `page`, counted from 0, of `file`, which cannot be compared with its reference.
    fileprivate init(_ error: MetricError, file: String, reference: String, page: Int) {
        let place = "page \(page + 1)"
        switch error {
        case .sizesDiffer(let reference, let test):
            self.init(
                file: file, found: "\(test) samples on \(place)", expected: "\(reference) as in the reference",
                advice: "Compare slices of the same size.")
        case .tooSmall(let width, let height, let window):
            self.init(
                file: file, found: "\(width)×\(height) samples on \(place)", expected: "at least \(window)×\(window)",
                advice: "Compare larger slices.")
        case .notFinite(let image, let index):
            self.init(
                file: image == .reference ? reference : file,
                found: "a NaN, infinite or far too large sample on \(place), sample \(index)",
                expected: "samples in HU", advice: "Fix the file, or see --stored.")
        case .nothingInMask:
            self.init(
                file: file, found: "no samples to compare on \(place)", expected: "a mask with non-zero samples",
                advice: "Use a larger mask.")
        case .empty, .dataRangeNotPositive, .maskDiffers, .uniformReference:
            self.init(file: file, found: "\(error)", expected: "slices that can be compared", advice: "See --help.")
        }
    }
}

extension IntensityScale {
    /// Whether the same values stand for other HU with another scale.
    fileprivate func differs(from other: IntensityScale) -> Bool {
        [-1000.0, 0, 1000].contains { abs(hu(stored: other.stored(hu: $0)) - $0) > 1 }
    }
}
