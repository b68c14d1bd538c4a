import CTImageFiles
import CTImages
import CTMetrics
import CTNoise

/// Files that belong together: of the same name in two or three folders, or two or three files.
struct Pairs {
    struct Pair: Sendable {
        let name: String
        let reference: String
        let test: String
        let baseline: String?
    }

    private(set) var pairs: [Pair] = []
    private(set) var skipped: [String] = []
    private(set) var failures: [Failure] = []

    init(reference: String, test: String, baseline: String?) {
        let paths = [reference, test] + (baseline.map { [$0] } ?? [])
        let found = paths.map { InputFiles([$0]) }
        skipped = found.flatMap(\.skipped)
        failures = found.flatMap(\.failures)
        guard failures.isEmpty else { return }

        let folders = paths.filter { FileSystem.kind($0) == .folder }
        if folders.isEmpty {
            // Two files are compared whatever they are called.
            pairs = [
                Pair(
                    name: FileSystem.lastComponent(test), reference: reference, test: test, baseline: baseline)
            ]
            return
        }
        guard folders.count == paths.count else {
            let file = paths.first { FileSystem.kind($0) == .file } ?? reference
            failures.append(
                Failure(
                    file: file, found: "a file beside the folder \(folders[0])",
                    expected: "only files, or only folders",
                    advice: "Name the file in that folder."))
            return
        }
        let byName = found.map { found in
            Dictionary(found.files.map { ($0.name, $0.path) }, uniquingKeysWith: { first, _ in first })
        }
        for name in Set(byName.flatMap(\.keys)).sorted() {
            let partners = byName.map { $0[name] }
            guard let reference = partners[0], let test = partners[1], paths.count < 3 || partners[2] != nil else {
                // The baseline may hold more than what is judged.
                if partners[0] == nil && partners[1] == nil { continue }
                for (index, partner) in partners.enumerated() where partner == nil {
                    failures.append(
                        Failure(
                            file: FileSystem.join(paths[index], name), found: "no such file",
                            expected: "the partner of \(partners.compactMap(\.self).first ?? name)",
                            advice: "Make it, or compare folders that hold the same names."))
                }
                continue
            }
            pairs.append(
                Pair(name: name, reference: reference, test: test, baseline: partners.count > 2 ? partners[2] : nil))
        }
        if pairs.isEmpty && failures.isEmpty {
            failures.append(
                Failure(
                    file: reference, found: "no image files", expected: "PNG or TIFF files",
                    advice: "Name files, or folders that have some."))
        }
    }
}

/// Compares pairs of files slice by slice.
struct Evaluation {
    let pairs: Pairs
    let range: ClosedRange<Double>
    let similarity: Evaluate.Similarity
    let measuresNoise: Bool
    let reading: ReadingOptions

    private(set) var report: EvaluationReport

    init(
        pairs: Pairs, range: ClosedRange<Double>, similarity: Evaluate.Similarity, measuresNoise: Bool,
        reading: ReadingOptions
    ) {
        self.pairs = pairs
        self.range = range
        self.similarity = similarity
        self.measuresNoise = measuresNoise
        self.reading = reading
        report = EvaluationReport(range: range, similarity: similarity, hasNoise: measuresNoise)
    }

    /// Compares all pairs and fills ``report``; says what goes wrong on `console`.
    mutating func run(_ console: inout Console) async {
        for path in pairs.skipped { console.line("skipped \(path): neither PNG nor TIFF") }
        for failure in pairs.failures { fail(failure, &console) }
        var assumptions = Assumptions()
        var bar = ProgressBar(files: pairs.pairs.count)
        for pair in pairs.pairs {
            do throws(Failure) {
                let reference = try reading.read(pair.reference).pages
                let test = try read(pair.test, like: reference, pair.reference)
                let baseline = try pair.baseline.map { path throws(Failure) in
                    try read(path, like: reference, pair.reference)
                }
                for (path, pages) in [(pair.reference, reference), (pair.test, test)] {
                    for page in pages { assumptions.tell(page, of: path, to: &console) }
                }
                for page in reference.indices {
                    report.slices.append(
                        EvaluationReport.Slice(
                            file: pair.name, page: page + 1, pages: reference.count,
                            referenceNoiseHU: noise(of: reference[page]),
                            test: try judge(test[page], reference[page], pair.test, page),
                            baseline: try baseline.map { pages throws(Failure) in
                                try judge(pages[page], reference[page], pair.baseline ?? "", page)
                            }))
                    bar.slicesDone(ofFile: reference.count)
                    console.show(bar)
                }
            } catch {
                fail(error, &console)
            }
            bar.fileDone()
        }
        console.clearProgress()
    }

    private mutating func fail(_ failure: Failure, _ console: inout Console) {
        report.failed.append(failure)
        console.error(failure)
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
        measuresNoise ? NoiseEstimate(slice.hu, width: slice.width).body : nil
    }

    private func judge(
        _ test: Slice, _ reference: Slice, _ path: String, _ page: Int
    ) throws(Failure) -> EvaluationReport.Quality {
        do throws(MetricError) {
            let comparison = try Comparison(reference, test, range: range)
            return EvaluationReport.Quality(
                psnr: comparison.peakSignalToNoiseRatio,
                ssim: try comparison.structuralSimilarity(window: similarity.window),
                rmseHU: comparison.rootMeanSquaredError, noiseHU: noise(of: test))
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
        case .empty, .dataRangeNotPositive, .maskDiffers, .nothingInMask:
            self.init(file: file, found: "\(error)", expected: "slices that can be compared", advice: "See --help.")
        }
    }
}

/// The result of an evaluation.
struct EvaluationReport: Encodable {
    /// How far a slice is from its reference.
    struct Quality: Encodable {
        /// In dB; infinite for equal slices.
        let psnr: Double
        let ssim: Double
        let rmseHU: Double
        /// The standard deviation of what is left of noise, or was there; `nil` if it was not asked for, or cannot be told.
        let noiseHU: Double?
    }

    /// One slice.
    struct Slice: Encodable {
        let file: String
        /// From 1.
        let page: Int
        let pages: Int
        let referenceNoiseHU: Double?
        let test: Quality
        let baseline: Quality?
    }

    private enum CodingKeys: String, CodingKey {
        case dataRangeHU, rangeHU, ssimWindow, slices, mean, baselineMean, failed
    }

    /// Both ends in HU.
    let rangeHU: [Double]
    let similarity: Evaluate.Similarity
    let hasNoise: Bool
    var slices: [Slice] = []
    var failed: [Failure] = []

    init(range: ClosedRange<Double>, similarity: Evaluate.Similarity, hasNoise: Bool) {
        self.hasNoise = hasNoise
        rangeHU = [range.lowerBound, range.upperBound]
        self.similarity = similarity
    }

    /// The width of the data range, what PSNR and SSIM are relative to.
    var dataRangeHU: Double { rangeHU[1] - rangeHU[0] }

    /// The mean over slices; PSNR is the mean of the slices' PSNR.
    var mean: Quality? { Self.mean(slices.map(\.test)) }

    /// The same of the baseline.
    var baselineMean: Quality? { Self.mean(slices.compactMap(\.baseline)) }

    private static func mean(_ all: [Quality]) -> Quality? {
        guard !all.isEmpty else { return nil }
        func mean(_ value: (Quality) -> Double) -> Double { all.map(value).reduce(0, +) / Double(all.count) }
        return Quality(
            psnr: mean(\.psnr), ssim: mean(\.ssim), rmseHU: mean(\.rmseHU), noiseHU: Self.mean(of: all.map(\.noiseHU)))
    }

    /// The mean of those that are known.
    private static func mean(of values: [Double?]) -> Double? {
        let known = values.compactMap(\.self)
        return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(dataRangeHU, forKey: .dataRangeHU)
        try container.encode(rangeHU, forKey: .rangeHU)
        try container.encode(similarity.rawValue, forKey: .ssimWindow)
        try container.encode(slices, forKey: .slices)
        try container.encodeIfPresent(mean, forKey: .mean)
        try container.encodeIfPresent(baselineMean, forKey: .baselineMean)
        try container.encode(failed, forKey: .failed)
    }

    // MARK: - Text

    private var hasBaseline: Bool { slices.contains { $0.baseline != nil } }

    /// A table for people, the mean last, and below it what the numbers are relative to.
    var table: String {
        var titles = ["slice", "PSNR dB", "SSIM", "RMSE HU"]
        if hasBaseline { titles += ["baseline: PSNR dB", "SSIM", "RMSE HU"] }
        func cells(_ quality: Quality?) -> [String] {
            guard let quality else { return ["", "", ""] }
            return [
                Format.fixed(quality.psnr, 2), Format.fixed(quality.ssim, 4), Format.fixed(quality.rmseHU, 1),
            ]
        }
        func row(_ name: String, _ test: Quality?, _ baseline: Quality?) -> [String] {
            [name] + cells(test) + (hasBaseline ? cells(baseline) : [])
        }
        var rows = [titles]
        for slice in slices {
            let name = slice.pages > 1 ? "\(slice.file) page \(slice.page)" : slice.file
            rows.append(row(name, slice.test, slice.baseline))
        }
        rows.append(row("mean of \(slices.count)", mean, baselineMean))
        let noises = [
            ("reference", Self.mean(of: slices.map(\.referenceNoiseHU))), ("test", mean?.noiseHU),
            ("baseline", baselineMean?.noiseHU),
        ].compactMap { name, value in value.map { "\(name) \(Format.fixed($0, 1)) HU" } }
        let noise = noises.isEmpty ? "" : "\nnoise in the body, by itself: \(noises.joined(separator: ", "))"
        return Format.table(rows) + noise
            + "\ndata range \(Format.plain(dataRangeHU)) HU (\(Format.plain(rangeHU[0]))…\(Format.plain(rangeHU[1]))); "
            + "SSIM: \(similarity.phrase)"
    }

    /// One line a slice, below a line of titles; no mean.
    var csv: String {
        var titles = "file,page,psnr_db,ssim,rmse_hu,data_range_hu,ssim_window"
        if hasBaseline { titles += ",baseline_psnr_db,baseline_ssim,baseline_rmse_hu" }
        if hasNoise { titles += ",reference_noise_hu,noise_hu" + (hasBaseline ? ",baseline_noise_hu" : "") }
        var lines = [titles]
        for slice in slices {
            var line = "\(CSV.quoted(slice.file)),\(slice.page),\(slice.test.csv)"
            line += ",\(Format.plain(dataRangeHU)),\(similarity.rawValue)"
            if let baseline = slice.baseline { line += ",\(baseline.csv)" }
            if hasNoise {
                let noises = [slice.referenceNoiseHU, slice.test.noiseHU] + (slice.baseline.map { [$0.noiseHU] } ?? [])
                line += noises.map { "," + ($0.map { Format.plain($0) } ?? "") }.joined()
            }
            lines.append(line)
        }
        return lines.joined(separator: "\n")
    }
}

extension EvaluationReport.Quality {
    fileprivate var csv: String { "\(psnr),\(ssim),\(rmseHU)" }
}
