public import CTImages

/// What kind of noise, how much: the same model, seed and stream make the same noise on every
/// platform and for every number of threads.
///
/// Values are in stored units of the slice that the noise goes to; ``white(_:scale:)`` and
/// ``saltAndPepper(density:saltShare:hu:scale:)`` convert. Nothing is clipped, wrapped or rounded:
/// a value below zero is kept, and the mean of white noise stays where it was. Integer formats are
/// rounded and clamped by ``CTImages/Slice/quantized()`` when a file is written, and only then.
public enum NoiseModel: Hashable, Sendable, Codable {
    /// Additive white Gaussian noise of standard deviation `sigma`, in stored units, not negative.
    case white(sigma: Double)

    /// Each sample is replaced with probability `density` (0…1), a share `saltShare` (0…1) of the
    /// replaced by `salt`, the rest by `pepper`, both in stored units.
    case saltAndPepper(density: Double, saltShare: Double, pepper: Double, salt: Double)

    // MARK: - Making models

    /// White noise of a strength that carries its unit, for slices of one scale.
    public static func white(_ strength: NoiseStrength, scale: IntensityScale) -> NoiseModel {
        .white(sigma: strength.stored(scale: scale))
    }

    /// Salt and pepper between two HU, for slices of one scale.
    ///
    /// - Parameters:
    ///   - density: Probability for a sample to be replaced, 0…1.
    ///   - saltShare: Share of salt among the replaced, 0…1.
    ///   - hu: Pepper and salt in HU. With the default, impulses are the least and the greatest
    ///     value of integer formats without a declared scale.
    ///   - scale: What stored values mean.
    public static func saltAndPepper(
        density: Double, saltShare: Double = 0.5, hu: ClosedRange<Double> = IntensityScale.huRange,
        scale: IntensityScale
    ) -> NoiseModel {
        .saltAndPepper(
            density: density, saltShare: saltShare, pepper: scale.stored(hu: hu.lowerBound),
            salt: scale.stored(hu: hu.upperBound))
    }

    /// What is wrong with the numbers of this model, in a sentence; `nil` if it can be applied.
    public var complaint: String? {
        switch self {
        case .white(let sigma):
            if !(sigma >= 0 && sigma.isFinite) {
                return "White noise has a standard deviation of zero or more, not \(sigma)."
            }
        case .saltAndPepper(let density, let saltShare, let pepper, let salt):
            if !(0...1).contains(density) {
                return "The density of salt and pepper is a share from 0 to 1, not \(density)."
            }
            if !(0...1).contains(saltShare) {
                return "The share of salt among salt and pepper is from 0 to 1, not \(saltShare)."
            }
            if pepper.isNaN || salt.isNaN { return "Salt and pepper are numbers, not NaN." }
        }
        return nil
    }

    // MARK: - Applying models

    /// Adds this noise to `slice`.
    ///
    /// - Parameters:
    ///   - slice: The slice; its format and scale stay as they are.
    ///   - seed: Names the experiment.
    ///   - stream: Tells apart the slices of an experiment, so that each has its own noise.
    /// - Precondition: ``complaint`` is `nil`.
    public func apply(to slice: inout Slice, seed: UInt64, stream: UInt64 = 0) {
        Self.apply([self], to: &slice, seed: seed, stream: stream)
    }

    /// A copy of `slice` with this noise; see ``apply(to:seed:stream:)``.
    public func applied(to slice: Slice, seed: UInt64, stream: UInt64 = 0) -> Slice {
        Self.applied([self], to: slice, seed: seed, stream: stream)
    }

    /// Adds several kinds of noise to `slice`, the first one first, each independent of the others.
    ///
    /// - Precondition: Each model's ``complaint`` is `nil`.
    public static func apply(_ models: [NoiseModel], to slice: inout Slice, seed: UInt64, stream: UInt64 = 0) {
        var samples = slice.samples
        for (position, model) in models.enumerated() {
            if let complaint = model.complaint { preconditionFailure(complaint) }
            // Each place in the list has its own lanes; the first has those of the plain functions.
            let lanes = UInt64(position) * 16
            switch model {
            case .white(let sigma):
                WhiteNoise.add(
                    to: &samples, sigma: sigma, seed: seed, stream: stream, lane: WhiteNoise.lane + lanes)
            case .saltAndPepper(let density, let saltShare, let pepper, let salt):
                SaltAndPepper.apply(
                    to: &samples, density: density, saltShare: saltShare, pepper: pepper, salt: salt, seed: seed,
                    stream: stream, lane: SaltAndPepper.lane + lanes)
            }
        }
        slice.samples = samples
    }

    /// A copy of `slice` with several kinds of noise; see ``apply(_:to:seed:stream:)``.
    public static func applied(
        _ models: [NoiseModel], to slice: Slice, seed: UInt64, stream: UInt64 = 0
    ) -> Slice {
        var result = slice
        apply(models, to: &result, seed: seed, stream: stream)
        return result
    }
}
