public import CTImages

/// What noise, how much: white noise, salt and pepper, or salt and pepper on top of white noise.
///
/// The same model, seed and page make the same noise on every platform and for every number of threads. Nothing is
/// clipped, wrapped or rounded: a value below zero is kept, and the mean of white noise stays where it was. Integer
/// formats are rounded, and clamped to what the format or the file's declared range holds, when a file is written, and
/// only then; see ``CTImages/Slice/quantized()``.
///
/// ```swift
/// let model = try NoiseModel(white: .part(25, of: 255), impulseDensity: 0.1)
/// let noisy = model.apply(to: slice, seed: NoiseModel.seed(7, name: "patient 1/slice 12.png"), page: 0)
/// ```
public struct NoiseModel: Hashable, Sendable, CustomStringConvertible {
    /// The standard deviation of additive white Gaussian noise; `nil` for none.
    public let white: NoiseStrength?

    /// The probability of a sample to be replaced by salt (1023 HU) or pepper (−1024 HU), 0…1.
    public let impulseDensity: Double

    /// The probability of a replaced sample to be salt, 0…1; the others are pepper.
    public let saltShare: Double

    /// Why numbers make no noise model.
    public struct InvalidError: Error, Hashable, Sendable, CustomStringConvertible {
        /// What was found, what was expected and what to do, in a sentence.
        public let description: String
    }

    /// Makes a model.
    ///
    /// - Throws: ``InvalidError`` if a number is out of its range.
    public init(
        white: NoiseStrength? = nil, impulseDensity: Double = 0, saltShare: Double = 0.5
    ) throws(InvalidError) {
        if let complaint = white?.complaint {
            throw InvalidError(
                description: "the strength of white noise: \(complaint); give a standard deviation of zero or more.")
        }
        guard (0...1).contains(impulseDensity) else {
            throw InvalidError(
                description: "the density of salt and pepper is \(plain(impulseDensity)); give the share of samples to "
                    + "replace, from 0 to 1 (0.1 for 10 %).")
        }
        guard (0...1).contains(saltShare) else {
            throw InvalidError(
                description:
                    "the salt share is \(plain(saltShare)); give the share of salt among salt and pepper, from "
                    + "0 to 1 (0.5 for as much of both).")
        }
        self.white = white
        self.impulseDensity = impulseDensity
        self.saltShare = saltShare
    }

    /// For a person, such as "white noise, standard deviation 40 HU, then salt and pepper, density 10 %, salt share
    /// 50 % (salt 1023 HU, pepper −1024 HU)".
    public var description: String {
        var parts = [String]()
        if let white { parts.append("white noise, standard deviation \(white)") }
        if impulseDensity > 0 {
            parts.append(
                "salt and pepper, density \(percent(impulseDensity)), salt share \(percent(saltShare)) "
                    + "(salt 1023 HU, pepper −1024 HU)")
        }
        return parts.isEmpty ? "no noise" : parts.joined(separator: ", then ")
    }

    // MARK: - Applying

    /// A copy of `slice` with this noise, in stored units, neither rounded nor clipped.
    ///
    /// - Parameters:
    ///   - slice: The slice; format and scale stay as they are.
    ///   - seed: Names the experiment or the file; see ``seed(_:name:)``.
    ///   - page: Tells apart the pages of a file, each of which has noise of its own.
    /// - Returns: The noisy slice.
    /// - Precondition: The strength of white noise is finite in the slice's stored units, which it is not where a tiny
    ///   slope meets a huge strength; see ``NoiseStrength/stored(using:)``.
    public func apply(to slice: Slice, seed: UInt64, page: UInt64 = 0) -> Slice {
        var samples = slice.samples
        if let white {
            WhiteNoise.add(to: &samples, sigma: white.stored(using: slice.scale), seed: seed, stream: page)
        }
        if impulseDensity > 0 {
            SaltAndPepper.apply(
                to: &samples, density: impulseDensity, saltShare: saltShare,
                pepper: slice.scale.stored(hu: IntensityScale.huRange.lowerBound),
                salt: slice.scale.stored(hu: IntensityScale.huRange.upperBound), seed: seed, stream: page)
        }
        var result = slice
        result.samples = samples
        return result
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
    private enum CodingKeys: String, CodingKey {
        case white, impulseDensity, saltShare
    }

    /// Reads a model and refuses numbers that ``init(white:impulseDensity:saltShare:)`` would refuse.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        do {
            try self.init(
                white: try container.decodeIfPresent(NoiseStrength.self, forKey: .white),
                impulseDensity: try container.decodeIfPresent(Double.self, forKey: .impulseDensity) ?? 0,
                saltShare: try container.decodeIfPresent(Double.self, forKey: .saltShare) ?? 0.5)
        } catch let error as InvalidError {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: error.description))
        }
    }
}

/// A share in percent, to a hundredth of a percent.
private func percent(_ share: Double) -> String {
    "\(plain((share * 10_000).rounded() / 100)) %"
}
