/// A network made ready to denoise: batch normalization folded into weights and biases, weights transposed.
///
/// It never changes, so that several threads may use it at once.
public struct InferenceNetwork: Sendable {
    /// The shape.
    public let configuration: NetworkConfiguration

    private struct Block: Sendable {
        /// (k², C), `nil` without mixing.
        let mixWeights: FloatBuffer?
        let mixBias: FloatBuffer?
        let rows: FoldedScan
        let columns: FoldedScan
    }

    /// (w², C)
    private let embedWeights: FloatBuffer
    private let embedBias: FloatBuffer
    private let blocks: [Block]
    /// (C, w²)
    private let headWeights: FloatBuffer
    private let headBias: Float

    /// The instruction set in use: "avx512", "avx2" or "baseline". It is the best of this CPU, or what the
    /// environment variable `CTDENOISE_ISA` names; the process ends with a message if this CPU has none of that name.
    public static var instructionSet: String { Kernels.current.name }

    /// Folds and transposes the numbers of `network`.
    public init(_ network: Network) {
        let configuration = network.configuration
        let layout = network.layout
        let c = configuration.channels
        let area = configuration.window * configuration.window
        func buffer(_ range: Range<Int>) -> FloatBuffer {
            let buffer = FloatBuffer(range.count)
            buffer.floats.copy(Array(network.parameters[range]))
            return buffer
        }
        func transposed(_ range: Range<Int>, rows: Int, columns: Int) -> FloatBuffer {
            let result = FloatBuffer(range.count)
            let original = buffer(range)
            defer { extendLifetime(original) }
            result.floats.copyTransposed(of: original.floats, rows: rows, columns: columns)
            return result
        }
        self.configuration = configuration
        embedWeights = transposed(layout.embedWeights, rows: c, columns: area)
        embedBias = buffer(layout.embedBias)
        blocks = layout.blocks.map { block in
            let taps = configuration.mixing * configuration.mixing
            return Block(
                mixWeights: taps > 0 ? transposed(block.mixWeights, rows: c, columns: taps) : nil,
                mixBias: taps > 0 ? buffer(block.mixBias) : nil,
                rows: FoldedScan(block.rows, of: network), columns: FoldedScan(block.columns, of: network))
        }
        headWeights = buffer(layout.headWeights)
        headBias = network.parameters[layout.headBias.lowerBound]
    }

    /// The noise that the network sees in an image, in the same units.
    ///
    /// - Parameters:
    ///   - image: (rows, columns), in the network's units: `(HU − center) / spread`.
    ///   - rows: A multiple of the patch.
    ///   - columns: A multiple of the patch.
    ///   - threads: At most so many work at once. The result does not depend on it.
    /// - Precondition: `image.count == rows * columns`, both are positive multiples of the patch.
    /// - Complexity: O(rows · columns), and about 1 kB of memory a token at 64 channels and hidden size 48.
    public func noise(in image: [Float], rows: Int, columns: Int, threads: Int) -> [Float] {
        let patch = configuration.patch
        precondition(image.count == rows * columns && rows > 0 && columns > 0, "\(image.count) for \(rows)×\(columns)")
        precondition(rows % patch == 0 && columns % patch == 0, "\(rows)×\(columns) in patches of \(patch)")
        let kernels = Kernels.current
        let grid = TokenGrid(
            batch: 1, rows: rows, columns: columns, configuration: configuration, threads: threads, kernels: kernels)
        let tokens = grid.tokens
        let c = configuration.channels

        let pixels = FloatBuffer(rows * columns)
        pixels.floats.copy(image)
        let windows = FloatBuffer(tokens * grid.area)
        let stream = FloatBuffer(tokens * c)
        let mixed = FloatBuffer(configuration.mixing > 0 ? tokens * c : 0)
        let states = FloatBuffer(tokens * configuration.states)
        defer { extendLifetime((pixels, windows, stream, mixed, states)) }

        var (current, other) = (stream.floats, mixed.floats)
        grid.embed(
            pixels.floats, windows: windows.floats, weights: embedWeights.floats, bias: embedBias.floats, into: current)
        let along = ScanGeometry.rows(batch: 1, down: grid.down, across: grid.across)
        let downwards = ScanGeometry.columns(batch: 1, down: grid.down, across: grid.across)
        for block in blocks {
            if let weights = block.mixWeights, let bias = block.mixBias {
                grid.mix(current, weights: weights.floats, bias: bias.floats, into: other)
                swap(&current, &other)
            }
            block.rows.run(
                along, configuration: configuration, tokens: tokens, stream: current, states: states.floats,
                threads: threads, kernels: kernels)
            block.columns.run(
                downwards, configuration: configuration, tokens: tokens, stream: current, states: states.floats,
                threads: threads, kernels: kernels)
        }
        grid.head(
            current, windows: windows.floats, weights: headWeights.floats, bias: headBias, into: pixels.floats)
        return pixels.floats.array
    }
}
