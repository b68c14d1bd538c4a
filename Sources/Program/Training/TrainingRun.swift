import ArgumentParser
import CTDenoising
import CTNetwork
import CTSupport
import CTTraining

/// A training run, from the first step or a checkpoint to the model.
struct TrainingRun {
    private let trainer: Trainer
    private let validation: Validation?
    private let options: Train
    private let stop = StopSignals()
    private var pace: Pace
    private var saved = ContinuousClock.now
    /// Whether a line of progress was printed.
    private var hasSpoken = false

    /// Creates a run.
    ///
    /// - Parameters:
    ///   - trainer: The trainer, at its first step or that of a checkpoint.
    ///   - validation: The slices to measure progress on.
    ///   - options: The options of the command.
    init(_ trainer: Trainer, validation: Validation?, options: Train) {
        (self.trainer, self.validation, self.options) = (trainer, validation, options)
        pace = Pace(trainer.state.step)
    }

    /// Takes all remaining steps.
    ///
    /// - Throws: `FileError` if the loss is not finite or the last checkpoint cannot be written; `ExitCode.failure` if
    ///   a signal stopped the run, after printing a message.
    mutating func run(_ console: inout Console) throws {
        while !trainer.isDone {
            try step()
            tellProgress(&console)
            // Read once per step, because a signal may arrive at any time.
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
                expected: "a finite loss", advice: "Lower its learningRate.")
        }
    }

    // MARK: - Progress

    /// Prints a line when it is due, and a first one after a second.
    private mutating func tellProgress(_ console: inout Console) {
        let step = trainer.state.step
        if step % options.reportEvery == 0 || trainer.isDone {
            report(&console)
        } else if !hasSpoken, pace.seconds >= 1 {
            let next = min((step / options.reportEvery + 1) * options.reportEvery, trainer.recipe.steps)
            console.line("\(speed(at: step)); the next line comes at step \(next)")
        } else {
            return
        }
        hasSpoken = true
    }

    /// Measures on the validation slices, prints a line, and writes the curve.
    private func report(_ console: inout Console) {
        let results = validation?.results(of: trainer.network, threads: options.threads.count) ?? []
        console.line(line(trainer.measure(results)))
        guard let curve = options.curve else { return }
        do throws(FileError) {
            try FileAccess.save(Array(curveText.utf8), to: curve)
        } catch {
            console.warning("\(error) Training continues; the curve will be written again later.")
        }
    }

    /// A line of progress.
    private func line(_ measurement: Trainer.Measurement) -> String {
        var text = "step \(measurement.step)/\(trainer.recipe.steps)  loss \(Format.fixed(measurement.loss, 4))"
        for result in measurement.validation {
            text +=
                "  \(result.name): noisy \(Format.fixed(result.noisy, 2)), median \(Format.fixed(result.median, 2)), "
            text += "denoised \(Format.fixed(result.denoised, 2)) dB"
        }
        return text + "  \(speed(at: measurement.step))"
    }

    /// The speed until a step, and the time left.
    private func speed(at step: Int) -> String {
        let recipe = trainer.recipe
        let rate = Double(step - pace.firstStep) / pace.seconds
        // The time is proportional to pixels, because crops differ in size.
        let seen = recipe.pixels(in: step)
        let pixels = Double(seen - recipe.pixels(in: pace.firstStep)) / pace.seconds
        let left = Double(recipe.pixels(in: recipe.steps) - seen) / pixels
        return "\(Format.significant(rate, 3)) steps/s, \(Format.significant(pixels / 1e6, 3)) Mpixel/s, "
            + "\(Format.duration(left)) left"
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

    /// Writes the checkpoint if it is due.
    ///
    /// - Parameter isLast: Whether the run stops after this one, so that it must be written now.
    private mutating func keepCheckpoint(isLast: Bool, _ console: inout Console) throws(FileError) {
        guard let checkpoint = options.checkpoint else { return }
        let isDue = saved.duration(to: .now) >= .seconds(60 * options.checkpointEvery)
        guard isLast || trainer.isDone || isDue else { return }
        trainer.spent(seconds: pace.split())
        do throws(FileError) {
            try Checkpoint(recipe: trainer.recipe, state: trainer.state).write(to: checkpoint)
        } catch {
            // A full disk may have space again later; stopping would waste hours of training.
            if isLast { throw error }
            console.warning("\(error) Training continues; the next checkpoint will be tried when it is due.")
        }
        saved = .now
    }

    /// Prints where the run stopped.
    ///
    /// - Returns: The error to throw.
    private func stopped(_ console: inout Console) -> ExitCode {
        let advice = options.checkpoint == nil ? "nothing was saved without --checkpoint" : "resume with --resume"
        console.line("stopped at step \(trainer.state.step) of \(trainer.recipe.steps); \(advice)")
        return .failure
    }

    /// The keys of a model's record that describe its training.
    private static let ways = ["recipe", "training"]

    /// Writes the model file.
    ///
    /// - Parameter start: The model that training started from; the description of its training is added to the new
    ///   record.
    func writeModel(startingFrom start: Denoiser.Model?) throws(FileError) {
        var model = trainer.model()
        for (name, value) in start?.record ?? [:] where name.hasPrefix("start.") || Self.ways.contains(name) {
            model.metadata["start." + name] = value
        }
        try model.write(to: options.output)
    }
}
