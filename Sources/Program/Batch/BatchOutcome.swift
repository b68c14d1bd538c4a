import CTDenoising
import CTSupport

/// The result of a batch.
struct BatchOutcome: Encodable {
    /// One file that was written.
    struct File: Encodable {
        let input: String
        let output: String
        /// The file with the removed noise, if it was requested and could be written.
        let noise: String?
        let slices: Int
        /// The number of samples that were clamped to the range of their format.
        let clamped: Int
        /// The scale of its first slice.
        let scale: ScaleDescription
        /// What the input has and the output does not; `nil` if nothing.
        let omissions: [String]?
        /// What denoising found on each page.
        let pages: [Noise]?
    }

    /// The noise of one slice.
    struct Noise: Encodable {
        /// The page, counted from 1.
        let page: Int
        /// The network that removed it, "white" or "scanner"; `nil` if the model has only one.
        let kind: String?
        /// The root mean square of the predicted noise in HU.
        let predictedHU: Double
        /// The fraction of it that was removed.
        let removed: Double
        /// Whether some was left because it is faint.
        let isFaint: Bool
        /// Whether much noise seems to be left because it is of no kind that the network knows.
        let isUnknown: Bool

        init(_ noise: Denoised.Noise, page: Int) {
            self.page = page
            kind = noise.kind?.rawValue
            predictedHU = noise.deviation
            removed = noise.removed
            (isFaint, isUnknown) = (noise.isFaint, noise.isUnknown)
        }
    }

    /// A slice that came out as it went in.
    struct Unchanged: Encodable {
        let file: String
        /// The page, counted from 1.
        let page: Int
        /// The estimated standard deviation of its noise in the body in HU; `nil` if there is too little body.
        let noiseHU: Double?
    }

    var files: [File] = []
    /// The slices of which nothing changed.
    var unchanged: [Unchanged] = []
    var failed: [FileError] = []
    /// Inputs that were not tried because the batch was asked to stop or no more files could be written.
    var notDone: [String] = []
    /// Files in folders that are not images.
    var skipped: [String] = []
    /// What was warned of.
    var warnings: [String] = []
    var slices = 0
    var clamped = 0
    var seconds = 0.0
    let output: String
    /// The folder for the removed noise, if requested.
    let noise: String?
    /// The command's settings, such as its model or its noise.
    let settings: [String: Setting]

    init(output: String, noise: String?, settings: [String: Setting]) {
        self.output = output
        self.noise = noise
        self.settings = settings
    }

    /// Whether no file failed or was left out.
    var isComplete: Bool { failed.isEmpty && notDone.isEmpty }

    /// What is to be said of slices whose noise was left.
    var remarks: [String] {
        [
            remarkOnUnchanged,
            remark(on: "have noise so faint that it may be texture, so that part of it is left", where: \.isFaint),
            remark(on: "seem to have noise that the model does not know, most of which is left", where: \.isUnknown),
        ].compactMap(\.self)
    }

    /// Returns what is to be said of the slices with some noise; `nil` if there are none.
    private func remark(on noise: String, where isSo: (Noise) -> Bool) -> String? {
        // Those that did not change at all are spoken of apart.
        let same = Set(unchanged.map { "\($0.page) \($0.file)" })
        let found = files.flatMap { file in
            (file.pages ?? []).filter { isSo($0) && !same.contains("\($0.page) \(file.input)") }.map { _ in file.input }
        }
        guard let first = found.first else { return nil }
        return "\(first)\(found.count > 1 ? " and others" : ""): \(Format.count(found.count, "slice")) of \(slices) "
            + noise
    }

    /// What is to be said of slices that came out as they went in, beside the estimate of their noise; `nil` if there
    /// are none.
    private var remarkOnUnchanged: String? {
        guard let first = unchanged.first else { return nil }
        let noise = unchanged.compactMap(\.noiseHU).sorted()
        let estimate =
            noise.isEmpty
            ? "no estimate of their noise is possible"
            : "the estimate of their noise is \(Format.fixed(noise[noise.count / 2], 1)) HU in the median, "
                + "\(Format.fixed(noise[noise.count - 1], 1)) HU at most"
        return "\(first.file)\(unchanged.count > 1 ? " and others" : ""): \(Format.count(unchanged.count, "slice")) "
            + "of \(slices) unchanged; \(estimate)"
    }

    /// Returns the outcome in one line.
    ///
    /// - Parameter verb: The verb of the summary: "denoised", "added noise to".
    func summary(verb: String) -> String {
        let rate = Double(slices) / max(seconds, 1e-9)
        var text = "\(verb) \(Format.count(slices, "slice")) of \(Format.count(files.count, "file"))"
        text += " in \(Format.significant(seconds, 3)) s (\(Format.significant(rate, 3)) slices/s)"
        if !unchanged.isEmpty { text += ", \(unchanged.count) of them unchanged" }
        let kinds = files.flatMap { $0.pages ?? [] }.compactMap(\.kind)
        for kind in Denoised.Noise.Kind.allCases {
            let count = kinds.count { $0 == kind.rawValue }
            if count > 0 { text += ", \(count) with \(kind.rawValue) noise" }
        }
        text += ", clamped \(Format.count(clamped, "sample"))"
        if !skipped.isEmpty { text += ", skipped \(Format.count(skipped.count, "other file"))" }
        if !failed.isEmpty { text += ", \(failed.count) failed" }
        if !notDone.isEmpty { text += ", \(notDone.count) not done" }
        text += ": \(Format.visible(output))"
        return text + (noise.map { ", noise: \(Format.visible($0))" } ?? "")
    }
}
