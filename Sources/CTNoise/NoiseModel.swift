public import CTImages
internal import CTSupport

/// What noise, how much: any sequence of kinds, each on top of those before it.
///
/// The same model, seed and page make the same noise for every number of threads, and on every platform where only white noise, impulses, speckle,
/// rings and columns take part; the others use the system's logarithms and Fourier transforms. Nothing is
/// clipped, wrapped or rounded: a value below zero is kept, and the mean of white noise stays where it was. Integer
/// formats are rounded, and clamped to what the format or the file's declared range holds, when a file is written, and
/// only then; see ``CTImages/CTSlice/quantized()``.
///
/// ```swift
/// let model = try NoiseModel([.white(.part(25, of: 255)), .impulses(density: 0.1)])
/// let noisy = model.apply(to: slice, seed: NoiseModel.seed(7, name: "patient 1/slice 12.png"), page: 0)
/// ```
public struct NoiseModel: Hashable, Sendable, CustomStringConvertible {
    /// The kinds, in the order in which they come.
    public let steps: [NoiseStep]

    /// Why numbers make no noise model.
    public struct InvalidError: Error, Hashable, Sendable, CustomStringConvertible {
        /// What was found, what was expected and what to do, in a sentence.
        public let description: String
    }

    /// Makes a model.
    ///
    /// - Throws: ``InvalidError`` if a number is out of its range.
    public init(_ steps: [NoiseStep] = []) throws(InvalidError) {
        for step in steps {
            if let complaint = step.complaint {
                throw InvalidError(description: "noise “\(step.text)” has \(complaint); give one that is possible.")
            }
        }
        self.steps = steps
    }

    /// For a person, such as "white noise, standard deviation 40 HU, then salt and pepper, density 10 %, salt share
    /// 50 % (salt 1023 HU, pepper −1024 HU)".
    public var description: String {
        steps.isEmpty ? "no noise" : steps.map(\.description).joined(separator: ", then ")
    }

    // MARK: - Applying

    /// A copy of `slice` with this noise, in stored units, neither rounded nor clipped.
    ///
    /// - Parameters:
    ///   - slice: The slice; format and scale stay as they are.
    ///   - seed: Names the experiment or the file; see ``seed(_:name:)``.
    ///   - page: Tells apart the pages of a file, each of which has noise of its own.
    ///   - threads: At most so many work at it.
    /// - Returns: The noisy slice.
    /// - Precondition: Strengths are finite in the slice's stored units, which they are not where a tiny
    ///   slope meets a huge strength; see ``NoiseStrength/stored(using:)``.
    public func apply(to slice: CTSlice, seed: UInt64, page: UInt64 = 0, threads: Int = 1) -> CTSlice {
        var result = slice
        for (step, lane) in zip(steps, lanes) {
            step.apply(to: &result, seed: seed, stream: page, lane: lane, threads: threads)
        }
        return result
    }

    /// Where each step takes its random values: the first of a kind draws what it would draw alone, others draw other values.
    var lanes: [UInt64] {
        steps.enumerated().map { index, step in
            step.lane + 64 * UInt64(steps[..<index].count { $0.lane == step.lane })
        }
    }

    /// The seed for one file of many: the same for the same user's seed and name, on every platform and in every order
    /// of files; unrelated for different ones.
    ///
    /// It is the FNV-1a hash of the name's UTF-8, mixed with `seed`.
    ///
    /// - Parameters:
    ///   - seed: What the user gave.
    ///   - name: The file's path below the folder it was found in, with "/" between components, so that it does not
    ///     depend on where the folder is.
    /// - Returns: What to give to ``apply(to:seed:page:)`` for the pages of that file.
    public static func seed(_ seed: UInt64, name: String) -> UInt64 {
        var hash = FNV1a()
        for byte in name.utf8 { hash.combine(UInt64(byte)) }
        return SplitMix64.mix(SplitMix64.mix(seed &+ SplitMix64.step) ^ hash.value)
    }
}

extension NoiseModel: Codable {
    /// Reads an array of texts, and refuses what ``NoiseStep/init(_:)`` would refuse.
    public init(from decoder: any Decoder) throws {
        steps = try decoder.singleValueContainer().decode([NoiseStep].self)
    }

    /// Writes an array of texts.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(steps)
    }
}
