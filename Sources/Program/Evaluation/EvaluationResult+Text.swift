import CTReports

extension EvaluationResult {
    var hasBaseline: Bool { slices.contains { $0.baseline != nil } }

    /// The result as tables, with the mean last and notes on the numbers below.
    var table: String {
        let shown: [QualityMetric] = [.psnr, .ssim, .rmseHU]
        var titles = ["slice"] + shown.map(\.titleAndUnit)
        if hasBaseline { titles += shown.enumerated().map { ($0 == 0 ? "baseline: " : "") + $1.titleAndUnit } }
        func cells(_ quality: Quality?) -> [String] { shown.map { cell(quality?[$0], $0) } }
        func row(_ name: String, _ test: Quality?, _ baseline: Quality?) -> [String] {
            [name] + cells(test) + (hasBaseline ? cells(baseline) : [])
        }
        var rows = [titles] + slices.map { row($0.name, $0.test, $0.baseline) }
        if patients.count > 1 {
            rows += patients.map {
                row("mean of \(Format.count($0.slices, "slice")) in \($0.patient)", $0.mean, $0.baselineMean)
            }
        }
        rows.append(row("mean of \(slices.count)", mean, baselineMean))
        return ([Format.table(rows), "", summary] + notes).joined(separator: "\n")
    }

    private func cell(_ value: Double?, _ metric: QualityMetric) -> String {
        value.map { Format.fixed($0, metric.places) } ?? "–"
    }

    /// All metrics: mean, spread and the worst slice.
    private var summary: String {
        var titles = ["over all slices", "mean", "spread", "worst"]
        if hasBaseline { titles.append("baseline mean") }
        titles.append("worst slice")
        let rows = QualityMetric.allCases.map { metric -> [String] in
            let worst = worst(metric)
            var row = [metric.titleAndUnit, cell(mean?[metric], metric), cell(spread?[metric], metric)]
            row.append(cell(worst?.value, metric))
            if hasBaseline { row.append(cell(baselineMean?[metric], metric)) }
            row.append(
                worst.map { worst in slices.first { $0.file == worst.file && $0.page == worst.page }?.name ?? "" }
                    ?? "–")
            return row
        }
        return Format.table([titles] + rows)
    }

    /// Notes on the numbers: noise, data range, window and mask.
    var notes: [String] {
        var lines: [String] = []
        let noises = [
            ("reference", Number.mean(slices.map(\.referenceNoiseHU))), ("test", mean?.noiseHU),
            ("baseline", baselineMean?.noiseHU),
        ].compactMap { name, value in value.map { "\(name) \(Format.fixed($0, 1)) HU" } }
        if !noises.isEmpty { lines.append("noise in the body, by itself: \(noises.joined(separator: ", "))") }
        let removed = slices.compactMap(\.removed)
        if let across = Number.mean(removed.map(\.correlationAcross)),
            let down = Number.mean(removed.map(\.correlationDown)),
            let size = Number.mean(removed.map(\.rmsHU))
        {
            let structure = Number.mean(removed.map(\.structureShare)).map {
                ", structure at edges \(Format.fixed(100 * $0, 1)) %"
            }
            lines.append(
                "removed from the baseline: \(Format.fixed(size, 1)) HU, neighbours correlated "
                    + "\(Format.fixed(across, 2)) across and \(Format.fixed(down, 2)) down\(structure ?? "")")
        }
        let (low, high) = (settings.range.lowerBound, settings.range.upperBound)
        var relative =
            "data range \(Format.plain(settings.dataRange)) HU (\(Format.plain(low))…\(Format.plain(high))), "
        relative += settings.isClipped ? "slices clipped to it" : "nothing clipped"
        relative += "; SSIM: \(settings.similarity.phrase)"
        if let mask { relative += "; where \(Format.visible(mask)) is not zero" }
        lines.append(relative)
        return lines
    }

    /// The result as CSV: a header and one line per slice, without means.
    var csv: String {
        let metrics = QualityMetric.allCases
        var titles = ["file", "page", "patient"] + metrics.map(\.column)
        if hasBaseline { titles += metrics.map { "baseline_\($0.column)" } }
        if hasNoise { titles += ["reference_noise_hu", "noise_hu"] + (hasBaseline ? ["baseline_noise_hu"] : []) }
        let hasRemoved = slices.contains { $0.removed != nil }
        if hasRemoved {
            titles += [
                "removed_rms_hu", "removed_correlation_across", "removed_correlation_down", "removed_structure_share",
            ]
        }
        titles +=
            ["data_range_hu", "range_low_hu", "range_high_hu", "is_clipped", "ssim_window"]
            + (mask == nil ? [] : ["mask"])
        func number(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
        var lines = [titles.joined(separator: ",")]
        for slice in slices {
            var cells = [CSV.quoted(slice.file), "\(slice.page)", CSV.quoted(slice.patient)]
            cells += metrics.map { number(slice.test[$0]) }
            if hasBaseline { cells += metrics.map { number(slice.baseline?[$0]) } }
            if hasNoise {
                cells += [number(slice.referenceNoiseHU), number(slice.test.noiseHU)]
                if hasBaseline { cells.append(number(slice.baseline?.noiseHU)) }
            }
            if hasRemoved {
                let removed = slice.removed
                cells += [
                    removed?.rmsHU, removed?.correlationAcross, removed?.correlationDown, removed?.structureShare,
                ].map(number)
            }
            let (low, high) = (settings.range.lowerBound, settings.range.upperBound)
            cells += [settings.dataRange, low, high].map { Format.plain($0) }
            cells += [settings.isClipped ? "true" : "false", settings.similarity.rawValue]
            if let mask { cells.append(CSV.quoted(mask)) }
            lines.append(cells.joined(separator: ","))
        }
        return lines.joined(separator: "\n")
    }
}
