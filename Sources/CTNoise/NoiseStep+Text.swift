internal import CTSupport

extension NoiseStep: Codable {
    /// The accepted forms, for messages.
    package static let accepted =
        "write white:25/255, impulses:10%,salt=0.5, poisson:30hu, speckle:5%, correlated:30hu,kernel=soft, "
        + "scanner:30hu,kernel=soft,streaks=1, rings:20hu,share=10%, columns:20hu,share=10% or "
        + "dose:25%,noise=15hu,kernel=soft"

    /// Creates noise from text such as `white:25/255`; blanks and case are ignored.
    ///
    /// - Throws: ``NoiseError`` if the kind is unknown, or a value is missing, invalid or not an option of the kind.
    public init(_ text: String) throws(NoiseError) {
        var parts = try Parts(text)
        switch parts.kind {
        case "white": self = .white(try parts.strength())
        case "impulses": self = .impulses(density: try parts.share(), salt: try parts.number("salt", or: 0.5))
        case "poisson": self = .poisson(try parts.strength())
        case "speckle": self = .speckle(try parts.share())
        case "correlated":
            self = .correlated(
                try parts.strength(), kernel: try parts.kernel(), pixel: try parts.number("pixel", or: 0.7))
        case "rings": self = .rings(try parts.strength(), share: try parts.number("share", or: 0.1))
        case "columns": self = .columns(try parts.strength(), share: try parts.number("share", or: 0.1))
        case "dose":
            self = .dose(
                LowDose(
                    fraction: try parts.share(), noise: try parts.strength("noise"), kernel: try parts.kernel(),
                    pixel: try parts.number("pixel", or: 0.7)))
        case "scanner":
            self = .scanner(
                ScannerNoise(
                    try parts.strength(), kernel: try parts.kernel(), pixel: try parts.number("pixel", or: 0.7),
                    edge: try parts.number("edge", or: 0), ramp: try parts.number("ramp", or: 1),
                    streaks: try parts.number("streaks", or: 1), lateral: try parts.number("lateral", or: 1)))
        default: throw parts.error("“\(parts.kind)” is not a kind")
        }
        if let name = parts.options.keys.min() {
            throw parts.error("“\(name)” is not an option of “\(parts.kind)”")
        }
        if let complaint { throw parts.error("found \(complaint)") }
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
        case .scanner(let noise):
            "scanner:\(noise.strength.text),kernel=\(noise.kernel.text),pixel=\(plain(noise.pixel)),"
                + "edge=\(plain(noise.edge)),ramp=\(plain(noise.ramp)),streaks=\(plain(noise.streaks)),"
                + "lateral=\(plain(noise.lateral))"
        }
    }

    /// Decodes the ``text`` form.
    public init(from decoder: any Decoder) throws {
        self = try decoded(from: decoder) { text throws(NoiseError) in try NoiseStep(text) }
    }

    /// Encodes the ``text`` form.
    public func encode(to encoder: any Encoder) throws { try CTNoise.encode(text, to: encoder) }
}

extension NoiseStep {
    /// The parts of a text: a kind, a value, and options that are taken out as they are read.
    private struct Parts {
        let text: String
        let kind: Substring
        let value: String
        var options: [Substring: Substring] = [:]

        init(_ text: String) throws(NoiseError) {
            self.text = text
            let compact = text.lowercased().filter { !$0.isWhitespace }
            guard let colon = compact.firstIndex(of: ":") else {
                throw NoiseError(text: text, reason: "it is not KIND:STRENGTH; \(NoiseStep.accepted).")
            }
            kind = compact[..<colon]
            var parts = compact[compact.index(after: colon)...].split(separator: ",", omittingEmptySubsequences: false)
            value = String(parts.removeFirst())
            for part in parts {
                let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard pair.count == 2, options.updateValue(pair[1], forKey: pair[0]) == nil else {
                    throw error("“\(part)” is not NAME=VALUE, or repeats a name")
                }
            }
        }

        func error(_ reason: String) -> NoiseError {
            NoiseError(text: text, reason: "\(reason); \(NoiseStep.accepted).")
        }

        /// The value as a strength.
        func strength() throws(NoiseError) -> NoiseStrength { try strength(of: value) }

        /// An option that is a strength; `nil` if it is not there.
        mutating func strength(_ name: Substring) throws(NoiseError) -> NoiseStrength? {
            guard let option = options.removeValue(forKey: name) else { return nil }
            return try strength(of: String(option))
        }

        private func strength(of part: String) throws(NoiseError) -> NoiseStrength {
            do throws(NoiseError) {
                return try NoiseStrength(part)
            } catch {
                throw NoiseError(text: text, reason: error.reason)
            }
        }

        /// The value as a share.
        func share() throws(NoiseError) -> Double {
            guard let share = Self.share(Substring(value)) else {
                throw error("“\(value)” is not a share such as 10%")
            }
            return share
        }

        /// An option that is a number.
        mutating func number(_ name: Substring, or standard: Double) throws(NoiseError) -> Double {
            guard let option = options.removeValue(forKey: name) else { return standard }
            guard let value = Self.share(option) else { throw error("“\(option)” is not a number") }
            return value
        }

        /// The option `kernel`.
        mutating func kernel() throws(NoiseError) -> ReconstructionKernel {
            guard let option = options.removeValue(forKey: "kernel") else { return .soft }
            guard let kernel = ReconstructionKernel(text: option) else {
                throw error("“\(option)” is not a kernel: soft, sharp, ramlak, hann0.7 or gauss0.4, in 1/mm")
            }
            return kernel
        }

        /// Parses a share such as 10%, 1/10 or 0.1.
        private static func share(_ text: Substring) -> Double? {
            if let value = Double(text) { return value }
            guard case .part(let part, let whole)? = try? NoiseStrength(String(text)) else { return nil }
            return part / whole
        }
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
