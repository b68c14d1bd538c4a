import ArgumentParser
import CTDenoising
import CTNetwork
import CTSupport
import CTTraining

/// A training from its first step, or a checkpoint, to its model.
struct TrainingRun {
    private let trainer: Trainer
    private let validation: Validation?
    private let options: Train
    private let stop = StopSignals()
    private var pace: Pace
    private var saved = ContinuousClock.now

    /// Creates a run.
    ///
    /// - Parameters:
    ///   - trainer: The trainer, at its first step or at that of a checkpoint.
    ///   - validation: Slices to measure progress on.
    ///   - options: What the user asked for.
    init(_ trainer: Trainer, validation: Validation?, options: Train) {
        (self.trainer, self.validation, self.options) = (trainer, validation, options)
        pace = Pace(trainer.state.step)
    }

    /// Takes all steps that are left.
    ///
    /// - Throws: `FileError` if the loss is not finite or a last checkpoint cannot be written; `ExitCode.failure` if a signal
    ///   stopped the run, which has been said.
    mutating func run(_ console: inout Console) throws {
        while !trainer.isDone {
            try step()
            if trainer.state.step % options.reportEvery == 0 || trainer.isDone { report(&console) }
            // Once a step: the signal may come at any time.
            let isStopped = stop.isRequested
            try keepCheckpoint(isLast: isStopped, &console)
            if isStopped { throw stopped(&console) }
        }
        trainer.spent(seconds: pace.split())
    }

    private func step() throws(FileError) {
        guard trainer.advance().isFinite else {
            throw FileError(
                file: options.recipe ?? "the recipe",
                found: "a loss that is not finite at step \(trainer.state.step)",
                expected: "a training that converges", advice: "Lower its learningRate.")
        }
    }

    // MARK: - Progress

    /// Measures on the validation slices, prints a line, and writes the curve.
    private func report(_ console: inout Console) {
        let results = validation?.results(of: trainer.state.averaged, threads: options.threads.count) ?? []
        console.line(line(trainer.measure(results)))
        guard let curve = options.curve else { return }
        do throws(FileError) {
            try FileAccess.save(Array(curveText.utf8), to: curve)
        } catch {
            console.warning("\(error) The training goes on; the curve is written again later.")
        }
    }

    /// A line of progress.
    private func line(_ measurement: Trainer.Measurement) -> String {
        let recipe = trainer.recipe
        let rate = Double(measurement.step - pace.firstStep) / pace.seconds
        // Crops differ in size: time goes with their pixels.
        let seen = recipe.pixels(in: measurement.step)
        let pixels = Double(seen - recipe.pixels(in: pace.firstStep)) / pace.seconds
        let left = Double(recipe.pixels(in: recipe.steps) - seen) / pixels
        var text = "step \(measurement.step)/\(recipe.steps)  loss \(Format.fixed(measurement.loss, 4))"
        for result in measurement.validation {
            text +=
                "  \(result.name): noisy \(Format.fixed(result.noisy, 2)), median \(Format.fixed(result.median, 2)), "
            text += "denoised \(Format.fixed(result.denoised, 2)) dB"
        }
        text += "  \(Format.significant(rate, 3)) steps/s, \(Format.significant(pixels / 1e6, 3)) Mpixel/s"
        return text + ", \(Format.duration(left)) left"
    }

    /// All lines of progress as CSV.
    private var curveText: String {
        let history = trainer.state.history
        var header = "step,loss"
        for result in history.first?.validation ?? [] {
            header += ",\(result.name) noisy dB,\(result.name) median dB,\(result.name) denoised dB"
        }
        return
            ([header]
            + history.map { entry in
                entry.validation.reduce("\(entry.step),\(entry.loss)") { text, result in
                    text + ",\(result.noisy),\(result.median),\(result.denoised)"
                }
            }).joined(separator: "\n") + "\n"
    }

    // MARK: - Files

    /// Writes the checkpoint if it is time for one.
    ///
    /// - Parameter isLast: Whether the run stops with it, so that it is now or never.
    private mutating func keepCheckpoint(isLast: Bool, _ console: inout Console) throws(FileError) {
        guard let checkpoint = options.checkpoint else { return }
        let isDue = saved.duration(to: .now) >= .seconds(60 * options.checkpointEvery)
        guard isLast || trainer.isDone || isDue else { return }
        trainer.spent(seconds: pace.split())
        do throws(FileError) {
            try Checkpoint(recipe: trainer.recipe, state: trainer.state).write(to: checkpoint)
        } catch {
            // A full disk may have room again later; hours of training would not come back.
            if isLast { throw error }
            console.warning("\(error) The training goes on, and the next checkpoint is tried in time.")
        }
        saved = .now
    }

    /// Says where the run stopped.
    ///
    /// - Returns: What to throw.
    private func stopped(_ console: inout Console) -> ExitCode {
        let advice = options.checkpoint == nil ? "nothing is kept without --checkpoint" : "go on with --resume"
        console.line("stopped at step \(trainer.state.step) of \(trainer.recipe.steps); \(advice)")
        return .failure
    }

    /// What a model's record says of how it came about.
    private static let ways = ["recipe", "training"]

    /// Writes the model file.
    ///
    /// - Parameters:
    ///   - start: The model that training started from; how it came about is part of the new one's record.
    ///   - slices: What was trained on.
    func writeModel(startingFrom start: Denoiser.Model?, trainedOn slices: TrainingSlices) throws(FileError) {
        var model = Checkpoint(recipe: trainer.recipe, state: trainer.state).model(data: slices.description)
        for (name, value) in start?.record ?? [:] where name.hasPrefix("start.") || Self.ways.contains(name) {
            model.metadata["start." + name] = value
        }
        try model.write(to: options.output)
    }
}
