import ArgumentParser
import CTImages
import CTNoise

/// `ctdenoise noise INPUT… -o OUT`: noisy copies, for training and for tests.
struct Noise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make noisy copies of slices.",
        discussion: """
            White noise is added first, then salt and pepper replace samples: salt is 1023 HU, pepper -1024 HU. The \
            same seed makes the same noise for a file of the same name, on every machine. Files keep their format, so \
            noise beyond the range of an integer format is clamped; the program says how often.

            Example: a noisy copy of every slice under clean/
              ctdenoise noise clean -o noisy --white 25/255 --impulses 10%
            """)

    @OptionGroup var batch: BatchOptions

    @Option(
        help: ArgumentHelp(
            "Standard deviation of additive white Gaussian noise: 40hu, 25/255 or 10% (of 2047 HU), 12stored.",
            valueName: "strength"),
        transform: NoiseStrength.init(argument:))
    var white: NoiseStrength?

    @Option(
        help: ArgumentHelp("Share of samples that salt and pepper replace, such as 10%.", valueName: "share"),
        transform: Noise.share)
    var impulses: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Share of salt among the replaced samples, 0 to 1.", valueName: "0…1"))
    var saltShare = 0.5

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Names the draw; another number makes other noise.", valueName: "number"))
    var seed: UInt64 = 0

    func validate() throws {
        if white == nil && impulses == nil {
            throw ValidationError("Say how much noise: --white 25/255, --impulses 10%, or both.")
        }
        if let white, let scale = batch.reading.scale, !white.stored(using: scale).isFinite {
            throw ValidationError("--white \(white.text) is more than a number can hold with this --rescale.")
        }
        guard (0...1).contains(saltShare) else {
            throw ValidationError("--salt-share is from 0 (pepper only) to 1 (salt only), not \(saltShare).")
        }
    }

    func run() async throws {
        let model: NoiseModel
        do throws(NoiseModel.InvalidError) {
            model = try NoiseModel(white: white, impulseDensity: impulses ?? 0, saltShare: saltShare)
        } catch {
            throw ValidationError("\(error)")
        }
        var run = try Batch(batch, settings: ["noise": "\(model)", "seed": "\(seed)"])
        try await run.run(verb: "added noise to") { slice, file, page throws(Failure) in
            if let white, !white.stored(using: slice.scale).isFinite {
                throw Failure(
                    file: file.path, found: "values of which one stands for \(abs(slice.scale.slope)) HU",
                    expected: "a scale on which noise of \(white) is a finite number",
                    advice: "Say --rescale SLOPE,INTERCEPT, or weaker noise.")
            }
            return model.apply(to: slice, seed: NoiseModel.seed(seed, name: file.name), page: UInt64(page))
        }
    }

    /// Reads a share such as `10%` or `1/10`.
    private static func share(_ text: String) throws -> Double {
        let share: Double
        switch try? NoiseStrength(text) {
        case .part(let part, let whole): share = part / whole
        default:
            throw ValidationError("“\(text)” is not a share of the samples; write for example 10% or 1/10")
        }
        guard share <= 1 else { throw ValidationError("“\(text)” is more than all samples; write 100% at most") }
        return share
    }
}

extension NoiseStrength {
    /// Reads a strength from the command line.
    fileprivate init(argument: String) throws {
        do throws(ParsingError) {
            try self.init(argument)
        } catch {
            throw ValidationError(error.reason)
        }
    }
}
