/// The order in which a grid of tokens is read: along rows or along columns.
///
/// Tokens lie in memory as (batch, down, across). A scan reads many sequences side by side; they are cut
/// into blocks, and one work item runs all steps of one block in one direction, so that its states stay in
/// the cache. Rows and columns differ only in strides: nothing is transposed.
struct ScanGeometry: Sendable {
    /// Tokens of one sequence.
    let steps: Int
    /// Tokens from one step to the next.
    let stepStride: Int
    /// Tokens from one sequence to the next, within a block.
    let sequenceStride: Int
    /// First token and number of sequences of each block.
    let blocks: [(first: Int, count: Int)]

    /// At most this many sequences a block: pre-activations of a step stay in L1 or L2.
    static let largestBlock = 48

    /// Along token rows: each row of each image is a sequence.
    static func rows(batch: Int, down: Int, across: Int) -> ScanGeometry {
        ScanGeometry(
            steps: across, stepStride: 1, sequenceStride: across,
            blocks: cut(batch * down).map { (first: $0.lowerBound * across, count: $0.count) })
    }

    /// Along token columns: each column of each image is a sequence. Blocks do not span images, since the
    /// stride would not be uniform.
    static func columns(batch: Int, down: Int, across: Int) -> ScanGeometry {
        ScanGeometry(
            steps: down, stepStride: across, sequenceStride: 1,
            blocks: (0..<batch).flatMap { image in
                cut(across).map { (first: image * down * across + $0.lowerBound, count: $0.count) }
            })
    }

    private static func cut(_ sequences: Int) -> [Range<Int>] {
        let pieces = (sequences + largestBlock - 1) / largestBlock
        return (0..<pieces).map { sequences * $0 / pieces..<sequences * ($0 + 1) / pieces }
    }

    /// The token of a block's first sequence at `step`, counted from the end if `reverse`.
    func token(_ block: Int, step: Int, reverse: Bool) -> Int {
        blocks[block].first + (reverse ? steps - 1 - step : step) * stepStride
    }
}

/// The weights of one scan in the order that inference wants: transposed, batch normalization folded in.
struct FoldedScan: Sendable {
    /// (D, C, 4H): inputs to gates.
    let inputs: FloatBuffer
    /// (D, H, 4H): hidden states to gates.
    let hiddens: FloatBuffer
    /// (D, 4H)
    let biases: FloatBuffer
    /// (D·H, C)
    let projection: FloatBuffer
    /// (C)
    let projectionBias: FloatBuffer

    /// Folds `γ (W x − μ) / √(σ² + ε) + b` into one matrix and one bias.
    init(_ scan: ParameterLayout.Scan, of network: Network) {
        let configuration = network.configuration
        let (c, h, g) = (configuration.channels, configuration.hidden, configuration.gates)
        inputs = FloatBuffer(g * c)
        hiddens = FloatBuffer(g * h)
        biases = FloatBuffer(g)
        projection = FloatBuffer(c * configuration.states)
        projectionBias = FloatBuffer(c)
        for gate in 0..<g {
            let (direction, own) = (gate / (4 * h), gate % (4 * h))
            var scale = 1.0
            var bias = Double(network.parameters[scan.biases.lowerBound + gate])
            if configuration.normalization == .sequence {
                let mean = Double(network.statistics[scan.means.lowerBound + gate])
                let variance = Double(network.statistics[scan.variances.lowerBound + gate])
                scale =
                    Double(network.parameters[scan.gains.lowerBound + gate])
                    / (variance + NetworkConfiguration.epsilon).squareRoot()
                bias -= scale * mean
            }
            biases.floats[gate] = Float(bias)
            for channel in 0..<c {
                let weight = Double(network.parameters[scan.inputWeights.lowerBound + gate * c + channel])
                inputs.floats[(direction * c + channel) * 4 * h + own] = Float(scale * weight)
            }
            for state in 0..<h {
                hiddens.floats[(direction * h + state) * 4 * h + own] =
                    network.parameters[scan.hiddenWeights.lowerBound + gate * h + state]
            }
        }
        let states = configuration.states
        for channel in 0..<c {
            projectionBias.floats[channel] = network.parameters[scan.projectionBias.lowerBound + channel]
            for state in 0..<states {
                projection.floats[state * c + channel] =
                    network.parameters[scan.projection.lowerBound + channel * states + state]
            }
        }
    }

    /// Adds the scan's output to `stream` (N, C), through `states` (N, D·H).
    func run(
        _ geometry: ScanGeometry, configuration: NetworkConfiguration, tokens: Int, stream: Floats, states: Floats,
        threads: Int, kernels: Kernels
    ) {
        let (c, h, width) = (configuration.channels, configuration.hidden, configuration.states)
        parallel(configuration.directions * geometry.blocks.count, threads: threads) { item in
            let (direction, block) = (item % configuration.directions, item / configuration.directions)
            let count = geometry.blocks[block].count
            let scratch = FloatBuffer(count * 5 * h)
            defer { extendLifetime(scratch) }
            let z = scratch.floats.slice(0..<count * 4 * h)
            let cell = scratch.floats.from(count * 4 * h)
            let inputWeights = inputs.floats.from(direction * c * 4 * h)
            let hiddenWeights = hiddens.floats.from(direction * h * 4 * h)
            let bias = biases.floats.from(direction * 4 * h)
            var before: Floats?
            for step in 0..<geometry.steps {
                let token = geometry.token(block, step: step, reverse: direction == 1)
                for sequence in 0..<count { z.from(sequence * 4 * h).copy(bias, 4 * h) }
                kernels.gemm(
                    count, 4 * h, c, a: stream.from(token * c), row: geometry.sequenceStride * c, b: inputWeights,
                    ldb: 4 * h, into: z, ldc: 4 * h, accumulate: true)
                if let before {
                    kernels.gemm(
                        count, 4 * h, h, a: before, row: geometry.sequenceStride * width, b: hiddenWeights,
                        ldb: 4 * h, into: z, ldc: 4 * h, accumulate: true)
                }
                let output = states.from(token * width + direction * h)
                kernels.lstmForward(
                    count, hidden: h, z: z, ldz: 4 * h, before: step == 0 ? nil : cell, ldBefore: h, c: cell, ldc: h,
                    h: output, ldh: geometry.sequenceStride * width, save: false)
                before = output
            }
        }
        project(
            tokens: tokens, channels: c, width: width, states: states, weights: projection.floats,
            bias: projectionBias.floats, onto: stream, into: stream, threads: threads, kernels: kernels)
    }
}

/// `into` (N, C) = `onto` + `states` (N, width) · `weights` (width, C) + `bias`.
func project(
    tokens: Int, channels c: Int, width: Int, states: Floats, weights: Floats, bias: Floats, onto: Floats,
    into: Floats, threads: Int, kernels: Kernels
) {
    inChunks(of: tokens, threads: threads) { _, chunk in
        let output = into.from(chunk.lowerBound * c)
        kernels.affine(
            chunk.count, c, onto.from(chunk.lowerBound * c), ld: c, scale: nil, shift: bias, into: output, ldy: c)
        kernels.gemm(
            chunk.count, c, width, a: states.from(chunk.lowerBound * width), row: width, b: weights, ldb: c,
            into: output, ldc: c, accumulate: true)
    }
}

/// Tokens that one work item handles where no order matters: its operands fit L2.
let chunkSize = 256

/// The number of chunks of `tokens`.
func chunkCount(_ tokens: Int) -> Int { (tokens + chunkSize - 1) / chunkSize }

/// Runs `body(number, tokens)` for each chunk. Chunks depend on `tokens` alone, not on threads.
func inChunks(of tokens: Int, threads: Int, _ body: @Sendable (Int, Range<Int>) -> Void) {
    parallel(chunkCount(tokens), threads: threads) { chunk in
        body(chunk, chunk * chunkSize..<min((chunk + 1) * chunkSize, tokens))
    }
}
