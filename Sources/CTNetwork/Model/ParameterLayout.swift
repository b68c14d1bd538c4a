/// The place of each tensor of a network in the flat arrays of parameters and statistics.
///
/// Tensors have the names and shapes that PyTorch would give them. Those of the two directions of a scan are adjacent,
/// so that one matrix product covers both.
package struct ParameterLayout: Hashable, Sendable {
    /// One tensor.
    package struct Entry: Hashable, Sendable {
        /// The name, for example `blocks.0.rows.weight_ih_l0_reverse`.
        package let name: String
        /// The sizes, slowest-varying first.
        package let shape: [Int]
        /// The place in the flat array.
        package let range: Range<Int>
    }

    /// The tensors of one scan, with `D` directions and `G = D·4H` gates.
    struct Scan: Hashable, Sendable {
        /// (G, C)
        var inputWeights = 0..<0
        /// (D, 4H, H)
        var hiddenWeights = 0..<0
        /// (G)
        var biases = 0..<0
        /// γ (G); empty without normalization.
        var gains = 0..<0
        /// (C, D·H)
        var projection = 0..<0
        /// (C)
        var projectionBias = 0..<0
        /// (G), in the statistics.
        var means = 0..<0
        /// (G), in the statistics.
        var variances = 0..<0
    }

    struct Block: Hashable, Sendable {
        /// (C, 1, k, k); empty without mixing.
        var mixWeights = 0..<0
        /// (C)
        var mixBias = 0..<0
        var rows = Scan()
        var columns = Scan()
    }

    /// The tensors changed by gradient descent, in the order of the flat array.
    package private(set) var parameters: [Entry] = []

    /// The running means and variances, in the order of the flat array.
    package private(set) var statistics: [Entry] = []

    /// (C, 1, w, w) and (C)
    private(set) var embedWeights = 0..<0
    private(set) var embedBias = 0..<0
    private(set) var blocks: [Block] = []
    /// (C, 1, w, w) and (1)
    private(set) var headWeights = 0..<0
    private(set) var headBias = 0..<0

    /// The number of parameters.
    package var parameterCount: Int { parameters.last?.range.upperBound ?? 0 }

    /// The number of running statistics.
    package var statisticCount: Int { statistics.last?.range.upperBound ?? 0 }

    /// Creates the layout of networks with this shape.
    package init(_ configuration: NetworkConfiguration) {
        let c = configuration.channels
        let w = configuration.window
        embedWeights = parameter("embed.weight", [c, 1, w, w])
        embedBias = parameter("embed.bias", [c])
        for index in 0..<configuration.blocks {
            let prefix = "blocks.\(index)."
            var block = Block()
            if configuration.mixing > 0 {
                block.mixWeights = parameter(prefix + "mix.weight", [c, 1, configuration.mixing, configuration.mixing])
                block.mixBias = parameter(prefix + "mix.bias", [c])
            }
            block.rows = scan(prefix + "rows.", configuration)
            block.columns = scan(prefix + "columns.", configuration)
            blocks.append(block)
        }
        headWeights = parameter("head.weight", [c, 1, w, w])
        headBias = parameter("head.bias", [1])
    }

    private mutating func scan(_ prefix: String, _ configuration: NetworkConfiguration) -> Scan {
        let c = configuration.channels
        let h = configuration.hidden
        let suffixes = configuration.bidirectional ? ["", "_reverse"] : [""]
        func joined(_ ranges: [Range<Int>]) -> Range<Int> {
            guard let first = ranges.first, let last = ranges.last else { return 0..<0 }
            return first.lowerBound..<last.upperBound
        }
        var scan = Scan()
        scan.inputWeights = joined(suffixes.map { parameter(prefix + "weight_ih_l0" + $0, [4 * h, c]) })
        scan.hiddenWeights = joined(suffixes.map { parameter(prefix + "weight_hh_l0" + $0, [4 * h, h]) })
        scan.biases = joined(suffixes.map { parameter(prefix + "bias_ih_l0" + $0, [4 * h]) })
        if configuration.normalization == .sequence {
            scan.gains = joined(suffixes.map { parameter(prefix + "norm.weight" + $0, [4 * h]) })
            scan.means = joined(suffixes.map { statistic(prefix + "norm.running_mean" + $0, [4 * h]) })
            scan.variances = joined(suffixes.map { statistic(prefix + "norm.running_var" + $0, [4 * h]) })
        }
        scan.projection = parameter(prefix + "project.weight", [c, suffixes.count * h])
        scan.projectionBias = parameter(prefix + "project.bias", [c])
        return scan
    }

    private mutating func parameter(_ name: String, _ shape: [Int]) -> Range<Int> {
        Self.append(name, shape, to: &parameters)
    }

    private mutating func statistic(_ name: String, _ shape: [Int]) -> Range<Int> {
        Self.append(name, shape, to: &statistics)
    }

    private static func append(_ name: String, _ shape: [Int], to entries: inout [Entry]) -> Range<Int> {
        let start = entries.last?.range.upperBound ?? 0
        let range = start..<start + shape.reduce(1, *)
        entries.append(Entry(name: name, shape: shape, range: range))
        return range
    }
}
