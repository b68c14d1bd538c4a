/// The shape of a scanning network: what has to be known to read its parameters.
///
/// It is stored as JSON in the model file.
package struct NetworkConfiguration: Codable, Hashable, Sendable {
    /// Where batch normalization sits.
    package enum Normalization: String, Codable, Hashable, Sendable {
        /// Sequence-wise on the input-to-hidden pre-activations (Laurent et al. 2015,
        /// doi 10.48550/arXiv.1510.01378): statistics over batch and positions together.
        case sequence
        /// None.
        case none
    }

    /// Which samples the network is asked about.
    package enum Target: String, Codable, Hashable, Sendable {
        /// All: it sees their noise.
        case noise
        /// Those that hold salt or pepper: it knows what was there. What it says of others is worth nothing.
        case impulses
    }

    /// Which samples the network is asked about.
    package var target = Target.noise

    /// Side of the square of pixels that one token stands for: 1, 2 or 4.
    package var patch: Int

    /// Side of the overlapping window that a token is read through; `window − patch` is even.
    package var window: Int

    /// Width of the stream between blocks, in floats a token.
    package var channels: Int

    /// Hidden size of each direction of each LSTM.
    package var hidden: Int

    /// Number of blocks, each a scan along rows and a scan along columns.
    package var blocks: Int

    /// Side of the depth-wise convolution before the scans, in tokens: odd, or 0 for none.
    package var mixing: Int

    /// Whether each axis is scanned both ways.
    package var bidirectional: Bool

    /// Where batch normalization sits.
    package var normalization: Normalization

    /// The weight of a new batch in the running statistics.
    package var momentum: Double

    /// HU that the network sees as 0.
    package var center: Double

    /// HU that the network sees as 1 above ``center``.
    package var spread: Double

    /// Added to variances in batch normalization.
    package static let epsilon = 1e-5

    /// Makes a configuration; the defaults are the working point.
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

    /// Reads a configuration; where nothing is said of the target it is noise.
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

    /// Why no network can have this shape, or `nil` if one can. Model files are checked with it.
    package var defect: String? {
        if ![1, 2, 4].contains(patch) { return "a patch of \(patch) pixels; 1, 2 or 4 are possible" }
        if window < patch || window > 32 || (window - patch) % 2 != 0 {
            return
                "a window of \(window) for a patch of \(patch): it must be at least as large, differ by an even number and not exceed 32"
        }
        if !(1...1024).contains(channels) { return "\(channels) channels; 1 to 1024 are possible" }
        if !(1...1024).contains(hidden) { return "hidden size \(hidden); 1 to 1024 are possible" }
        if !(1...64).contains(blocks) { return "\(blocks) blocks; 1 to 64 are possible" }
        if mixing != 0, mixing % 2 == 0 || !(1...31).contains(mixing) {
            return "a mixing size of \(mixing); 0 or an odd number up to 31 is possible"
        }
        if !(momentum > 0 && momentum <= 1) { return "a momentum of \(momentum); it must be in (0, 1]" }
        if !(spread > 0 && spread.isFinite && center.isFinite) {
            return "an intensity scale of \(center) ± \(spread) HU"
        }
        return nil
    }

    /// Directions of a scan: 2 or 1.
    package var directions: Int { bidirectional ? 2 : 1 }

    /// Gate pre-activations of a token in one scan, all directions together.
    var gates: Int { directions * 4 * hidden }

    /// Hidden states of a token in one scan, all directions together.
    var states: Int { directions * hidden }
}
