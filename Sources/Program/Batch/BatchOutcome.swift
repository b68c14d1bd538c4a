import CTSupport

/// What a batch did.
struct BatchOutcome: Encodable {
    /// One file that was written.
    struct File: Encodable {
        let input: String
        let output: String
        /// The file with what was removed, if it was wanted and could be written.
        let noise: String?
        let slices: Int
        /// Samples outside the range of their format, which were set to its end.
        let clamped: Int
        /// What the stored values of its first slice mean.
        let scale: ScaleDescription
    }

    var files: [File] = []
    var failed: [FileError] = []
    /// Inputs that were not tried, because the batch was asked to stop or nothing more could be written.
    var notDone: [String] = []
    /// Files in folders that are not images.
    var skipped: [String] = []
    var slices = 0
    var clamped = 0
    var seconds = 0.0
    let output: String
    /// The folder for what was removed, if it was wanted.
    let noise: String?
    /// The command's own words: its model, or its noise.
    let settings: [String: String]

    init(output: String, noise: String?, settings: [String: String]) {
        self.output = output
        self.noise = noise
        self.settings = settings
    }

    /// Whether nothing failed and nothing was left out.
    var isComplete: Bool { failed.isEmpty && notDone.isEmpty }

    /// The outcome in one line.
    ///
    /// - Parameter verb: What was done: "denoised", "added noise to".
    func summary(verb: String) -> String {
        let rate = Double(slices) / max(seconds, 1e-9)
        var text = "\(verb) \(Format.count(slices, "slice")) of \(Format.count(files.count, "file"))"
        text += " in \(Format.significant(seconds, 3)) s (\(Format.significant(rate, 3)) slices/s)"
        text += ", clamped \(Format.count(clamped, "sample"))"
        if !skipped.isEmpty { text += ", skipped \(Format.count(skipped.count, "other file"))" }
        if !failed.isEmpty { text += ", \(failed.count) failed" }
        if !notDone.isEmpty { text += ", \(notDone.count) not done" }
        text += ": \(Format.visible(output))"
        return text + (noise.map { ", noise: \(Format.visible($0))" } ?? "")
    }
}
