internal import CTSupport
internal import CTImages

/// One kind of noise or artefact, with its strength.
///
/// Its text form, for the command line and manifests, is a name, a colon, the strength and options, such as
/// `white:25/255`, `impulses:10%,salt=1` or `correlated:30hu,kernel=sharp`. docs/noise.md has the numbers, units and
/// sources.
public enum NoiseStep: Hashable, Sendable {
    /// Additive white Gaussian noise of this standard deviation.
    case white(NoiseStrength)

    /// Replaces each sample, with probability `density`, by salt (1023 HU), with probability `salt`, or else by pepper
    /// (−1024 HU). Both are in 0…1.
    case impulses(density: Double, salt: Double = 0.5)

    /// Poisson noise of HU + 1000, which is proportional to attenuation. The variance is proportional to HU + 1000, and
    /// in water it is the square of this strength. Followed by white noise it is the Poisson–Gaussian noise of Foi et
    /// al. 2008 (doi 10.1109/TIP.2008.2001399).
    case poisson(NoiseStrength)

    /// Multiplies HU + 1000 by 1 + this · a Gaussian deviate.
    case speckle(Double)

    /// Additive Gaussian noise of this standard deviation, whose power spectrum is frequency times the square of the
    /// kernel's weight: white noise after filtered back-projection. `pixel` is the side of a pixel in mm.
    case correlated(NoiseStrength, kernel: ReconstructionKernel = .soft, pixel: Double = 0.7)

    /// Shifts each one-pixel-wide circle around the centre of the slice, with probability `share`, by a Gaussian
    /// deviate of this standard deviation, as uncalibrated detector cells do.
    case rings(NoiseStrength, share: Double = 0.1)

    /// Shifts each column, with probability `share`, by a Gaussian deviate of this standard deviation.
    case columns(NoiseStrength, share: Double = 0.1)

    /// Simulates a fraction of the dose; see ``LowDose``.
    case dose(LowDose)

    /// Noise as scanners make it; see ``ScannerNoise``.
    case scanner(ScannerNoise)

    /// What is wrong with the numbers, as a phrase; `nil` if they are valid.
    var complaint: String? {
        func share(_ value: Double, _ name: String) -> String? {
            (0...1).contains(value) ? nil : "\(name) of \(plain(value)); it must be in 0…1, such as 0.1 for 10 %"
        }
        switch self {
        case .white(let strength), .poisson(let strength):
            return strength.complaint
        case .impulses(let density, let salt):
            return share(density, "a density") ?? share(salt, "a share of salt")
        case .speckle(let value):
            return value >= 0 && value.isFinite ? nil : "a strength of \(value); it must be finite and not negative"
        case .correlated(let strength, let kernel, let pixel):
            return strength.complaint ?? complaint(kernel, pixel)
        case .rings(let strength, let value), .columns(let strength, let value):
            return strength.complaint ?? share(value, "a share")
        case .dose(let dose):
            if !(dose.fraction > 0 && dose.fraction < 1) {
                return "a dose of \(plain(dose.fraction)); it must be a fraction between 0 and 1"
            }
            return dose.noise?.complaint ?? complaint(dose.kernel, dose.pixel)
        case .scanner(let noise):
            return noise.strength.complaint ?? complaint(noise.kernel, noise.pixel) ?? noise.complaint
        }
    }

    private func complaint(_ kernel: ReconstructionKernel, _ pixel: Double) -> String? {
        if !(pixel >= 0.01 && pixel <= 100) { return "pixels of \(plain(pixel)) mm; they must be 0.01 to 100 mm" }
        switch kernel {
        case .ramLak: return nil
        case .hann(let frequency), .gaussian(let frequency):
            // With less, no wave fits into a slice.
            return frequency * pixel >= 0.02 && frequency.isFinite
                ? nil
                : "a kernel that ends at \(plain(frequency)) per mm; "
                    + "with pixels of \(plain(pixel)) mm it must be at least \(plain(0.02 / pixel))"
        }
    }

    /// The number that separates the draws of this kind from those of others.
    var lane: UInt64 {
        switch self {
        case .white: WhiteNoise.lane
        case .impulses: SaltAndPepper.lane
        case .poisson: 3
        case .speckle: 4
        case .correlated: 5
        case .rings: 6
        case .columns: 7
        case .dose: 8
        case .scanner: 9
        }
    }
}

// MARK: - Description

extension NoiseStep: CustomStringConvertible {
    /// A human-readable description, such as "white noise, standard deviation 40 HU".
    public var description: String {
        switch self {
        case .white(let strength):
            "white noise, standard deviation \(strength)"
        case .impulses(let density, let salt):
            "salt and pepper, density \(percent(density)), salt share \(percent(salt)) (salt 1023 HU, pepper −1024 HU)"
        case .poisson(let strength):
            "Poisson noise, standard deviation \(strength) in water"
        case .speckle(let value):
            "speckle, standard deviation \(percent(value)) of HU + 1000"
        case .correlated(let strength, let kernel, let pixel):
            "correlated noise, standard deviation \(strength), kernel \(kernel.text), pixels of \(plain(pixel)) mm"
        case .rings(let strength, let share):
            "rings, standard deviation \(strength), \(percent(share)) of all"
        case .columns(let strength, let share):
            "columns, standard deviation \(strength), \(percent(share)) of all"
        case .dose(let dose):
            "dose \(percent(dose.fraction)), noise at full dose \(dose.noise.map { "\($0)" } ?? "as measured"), "
                + "kernel \(dose.kernel.text), pixels of \(plain(dose.pixel)) mm"
        case .scanner(let noise):
            "scanner noise, standard deviation \(noise.strength), kernel \(noise.kernel.text), pixels of "
                + "\(plain(noise.pixel)) mm, edge enhancement \(plain(noise.edge)), ramp \(plain(noise.ramp)), "
                + "streaks \(plain(noise.streaks)), lateral ratio \(plain(noise.lateral))"
        }
    }
}

/// Returns a share in percent, rounded to a hundredth of a percent.
func percent(_ share: Double) -> String {
    "\(plain((share * 10_000).rounded() / 100)) %"
}
