import CTMetrics
import CTReports

/// A metric that compares a slice with its reference.
enum QualityMetric: String, CaseIterable, Sendable {
    case psnr, ssim, msSSIM, gmsd, vif, rmseHU, maeHU, biasHU

    var title: String {
        switch self {
        case .psnr: "PSNR"
        case .ssim: "SSIM"
        case .msSSIM: "MS-SSIM"
        case .gmsd: "GMSD"
        case .vif: "VIF"
        case .rmseHU: "RMSE"
        case .maeHU: "MAE"
        case .biasHU: "bias"
        }
    }

    var unit: String {
        switch self {
        case .psnr: "dB"
        case .ssim, .msSSIM, .gmsd, .vif: ""
        case .rmseHU, .maeHU, .biasHU: "HU"
        }
    }

    /// The title with the unit, such as "PSNR dB".
    var titleAndUnit: String { unit.isEmpty ? title : "\(title) \(unit)" }

    /// The name of the CSV column.
    var column: String {
        switch self {
        case .psnr: "psnr_db"
        case .ssim: "ssim"
        case .msSSIM: "ms_ssim"
        case .gmsd: "gmsd"
        case .vif: "vif"
        case .rmseHU: "rmse_hu"
        case .maeHU: "mae_hu"
        case .biasHU: "bias_hu"
        }
    }

    /// The number of decimal places to print.
    var places: Int {
        switch self {
        case .psnr: 2
        case .ssim, .msSSIM, .gmsd, .vif: 4
        case .rmseHU, .maeHU: 1
        case .biasHU: 2
        }
    }

    var better: ReportPage.Metric.Better {
        switch self {
        case .psnr, .ssim, .msSSIM, .vif: .higher
        case .gmsd, .rmseHU, .maeHU: .lower
        case .biasHU: .nearZero
        }
    }

    var meaning: String {
        switch self {
        case .psnr: "Peak signal-to-noise ratio: the data range over the RMSE, in decibels; infinite for equal slices."
        case .ssim: "Structural similarity (Wang et al. 2004, doi 10.1109/TIP.2003.819861), 1 for equal slices."
        case .msSSIM:
            "Structural similarity on five scales (Wang et al. 2003, doi 10.1109/ACSSC.2003.1292216), "
                + "1 for equal slices; needs 161×161 pixels or more."
        case .gmsd:
            "Gradient magnitude similarity deviation (Xue et al. 2014, doi 10.1109/TIP.2013.2293423): "
                + "how unevenly edges were changed, 0 for equal slices."
        case .vif:
            "Visual information fidelity, pixel domain (Sheikh, Bovik 2006, doi 10.1109/TIP.2005.859378), "
                + "1 for equal slices; needs 41×41 pixels or more."
        case .rmseHU: "Root mean squared difference."
        case .maeHU: "Mean absolute difference."
        case .biasHU: "Mean difference: test minus reference."
        }
    }

    /// Whether `a` is worse than `b`.
    func isWorse(_ a: Double, than b: Double) -> Bool {
        switch better {
        case .higher: a < b
        case .lower: a > b
        case .nearZero, .neither: abs(a) > abs(b)
        }
    }
}

/// The metrics of a slice, or the means of several slices.
struct Quality: Encodable, Sendable {
    private var values: [QualityMetric: Double]
    /// The standard deviation of the slice's own noise in HU; `nil` if it was not requested or cannot be estimated.
    let noiseHU: Double?

    init(_ values: [QualityMetric: Double], noiseHU: Double?) {
        self.values = values
        self.noiseHU = noiseHU
    }

    /// Measures a pair of slices; metrics that need larger slices or masks are missing.
    init(_ comparison: Comparison, similarity: SimilarityWindow, noiseHU: Double?) {
        let both = try? comparison.structuralSimilarities()
        values = [
            .psnr: comparison.peakSignalToNoiseRatio,
            .rmseHU: comparison.rootMeanSquaredError,
            .maeHU: comparison.meanAbsoluteError,
            .biasHU: comparison.bias,
        ]
        values[.ssim] =
            similarity == .gaussian && both != nil
            ? both?.single : try? comparison.structuralSimilarity(window: similarity)
        values[.msSSIM] = both?.multiScale
        values[.gmsd] = try? comparison.gradientMagnitudeSimilarityDeviation()
        values[.vif] = try? comparison.visualInformationFidelity()
        self.noiseHU = noiseHU
    }

    /// Whether all metrics are finite, except for the infinite PSNR of equal slices: squares of samples may overflow.
    var isSound: Bool { values.allSatisfy { $1.isFinite || ($0 == .psnr && $1 == .infinity) } }

    subscript(metric: QualityMetric) -> Double? { values[metric] }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        for metric in QualityMetric.allCases {
            try container.encodeIfPresent(values[metric], forKey: Key(metric.rawValue))
        }
        try container.encodeIfPresent(noiseHU, forKey: Key("noiseHU"))
    }
}

extension [Quality] {
    /// The mean of each metric over the elements that have it; `nil` if empty.
    var mean: Quality? { aggregate { $0.reduce(0, +) / Double($0.count) } }

    /// The standard deviation (n − 1) of each metric, if it is finite; `nil` for fewer than two elements.
    var spread: Quality? {
        guard count > 1 else { return nil }
        return aggregate { values in
            guard values.count > 1, values.allSatisfy(\.isFinite) else { return nil }
            let mean = values.reduce(0, +) / Double(values.count)
            let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return (squares / Double(values.count - 1)).squareRoot()
        }
    }

    private func aggregate(_ combine: ([Double]) -> Double?) -> Quality? {
        guard !isEmpty else { return nil }
        var values: [QualityMetric: Double] = [:]
        for metric in QualityMetric.allCases {
            let known = compactMap { $0[metric] }
            if !known.isEmpty { values[metric] = combine(known) }
        }
        let noises = compactMap(\.noiseHU)
        return Quality(values, noiseHU: noises.isEmpty ? nil : combine(noises))
    }
}
