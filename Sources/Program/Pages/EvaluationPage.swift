import ArgumentParser
import CTReports
import CTSupport

/// The page of an evaluation.
extension Evaluation {
    /// Returns the page with pictures.
    func page(reference: String, test: String, baseline: String?) async -> ReportPage {
        let slices = report.slices
        let hasPatients = report.patients.count > 1
        var page = ReportPage(
            title: "Image quality of \(FileSystem.lastComponent(test))",
            summary: Format.count(slices.count, "slice")
                + (hasPatients ? " of \(report.patients.count) patients" : "")
                + ", compared with \(FileSystem.lastComponent(reference))"
                + (baseline.map { ", with the baseline \(FileSystem.lastComponent($0))" } ?? ""),
            facts: facts(reference: reference, test: test, baseline: baseline),
            metrics: QualityMetric.allCases.map { metric in
                ReportPage.Metric(
                    metric.title, unit: metric.unit, places: metric.places, better: metric.better,
                    meaning: metric.meaning)
            } + (report.hasNoise ? [Self.noiseMetric] : []) + (hasRemoved ? Self.removedMetrics : []), testName: "test",
            baselineName: baseline == nil ? "" : "baseline")
        page.cards = cards
        page.figures = figures
        page.remarks = remarks
        let pictures = await gallery?.pictures ?? [:]
        let hasRemoved = hasRemoved
        page.rows = zip(slices, keys).map { slice, key in
            func values(_ quality: Quality) -> [Double?] {
                QualityMetric.allCases.map { quality[$0] } + (report.hasNoise ? [quality.noiseHU] : [])
            }
            let removed = slice.removed
            return ReportPage.Row(
                name: hasPatients ? FileSystem.lastComponent(slice.name) : slice.name, patient: slice.patient,
                values: values(slice.test)
                    + (hasRemoved
                        ? [
                            removed?.rmsHU, removed?.structureShare, removed?.correlationAcross,
                            removed?.correlationDown,
                        ]
                        : []),
                baseline: slice.baseline.map(values) ?? [], pictures: pictures[key])
        }
        return page
    }

    private var hasRemoved: Bool { report.slices.contains { $0.removed != nil } }

    /// The noise of a slice without a reference.
    static let noiseMetric = ReportPage.Metric(
        "noise", unit: "HU", places: 1, better: .lower,
        meaning: "The most frequent standard deviation in the body, measured without a reference.")

    /// Metrics of the removed noise, which need no reference.
    static let removedMetrics = [
        ReportPage.Metric(
            "removed", unit: "HU", places: 1, better: .neither,
            meaning: "Root mean square of the removed noise in the body.", isOfBaseline: false),
        ReportPage.Metric(
            "structure", places: 3, better: .lower,
            meaning:
                "The share of structure in the noise removed at edges, 0 to 1: its squared correlation with the detail "
                + "of the result.",
            isOfBaseline: false),
        ReportPage.Metric(
            "corr. across", places: 2, better: .neither,
            meaning:
                "The correlation of horizontal neighbours in the removed noise: 0 for white noise; equal to that of "
                + "the slices' noise if only noise was removed.",
            isOfBaseline: false),
        ReportPage.Metric(
            "corr. down", places: 2, better: .neither, meaning: "The same for vertical neighbours.",
            isOfBaseline: false),
    ]

    private func facts(reference: String, test: String, baseline: String?) -> [(name: String, value: String)] {
        let (low, high) = (settings.range.lowerBound, settings.range.upperBound)
        var facts = [
            (name: "Reference", value: reference), (name: "Test", value: test),
        ]
        if let baseline { facts.append((name: "Baseline", value: baseline)) }
        if let mask = report.mask { facts.append((name: "Mask", value: "\(mask): metrics count where it is non-zero")) }
        func scales(_ scale: (EvaluationResult.Entry) -> ScaleDescription) -> String {
            Set(report.slices.map { "\(scale($0).phrase)" }).sorted().joined(separator: "; ")
        }
        facts += [
            (
                name: "Stored values",
                value: "reference: \(scales(\.referenceScale)); test: \(scales(\.testScale))"
            ),
            (
                name: "Data range",
                value: "\(Format.plain(settings.dataRange)) HU (\(Format.plain(low))…\(Format.plain(high)) HU)"
            ),
            (name: "Clipping", value: settings.isClipped ? "HU are clipped to the data range" : "none"),
            (
                name: "SSIM",
                value: settings.similarity.phrase + ", K₁ 0.01, K₂ 0.03, over HU above the lower end of the data range"
            ),
            (
                name: "Means",
                value:
                    "over slices; the mean PSNR is the mean of the slices' PSNR; "
                    + "spread is the standard deviation (n − 1)"
            ),
            (
                name: "Noise power spectra",
                value: Self.spectrumFact(
                    pixel: settings.pixel,
                    of: "differences from the reference, not clipped, in the \(report.mask == nil ? "body" : "mask")")
            ),
            (name: "Pictures", value: Self.pictureFact),
            (name: "Program", value: "ctdenoise \(CTDenoiseProgram.configuration.version)"),
        ]
        return facts
    }

    static let pictureFact =
        "the test image in 8 bits, in steps of 4 HU in soft tissue and 12 HU in lung; "
        + "its differences from the others in steps of 1 HU or one twentieth of the difference"

    static func spectrumFact(pixel: Double?, of what: String) -> String {
        "of \(what), in squares of 32×32 pixels minus their quadratic trend, radially averaged "
            + "(AAPM TG-233, doi 10.1002/mp.13763); "
            + (pixel.map { "pixels of \(Format.plain($0)) mm" }
                ?? "the pixel size is unknown, so frequencies are per pixel")
    }

    private var cards: [ReportPage.Card] {
        func text(_ value: Double?, _ metric: QualityMetric) -> String {
            value.map { Number.text($0, places: metric.places) + (metric.unit.isEmpty ? "" : " \(metric.unit)") } ?? "–"
        }
        var cards: [ReportPage.Card] = []
        for metric in [QualityMetric.psnr, .ssim, .vif, .rmseHU, .biasHU] {
            guard let mean = report.mean?[metric] else { continue }
            let note = report.baselineMean?[metric].map { "baseline \(text($0, metric))" }
            let spread = report.spread?[metric].map { "± \(Format.fixed($0, metric.places)) over slices" }
            cards.append(
                ReportPage.Card(
                    "Mean \(metric.title)", value: text(mean, metric),
                    note: [spread, note].compactMap(\.self).joined(separator: "; ")))
        }
        if let worst = report.worst(.psnr), report.slices.count > 1 {
            cards.append(
                ReportPage.Card(
                    "Worst PSNR", value: text(worst.value, .psnr),
                    note: worst.page > 1 ? "\(worst.file) page \(worst.page)" : worst.file))
        }
        let shares = report.slices.compactMap(\.removed?.structureShare)
        if let worst = shares.max() {
            let mean = shares.reduce(0, +) / Double(shares.count)
            cards.append(
                ReportPage.Card(
                    "Structure removed", value: "\(Format.fixed(100 * mean, 1)) %",
                    note: "share of the noise removed at edges; worst slice \(Format.fixed(100 * worst, 1)) %"))
        }
        return cards
    }

    private var figures: [Figure] {
        let slices = report.slices
        func histogram(_ metric: QualityMetric) -> Figure? {
            var groups = [(series: Figure.Series.test, name: "test", values: slices.compactMap { $0.test[metric] })]
            if report.hasBaseline {
                groups.append((series: .baseline, name: "baseline", values: slices.compactMap { $0.baseline?[metric] }))
            }
            let means = groups.map { group in
                let mean = group.values.reduce(0, +) / Double(max(group.values.count, 1))
                return "\(group.name): mean \(mean.isFinite ? Format.fixed(mean, metric.places) : "infinite")"
            }
            return Figure(
                histogram: "\(metric.title) of slices",
                description:
                    "Histogram of \(metric.title) over \(slices.count) slices; \(means.joined(separator: ", "))",
                horizontal: metric.titleAndUnit, groups: groups)
        }
        return [histogram(.psnr), histogram(.ssim), spectrumFigure].compactMap(\.self)
    }

    private var spectrumFigure: Figure? {
        Figure.spectra(
            [(.test, "test minus reference", testSpectrum), (.baseline, "baseline minus reference", baselineSpectrum)],
            pixel: settings.pixel)
    }

    private var remarks: [String] {
        var remarks: [String] = []
        if !report.failed.isEmpty {
            remarks.append(
                "Left out because they could not be compared: "
                    + report.failed.prefix(5).map(\.file).joined(separator: ", ")
                    + (report.failed.count > 5 ? " and \(report.failed.count - 5) more" : ""))
        }
        remarks += report.remarks.map { $0 + "." }
        if testSpectrum.count == 0 {
            remarks.append("There is no noise power spectrum: no square of 32×32 pixels lies in the body or the mask.")
        }
        return remarks
    }
}

extension Figure {
    /// Returns the noise power spectra of some series, if there are any.
    static func spectra(_ all: [(series: Series, name: String, spectrum: MeanSpectrum)], pixel: Double?) -> Figure? {
        let curves = all.filter { $0.spectrum.count > 0 }.map { entry in
            Curve(
                entry.series, name: entry.name,
                points: zip(entry.spectrum.frequencies, entry.spectrum.powers).map { (x: $0, y: $1) })
        }
        let unit = pixel == nil ? "pixel" : "mm"
        let means = all.compactMap { entry in
            entry.spectrum.mean.map { "\(entry.name): mean frequency \(Format.fixed($0, 3)) per \(unit)" }
        }
        return Figure(
            lines: "Noise power spectrum",
            description: "Noise power by spatial frequency; \(means.joined(separator: ", "))",
            horizontal: "cycles per \(unit)", vertical: "HU² \(unit == "mm" ? "mm²" : "pixel²")", curves: curves)
    }
}
