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
        }
    }
}

/// Returns a share in percent, rounded to a hundredth of a percent.
func percent(_ share: Double) -> String {
    "\(plain((share * 10_000).rounded() / 100)) %"
}

// MARK: - As text

extension NoiseStep: Codable {
    /// An error thrown when a text does not describe noise.
    public struct ParsingError: Error, Hashable, Sendable, CustomStringConvertible {
        /// The text.
        public let text: String
        /// What is wrong with it, and what is accepted.
        public let reason: String
        /// What was found, what was expected and what to do, in one sentence.
        public var description: String { "“\(text)” is not valid noise: \(reason)" }
    }

    /// The accepted forms, for messages.
    public static let accepted =
        "write white:25/255, impulses:10%,salt=0.5, poisson:30hu, speckle:5%, correlated:30hu,kernel=soft, "
        + "rings:20hu,share=10%, columns:20hu,share=10% or dose:25%,noise=15hu,kernel=soft"

    /// Creates noise from text such as `white:25/255`; blanks and case are ignored.
    ///
    /// - Throws: ``ParsingError`` if the kind is unknown, or a value is missing, invalid or not an option of the kind.
    public init(_ text: String) throws(ParsingError) {
        func error(_ reason: String) -> ParsingError {
            ParsingError(text: text, reason: "\(reason); \(Self.accepted).")
        }
        let whole = text
        let compact = text.lowercased().filter { !$0.isWhitespace }
        guard let colon = compact.firstIndex(of: ":") else { throw error("it is not KIND:STRENGTH") }
        let kind = compact[..<colon]
        var parts = compact[compact.index(after: colon)...].split(separator: ",", omittingEmptySubsequences: false)
        let first = String(parts.removeFirst())
        var options: [Substring: Substring] = [:]
        for part in parts {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, options.updateValue(pair[1], forKey: pair[0]) == nil else {
                throw error("“\(part)” is not NAME=VALUE, or repeats a name")
            }
        }
        func strength(_ text: String) throws(ParsingError) -> NoiseStrength {
            do throws(NoiseStrength.ParsingError) {
                return try NoiseStrength(text)
            } catch {
                throw ParsingError(text: whole, reason: error.reason)
            }
        }
        func number(_ name: Substring, _ standard: Double) throws(ParsingError) -> Double {
            guard let text = options.removeValue(forKey: name) else { return standard }
            guard let value = Self.share(text) else { throw error("“\(text)” is not a number") }
            return value
        }
        func kernel() throws(ParsingError) -> ReconstructionKernel {
            guard let value = options.removeValue(forKey: "kernel") else { return .soft }
            guard let kernel = ReconstructionKernel(text: value) else {
                throw error("“\(value)” is not a kernel: soft, sharp, ramlak, hann0.7 or gauss0.4, in 1/mm")
            }
            return kernel
        }
        func share() throws(ParsingError) -> Double {
            guard let value = Self.share(Substring(first)) else { throw error("“\(first)” is not a share such as 10%") }
            return value
        }
        switch kind {
        case "white": self = .white(try strength(first))
        case "impulses": self = .impulses(density: try share(), salt: try number("salt", 0.5))
        case "poisson": self = .poisson(try strength(first))
        case "speckle": self = .speckle(try share())
        case "correlated":
            self = .correlated(try strength(first), kernel: try kernel(), pixel: try number("pixel", 0.7))
        case "rings": self = .rings(try strength(first), share: try number("share", 0.1))
        case "columns": self = .columns(try strength(first), share: try number("share", 0.1))
        case "dose":
            var noise: NoiseStrength?
            if let text = options.removeValue(forKey: "noise") { noise = try strength(String(text)) }
            self = .dose(
                LowDose(
                    fraction: try share(), noise: noise, kernel: try kernel(), pixel: try number("pixel", 0.7)))
        default: throw error("“\(kind)” is not a kind")
        }
        if let name = options.keys.min() { throw error("“\(name)” is not an option of “\(kind)”") }
        if let complaint { throw error("found \(complaint)") }
    }

    /// The text form, which ``init(_:)`` reads back exactly.
    public var text: String {
        switch self {
        case .white(let strength): "white:\(strength.text)"
        case .impulses(let density, let salt): "impulses:\(plain(density)),salt=\(plain(salt))"
        case .poisson(let strength): "poisson:\(strength.text)"
        case .speckle(let value): "speckle:\(plain(value))"
        case .correlated(let strength, let kernel, let pixel):
            "correlated:\(strength.text),kernel=\(kernel.text),pixel=\(plain(pixel))"
        case .rings(let strength, let share): "rings:\(strength.text),share=\(plain(share))"
        case .columns(let strength, let share): "columns:\(strength.text),share=\(plain(share))"
        case .dose(let dose):
            "dose:\(plain(dose.fraction))" + (dose.noise.map { ",noise=\($0.text)" } ?? "")
                + ",kernel=\(dose.kernel.text),pixel=\(plain(dose.pixel))"
        }
    }

    /// Parses a share such as 10%, 1/10 or 0.1.
    private static func share(_ text: Substring) -> Double? {
        if let value = Double(text) { return value }
        guard case .part(let part, let whole)? = try? NoiseStrength(String(text)) else { return nil }
        return part / whole
    }

    /// Decodes the ``text`` form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            try self.init(try container.decode(String.self))
        } catch let error as ParsingError {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
        }
    }

    /// Encodes the ``text`` form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension ReconstructionKernel {
    /// The kernel in the text form of noise.
    var text: String {
        switch self {
        case .soft: "soft"
        case .sharp: "sharp"
        case .ramLak: "ramlak"
        case .hann(let cutoff): "hann\(plain(cutoff))"
        case .gaussian(let width): "gauss\(plain(width))"
        }
    }

    init?(text: Substring) {
        switch text {
        case "soft": self = .soft
        case "sharp": self = .sharp
        case "ramlak": self = .ramLak
        default:
            if text.hasPrefix("hann"), let value = Double(text.dropFirst(4)) {
                self = .hann(cutoff: value)
            } else if text.hasPrefix("gauss"), let value = Double(text.dropFirst(5)) {
                self = .gaussian(width: value)
            } else {
                return nil
            }
        }
    }
}
