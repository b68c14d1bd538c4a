import CTImages
import CTMetrics
import CTSupport

/// The result of an evaluation.
struct EvaluationResult: Encodable {
    /// The settings of an evaluation.
    struct Settings: Sendable {
        /// The data range in HU.
        var range = IntensityScale.huRange
        /// Whether HU are clipped to the data range.
        var isClipped = false
        var similarity = Evaluate.Similarity.gaussian
        /// The pixel size in mm, if known.
        var pixel: Double?

        /// The width of the data range, for PSNR and SSIM.
        var dataRange: Double { range.upperBound - range.lowerBound }
    }

    /// Properties of the noise that was removed from the baseline.
    struct Removed: Encodable, Sendable {
        let rmsHU: Double
        let correlationAcross: Double
        let correlationDown: Double
        let structureShare: Double?

        init?(_ baseline: CTSlice, _ test: CTSlice, mask: [Bool]?) {
            guard
                let removed = RemovedNoise(noisy: baseline.hu, denoised: test.hu, width: test.width, where: mask)
            else { return nil }
            rmsHU = removed.rootMeanSquare
            correlationAcross = removed.correlationAcross
            correlationDown = removed.correlationDown
            structureShare = removed.structureShare
        }
    }

    /// The result for one slice.
    struct Entry: Encodable, Sendable {
        let file: String
        /// The page, counted from 1.
        let page: Int
        let pages: Int
        let referenceScale: ScaleDescription
        let testScale: ScaleDescription
        let referenceNoiseHU: Double?
        let test: Quality
        let baseline: Quality?
        let removed: Removed?

        /// The patient of the slice: its folder.
        var patient: String { FileSystem.parent(file) }

        /// The file, and the page if there are several.
        var name: String { pages > 1 ? "\(file) page \(page)" : file }
    }

    /// The result for the slices of one folder.
    struct Patient: Encodable {
        let patient: String
        let slices: Int
        let mean: Quality?
        let baselineMean: Quality?
    }

    /// The worst slice by a metric.
    struct Worst: Encodable {
        let file: String
        let page: Int
        let value: Double
    }

    private enum CodingKeys: String, CodingKey {
        case dataRangeHU, rangeHU, isClipped, mask, ssimWindow, slices, patients, mean, spread, worst, baselineMean,
            failed, warnings
    }

    let settings: Settings
    /// The file or folder of the mask.
    let mask: String?
    let hasNoise: Bool
    var slices: [Entry] = []
    var failed: [FileError] = []
    /// What was warned of.
    var warnings: [String] = []
    /// Slices on which the mask is empty.
    var outsideMask = 0

    init(settings: Settings, mask: String?, hasNoise: Bool) {
        (self.settings, self.mask, self.hasNoise) = (settings, mask, hasNoise)
    }

    /// The mean over slices; PSNR is the mean of the slices' PSNR.
    var mean: Quality? { slices.map(\.test).mean }

    /// The standard deviation over slices.
    var spread: Quality? { slices.map(\.test).spread }

    /// The mean of the baseline.
    var baselineMean: Quality? { slices.compactMap(\.baseline).mean }

    /// Remarks that the reader of the numbers needs to know.
    var remarks: [String] {
        var remarks: [String] = []
        let place = settings.isClipped ? " in the window" : ""
        for (name, qualities) in [("", slices.map(\.test)), (" of the baseline", slices.compactMap(\.baseline))] {
            let equal = qualities.count { $0[.psnr] == .infinity }
            if equal > 0 {
                remarks.append(
                    "\(Format.count(equal, "slice"))\(name) equal to the reference\(place): "
                        + "the PSNR is infinite there, and so is the mean")
            }
        }
        if outsideMask > 0 {
            remarks.append("\(Format.count(outsideMask, "slice")) left out because the mask is empty")
        }
        return remarks
    }

    /// The results by folder.
    var patients: [Patient] {
        Dictionary(grouping: slices, by: \.patient).sorted { $0.key < $1.key }.map { patient, slices in
            Patient(
                patient: patient, slices: slices.count, mean: slices.map(\.test).mean,
                baselineMean: slices.compactMap(\.baseline).mean)
        }
    }

    /// Returns the worst slice by `metric`.
    func worst(_ metric: QualityMetric) -> Worst? {
        var worst: Worst?
        for slice in slices {
            guard let value = slice.test[metric] else { continue }
            if worst.map({ metric.isWorse(value, than: $0.value) }) ?? true {
                worst = Worst(file: slice.file, page: slice.page, value: value)
            }
        }
        return worst
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(settings.dataRange, forKey: .dataRangeHU)
        try container.encode([settings.range.lowerBound, settings.range.upperBound], forKey: .rangeHU)
        try container.encode(settings.isClipped, forKey: .isClipped)
        try container.encodeIfPresent(mask, forKey: .mask)
        try container.encode(settings.similarity.rawValue, forKey: .ssimWindow)
        try container.encode(slices, forKey: .slices)
        try container.encode(patients, forKey: .patients)
        try container.encodeIfPresent(mean, forKey: .mean)
        try container.encodeIfPresent(spread, forKey: .spread)
        var worst: [String: Worst] = [:]
        for metric in QualityMetric.allCases { worst[metric.rawValue] = self.worst(metric) }
        try container.encode(worst, forKey: .worst)
        try container.encodeIfPresent(baselineMean, forKey: .baselineMean)
        try container.encode(failed, forKey: .failed)
        try container.encode(warnings, forKey: .warnings)
    }
}
