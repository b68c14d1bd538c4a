/// The shape of a scanning network, which determines the layout of its parameters.
///
/// Model files store it as JSON.
package struct NetworkConfiguration: Codable, Hashable, Sendable {
    /// The place of batch normalization.
    package enum Normalization: String, Codable, Hashable, Sendable {
        /// Sequence-wise, on the input-to-hidden pre-activations: statistics are taken over batch and positions
        /// together (Laurent et al. 2015, doi 10.48550/arXiv.1510.01378).
        case sequence
        /// No normalization.
        case none
    }

    /// The samples that the network restores.
    package enum Target: String, Codable, Hashable, Sendable {
        /// All samples: predicts their noise.
        case noise
        /// Samples hit by salt-and-pepper: predicts the original value. Output elsewhere is undefined.
        case impulses
    }

    /// The samples that the network restores.
    package var target = Target.noise

    /// The side of the square of pixels that a token stands for: 1, 2 or 4.
    package var patch: Int

    /// The side of the overlapping window that a token is read from, in pixels; `window − patch` is even.
    package var window: Int

    /// The width of the stream between blocks, in floats per token.
    package var channels: Int

    /// The hidden size of each direction of each LSTM.
    package var hidden: Int

    /// The number of blocks, each with a scan along rows and one along columns.
    package var blocks: Int

    /// The side of the depth-wise convolution before the scans, in tokens: odd, or 0 for none.
    package var mixing: Int

    /// Whether each axis is scanned in both directions.
    package var bidirectional: Bool

    /// The place of batch normalization.
    package var normalization: Normalization

    /// The weight of a new batch in the running statistics, above 0 and at most 1.
    package var momentum: Double

    /// The HU that the network sees as 0.
    package var center: Double

    /// The HU above `center` that the network sees as 1.
    package var spread: Double

    /// The constant added to variances in batch normalization.
    package static let epsilon = 1e-5

    /// Creates a configuration; the defaults are the working point.
    package init(
        target: Target = .noise,
        patch: Int = 2, window: Int = 6, channels: Int = 64, hidden: Int = 48, blocks: Int = 3, mixing: Int = 5,
        bidirectional: Bool = true, normalization: Normalization = .sequence, momentum: Double = 0.1,
        center: Double = -300, spread: Double = 500
    ) {
        self.target = target
        self.patch = patch
        self.window = window
        self.channels = channels
        self.hidden = hidden
        self.blocks = blocks
        self.mixing = mixing
        self.bidirectional = bidirectional
        self.normalization = normalization
        self.momentum = momentum
        self.center = center
        self.spread = spread
    }

    /// Decodes a configuration; a missing target means noise.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        target = try values.decodeIfPresent(Target.self, forKey: .target) ?? .noise
        patch = try values.decode(Int.self, forKey: .patch)
        window = try values.decode(Int.self, forKey: .window)
        channels = try values.decode(Int.self, forKey: .channels)
        hidden = try values.decode(Int.self, forKey: .hidden)
        blocks = try values.decode(Int.self, forKey: .blocks)
        mixing = try values.decode(Int.self, forKey: .mixing)
        bidirectional = try values.decode(Bool.self, forKey: .bidirectional)
        normalization = try values.decode(Normalization.self, forKey: .normalization)
        momentum = try values.decode(Double.self, forKey: .momentum)
        center = try values.decode(Double.self, forKey: .center)
        spread = try values.decode(Double.self, forKey: .spread)
    }

    /// Why the configuration is invalid, as a phrase; `nil` if it is valid. Used to check model files.
    package var defect: String? {
        if ![1, 2, 4].contains(patch) { return "a patch of \(patch) pixels; it must be 1, 2 or 4" }
        if window < patch || window > 32 || (window - patch) % 2 != 0 {
            return
                "a window of \(window) for a patch of \(patch); "
                + "it must be at least as large, differ by an even number and be at most 32"
        }
        if !(1...1024).contains(channels) { return "\(channels) channels; there must be 1 to 1024" }
        if !(1...1024).contains(hidden) { return "a hidden size of \(hidden); it must be 1 to 1024" }
        if !(1...64).contains(blocks) { return "\(blocks) blocks; there must be 1 to 64" }
        if mixing != 0, mixing % 2 == 0 || !(1...31).contains(mixing) {
            return "a mixing size of \(mixing); it must be 0 or an odd number up to 31"
        }
        if !(momentum > 0 && momentum <= 1) { return "a momentum of \(momentum); it must be in (0, 1]" }
        if !(spread > 0 && spread.isFinite && center.isFinite) {
            return "an intensity scale of \(center) ± \(spread) HU"
        }
        return nil
    }

    /// The number of directions of a scan, 2 or 1.
    package var directions: Int { bidirectional ? 2 : 1 }

    /// The gate pre-activations per token in one scan, all directions together.
    var gates: Int { directions * 4 * hidden }

    /// The hidden states per token in one scan, all directions together.
    var states: Int { directions * hidden }
}
