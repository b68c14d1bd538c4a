public import CTImages
internal import CTSupport

/// A sequence of noise steps, each applied on top of those before it.
///
/// The same model, seed and page give the same noise for any number of threads. White noise, impulses, speckle, rings
/// and columns are also the same on every platform; the other kinds use the system's logarithms and Fourier transforms.
/// Nothing is clipped, wrapped or rounded: values below zero are kept, and white noise does not shift the mean. Integer
/// formats are rounded, and clamped to the range of the format or the one the file declares, only when a file is
/// written; see `CTSlice.quantized()`.
///
/// ```swift
/// let model = try NoiseModel([.white(.part(25, of: 255)), .impulses(density: 0.1)])
/// let noisy = model.apply(to: slice, seed: NoiseModel.seed(7, name: "patient 1/slice 12.png"), page: 0)
/// ```
public struct NoiseModel: Hashable, Sendable, CustomStringConvertible {
    /// The steps, in the order in which they are applied.
    public let steps: [NoiseStep]

    /// Creates a model from steps.
    ///
    /// - Throws: ``NoiseError`` if a number is out of range.
    public init(_ steps: [NoiseStep] = []) throws(NoiseError) {
        for step in steps {
            if let complaint = step.complaint {
                throw NoiseError(text: step.text, reason: "found \(complaint); choose a valid value.")
            }
        }
        self.steps = steps
    }

    /// A human-readable description, such as "white noise, standard deviation 40 HU, then salt and pepper, density 10
    /// %, salt share 50 % (salt 1023 HU, pepper −1024 HU)".
    public var description: String {
        steps.isEmpty ? "no noise" : steps.map(\.description).joined(separator: ", then ")
    }

    // MARK: - Applying

    /// Returns a copy of `slice` with this noise, in stored units, neither rounded nor clipped.
    ///
    /// - Parameters:
    ///   - slice: The slice; its format and scale are kept.
    ///   - seed: The seed of the experiment or file; see ``seed(_:name:)``.
    ///   - page: The page of the file; each page gets different noise.
    ///   - threads: The largest number of threads; the result does not depend on it.
    /// - Returns: The noisy slice.
    /// - Precondition: All strengths are finite in the slice's stored units; a tiny slope with a huge strength is not.
    ///   `isFinite(using:)` checks this.
    public func apply(to slice: CTSlice, seed: UInt64, page: UInt64 = 0, threads: Int = 1) -> CTSlice {
        var result = slice
        for (step, lane) in zip(steps, lanes) {
            step.apply(to: &result, seed: seed, stream: page, lane: lane, threads: threads)
        }
        result.keepWhatIsNotTissue(of: slice)
        return result
    }

    /// Where each step takes its random values: the first step of a kind draws what it would draw alone; later ones
    /// draw something else.
    var lanes: [UInt64] {
        steps.enumerated().map { index, step in
            step.lane + 64 * UInt64(steps[..<index].count { $0.lane == step.lane })
        }
    }

    /// Returns the seed for one file of many.
    ///
    /// It is the FNV-1a hash of the name's UTF-8, mixed with `seed`: the same for the same seed and name on every
    /// platform and in any order of files, and unrelated for different ones.
    ///
    /// - Parameters:
    ///   - seed: The user's seed.
    ///   - name: The file's path relative to the folder it was found in, with "/" between components, so that it does
    ///     not depend on where the folder is.
    /// - Returns: The seed to pass to ``apply(to:seed:page:threads:)`` for all pages of that file.
    public static func seed(_ seed: UInt64, name: String) -> UInt64 {
        var hash = FNV1a()
        for byte in name.utf8 { hash.combine(UInt64(byte)) }
        return SplitMix64.mix(SplitMix64.mix(seed &+ SplitMix64.step) ^ hash.value)
    }
}

extension CTSlice {
    /// Puts back the samples of `original` that are not tissue: padding, metal and NaN.
    fileprivate mutating func keepWhatIsNotTissue(of original: CTSlice) {
        let tissue = TissueMask(original)
        if tissue.isWhole(original) { return }
        samples = zip(samples, original.samples).map { tissue.contains($1) ? $0 : $1 }
    }
}

extension NoiseModel: Codable {
    /// Decodes an array of step texts; throws for those that ``NoiseStep/init(_:)`` rejects.
    public init(from decoder: any Decoder) throws {
        steps = try decoder.singleValueContainer().decode([NoiseStep].self)
    }

    /// Encodes the steps as an array of texts.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(steps)
    }
}
