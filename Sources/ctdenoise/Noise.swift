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

    @Option(help: ArgumentHelp("Share of salt among the replaced samples, 0 to 1.", valueName: "0…1"))
    var saltShare = 0.5

    @Option(help: ArgumentHelp("Names the draw; another number makes other noise.", valueName: "number"))
    var seed: UInt64 = 0

    func validate() throws {
        if white == nil && impulses == nil {
            throw ValidationError("Say how much noise: --white 25/255, --impulses 10%, or both.")
        }
        guard (0...1).contains(saltShare) else {
            throw ValidationError("--salt-share is from 0 (pepper only) to 1 (salt only), not \(saltShare).")
        }
    }

    func run() async throws {
        var settings = ["seed": "\(seed)"]
        if let white { settings["white"] = white.description }
        if let impulses {
            settings["impulses"] = "\(Format.plain(impulses * 100)) %"
            settings["salt-share"] = "\(saltShare)"
        }
        var run = try Batch(batch, settings: settings)
        try await run.run(verb: "made noisy") { slice, name, page in
            var models: [NoiseModel] = []
            if let white { models.append(.white(white, scale: slice.scale)) }
            if let impulses {
                models.append(.saltAndPepper(density: impulses, saltShare: saltShare, scale: slice.scale))
            }
            return NoiseModel.applied(models, to: slice, seed: seed, stream: Self.stream(name, page: page))
        }
    }

    /// Tells slices apart by name and page, not by the order in which files are found.
    ///
    /// FNV-1a of 64 bits over the name in UTF-8, a zero, and the page in decimal.
    static func stream(_ name: String, page: Int) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in Array(name.utf8) + [0] + Array(String(page).utf8) {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return hash
    }

    /// Reads a share such as `10%` or `1/10`.
    private static func share(_ text: String) throws -> Double {
        let share: Double
        switch try? NoiseStrength(text) {
        case .fractionOfRange(let value): share = value
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
