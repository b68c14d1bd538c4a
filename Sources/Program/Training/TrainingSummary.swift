import CTTraining

/// The result of a training.
struct TrainingSummary: Encodable {
    /// The model file.
    let model: String
    let steps: Int
    let seconds: Double
    let history: [Trainer.Measurement]
    /// What was warned of.
    let warnings: [String]
    /// The number of pixels trained on, in millions; only in the text.
    private let megapixels: Double

    private enum CodingKeys: CodingKey {
        case model, steps, seconds, history, warnings
    }

    init(_ trainer: Trainer, model: String, warnings: [String]) {
        (self.model, self.warnings) = (model, warnings)
        steps = trainer.state.step
        seconds = trainer.state.seconds
        history = trainer.state.history
        megapixels = Double(trainer.recipe.pixels(in: trainer.state.step)) / 1e6
    }

    func print(asJSON: Bool) throws {
        if asJSON { return try JSONOutput.print(self) }
        try StandardOutput.print(
            "trained \(steps) steps, \(Format.significant(megapixels, 3)) Mpixel, "
                + "in \(Format.duration(seconds)): \(model)")
        guard let results = history.last?.validation, !results.isEmpty else { return }
        let titles = ["PSNR in dB, range 2047 HU", "noisy", "median 3×3", "denoised"]
        let rows = results.map { result in
            [result.name] + [result.noisy, result.median, result.denoised].map { Format.fixed($0, 2) }
        }
        try StandardOutput.print(Format.table([titles] + rows))
    }
}
