import ArgumentParser
import CTImageFiles
import CTImages
import CTMetrics
import CTNoise
import CTReports

/// The page of `denoise --report`: measurements of denoised slices without a reference.
///
/// Slices are measured while they are in memory; no files are read.
actor DenoisingPage {
    /// The measurements of a slice before and after denoising.
    private struct Page: Sendable {
        let key: Gallery.Key
        let input: String
        /// The number of pages of its file.
        let pages: Int
        /// The most frequent standard deviations in the body, in HU.
        let noiseBefore, noiseAfter: Double?
        let removed: RemovedNoise?
        /// Whether nothing changed.
        let isUnchanged: Bool
        /// How the file stores HU.
        let scale: String
        /// The change of the mean in the body, in HU.
        var meanChange: Double? { removed.map { -$0.mean } }
        let spectrumBefore, spectrumAfter: NoisePowerSpectrum?
    }

    private var pages: [Page] = []
    private let gallery: Gallery
    private let jobs: Int

    /// Creates a page without slices, for the files of a batch.
    ///
    /// - Parameters:
    ///   - files: The number of files.
    ///   - jobs: The number of slices of a file to measure at a time.
    init(files: Int, jobs: Int) {
        gallery = Gallery(files: files)
        self.jobs = jobs
    }

    /// Adds the slices of some files.
    nonisolated func add(_ files: [Batch.WrittenFile]) async {
        struct Item: Sendable {
            let file: Batch.WrittenFile
            let page: Int
        }
        let items = files.flatMap { file in file.before.indices.map { Item(file: file, page: $0) } }
        let gallery = gallery
        var judged: [Page] = []
        await inParallel(items, jobs: jobs) { item -> Page in
            let (before, after) = (item.file.before[item.page], item.file.after[item.page])
            let page = Self.judge(item.file, page: item.page, before, after)
            let badness = page.removed?.structureShare ?? 0
            await gallery.offer(page.key, of: item.file.before.count, badness: badness) { budget in
                Pictures(test: after, reference: nil, baseline: before, budget: budget)
            }
            return page
        } each: { _, page in
            judged.append(page)
        }
        await add(judged)
    }

    private func add(_ judged: [Page]) { pages += judged }

    private static func judge(
        _ file: Batch.WrittenFile, page: Int, _ before: CTSlice, _ after: CTSlice
    ) -> Page {
        let (noisy, denoised) = (before.hu, after.hu)
        return Page(
            key: Gallery.Key(file: file.number, page: page), input: file.input, pages: file.before.count,
            noiseBefore: NoiseEstimate(before.tissueHU, width: before.width).body,
            noiseAfter: NoiseEstimate(after.tissueHU, width: after.width).body,
            removed: RemovedNoise(noisy: noisy, denoised: denoised, width: before.width),
            isUnchanged: noisy == denoised, scale: "\(before.scale)",
            spectrumBefore: NoiseEstimate.spectrum(of: noisy, width: before.width, pixel: 1),
            spectrumAfter: NoiseEstimate.spectrum(of: denoised, whereFlat: noisy, width: after.width, pixel: 1))
    }

    // MARK: - The page

    /// The noise in HU that the quietest scans at full dose have.
    private static let leastNoise = 5.0

    private static let metrics =
        [
            Evaluation.noiseMetric,
            ReportPage.Metric(
                "change of mean", unit: "HU", places: 2, better: .nearZero,
                meaning:
                    "Mean of output minus input in the body; noise clamped at the low end of a file's range raises "
                    + "the input.",
                isOfBaseline: false),
        ] + Evaluation.removedMetrics

    /// Returns the page with pictures.
    ///
    /// - Parameter settings: The settings of the denoiser.
    func page(settings: [String: Setting]) async -> ReportPage {
        var report = ReportPage(
            title: "Denoised slices",
            summary:
                "\(Format.count(pages.count, "slice")) before and after denoising, measured without a reference",
            facts: settings.sorted { $0.key < $1.key }.map { (name: $0.key, value: "\($0.value)") } + [
                (name: "Stored values", value: Set(pages.map(\.scale)).sorted().joined(separator: "; ")),
                (
                    name: "Noise power spectra",
                    value: Evaluation.spectrumFact(
                        pixel: nil, of: "flat areas of the body in the input; faint anatomy there counts as noise")
                ),
                (name: "Pictures", value: Evaluation.pictureFact),
                (name: "Program", value: "ctdenoise \(CTDenoiseProgram.configuration.version)"),
            ], metrics: Self.metrics, testName: "denoised", baselineName: "input")
        let pictures = await gallery.pictures
        report.rows = pages.map { page in
            let name = FileSystem.lastComponent(page.input)
            return ReportPage.Row(
                name: page.pages > 1 ? "\(name) page \(page.key.page + 1)" : name,
                patient: FileSystem.parent(page.input),
                values: [
                    page.noiseAfter, page.meanChange, page.removed?.rootMeanSquare, page.removed?.structureShare,
                    page.removed?.correlationAcross, page.removed?.correlationDown,
                ], baseline: [page.noiseBefore, nil, nil, nil, nil, nil], pictures: pictures[page.key])
        }
        report.cards = cards
        report.figures = figures
        let unchanged = pages.filter(\.isUnchanged)
        if !unchanged.isEmpty {
            let noise = Number.mean(unchanged.map(\.noiseBefore)).map { Number.text($0, places: 1) }
            report.remarks.append(
                "\(Format.count(unchanged.count, "slice")) of \(pages.count) unchanged; "
                    + "their noise is \(noise.map { "\($0) HU in the mean" } ?? "unknown").")
        }
        let smooth = pages.count {
            ($0.noiseBefore ?? 0) >= Self.leastNoise && $0.noiseAfter ?? .infinity < Self.leastNoise
        }
        if smooth > 0 {
            report.remarks.append(
                "\(Format.count(smooth, "slice")) of \(pages.count) smoother than scans at full dose are: less than "
                    + "\(Number.text(Self.leastNoise, places: 0)) HU of noise is left. For reading, "
                    + "--like-dose or --target-noise leave some.")
        }
        if pages.allSatisfy({ $0.spectrumBefore == nil }) {
            report.remarks.append(
                "There is no noise power spectrum: flat areas of the body are too small, or there are impulses.")
        }
        return report
    }

    private var cards: [ReportPage.Card] {
        func text(_ value: Double?, _ places: Int, _ unit: String) -> String {
            value.map { "\(Number.text($0, places: places)) \(unit)" } ?? "–"
        }
        let structure = pages.compactMap(\.removed?.structureShare)
        return [
            ReportPage.Card(
                "Mean noise", value: text(Number.mean(pages.map(\.noiseAfter)), 1, "HU"),
                note: "in the body; input \(text(Number.mean(pages.map(\.noiseBefore)), 1, "HU"))"),
            ReportPage.Card(
                "Removed", value: text(Number.mean(pages.map(\.removed?.rootMeanSquare)), 1, "HU"),
                note: "root mean square in the body"),
            ReportPage.Card(
                "Structure removed", value: text(Number.mean(structure).map { 100 * $0 }, 1, "%"),
                note: "share of the noise removed at edges; worst slice "
                    + text(structure.max().map { 100 * $0 }, 1, "%")),
            ReportPage.Card(
                "Change of mean", value: text(Number.mean(pages.map(\.meanChange)), 2, "HU"), note: "in the body"),
            ReportPage.Card(
                "Correlation", value: text(Number.mean(pages.map(\.removed?.correlationAcross)), 2, ""),
                note: "of horizontal neighbours in the removed noise; vertical "
                    + text(Number.mean(pages.map(\.removed?.correlationDown)), 2, "")),
        ]
    }

    private var figures: [Figure] {
        let (before, after) = (pages.compactMap(\.noiseBefore), pages.compactMap(\.noiseAfter))
        let histogram = Figure(
            histogram: "Noise of slices",
            description: "Histogram of the noise of \(pages.count) slices before and after",
            horizontal: "standard deviation HU",
            groups: [(.test, "denoised", after), (.baseline, "input", before)])
        var (was, remains) = (MeanSpectrum(), MeanSpectrum())
        for page in pages {
            was.add(page.spectrumBefore)
            remains.add(page.spectrumAfter)
        }
        return [
            histogram, Figure.spectra([(.test, "denoised", remains), (.baseline, "input", was)], pixel: nil),
        ].compactMap(\.self)
    }
}
