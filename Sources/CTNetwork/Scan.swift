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

    /// Sequences of a block, except the last: what a step reads and writes stays in L1 or L2, and the kernels' tiles, of 6 or
    /// 16 rows, are full.
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
        stride(from: 0, to: sequences, by: largestBlock).map { $0..<min($0 + largestBlock, sequences) }
    }

    /// The token of a block's first sequence at `step`, counted from the end if `reverse`.
    func token(_ block: Int, step: Int, reverse: Bool) -> Int {
        blocks[block].first + (reverse ? steps - 1 - step : step) * stepStride
    }
}

/// A scan's weights in the order that the kernels want, batch normalization folded into them.
struct ScanWeights: Sendable {
    private let configuration: NetworkConfiguration
    private let kernels: Kernels
    /// Of each direction.
    private let lstm: FloatBuffer
    /// (S, C)
    private let projection: FloatBuffer
    /// (C)
    private let projectionBias: FloatBuffer

    /// Allocates them.
    init(_ configuration: NetworkConfiguration, kernels: Kernels) {
        let (c, h) = (configuration.channels, configuration.hidden)
        self.configuration = configuration
        self.kernels = kernels
        lstm = FloatBuffer(configuration.directions * kernels.lstmPackedSize(inputs: c, hidden: h))
        projection = FloatBuffer(kernels.packedSize(configuration.states, c))
        projectionBias = FloatBuffer(c)
    }

    /// Those of a trained network: `γ (W x − μ) / √(σ² + ε) + b` as one matrix and one bias.
    ///
    /// - Parameter parameters: The network's, flat.
    init(folding scan: ParameterLayout.Scan, of network: Network, parameters: Floats, kernels: Kernels) {
        self.init(network.configuration, kernels: kernels)
        let (c, g) = (network.configuration.channels, network.configuration.gates)
        let (inputWeights, biases) = (FloatBuffer(g * c), FloatBuffer(g))
        defer { extendLifetime((inputWeights, biases)) }
        for gate in 0..<g {
            var scale = 1.0
            var bias = Double(network.parameters[scan.biases.lowerBound + gate])
            if network.configuration.normalization == .sequence {
                let mean = Double(network.statistics[scan.means.lowerBound + gate])
                let variance = Double(network.statistics[scan.variances.lowerBound + gate])
                scale =
                    Double(network.parameters[scan.gains.lowerBound + gate])
                    / (variance + NetworkConfiguration.epsilon).squareRoot()
                bias -= scale * mean
            }
            biases.floats[gate] = Float(bias)
            for weight in gate * c..<(gate + 1) * c {
                inputWeights.floats[weight] = Float(
                    scale * Double(network.parameters[scan.inputWeights.lowerBound + weight]))
            }
        }
        set(parameters, scan, inputWeights: inputWeights.floats, biases: biases.floats)
    }

    /// Sets them.
    ///
    /// - Parameters:
    ///   - parameters: The network's, flat.
    ///   - inputWeights: (G, C), normalization folded in.
    ///   - biases: (G), the same.
    func set(_ parameters: Floats, _ scan: ParameterLayout.Scan, inputWeights: Floats, biases: Floats) {
        let (c, h, s) = (configuration.channels, configuration.hidden, configuration.states)
        let hiddenWeights = parameters.slice(scan.hiddenWeights)
        for direction in 0..<configuration.directions {
            kernels.lstmPack(
                inputs: c, hidden: h, inputWeights: inputWeights.from(direction * 4 * h * c),
                hiddenWeights: hiddenWeights.from(direction * 4 * h * h), bias: biases.from(direction * 4 * h),
                into: lstm(direction))
        }
        kernels.pack(s, c, parameters.slice(scan.projection), row: 1, column: s, into: projection.floats)
        projectionBias.floats.copy(parameters.slice(scan.projectionBias), c)
    }

    private func lstm(_ direction: Int) -> Floats {
        lstm.floats.from(
            direction * kernels.lstmPackedSize(inputs: configuration.channels, hidden: configuration.hidden))
    }

    /// The hidden states of all tokens.
    ///
    /// - Parameters:
    ///   - stream: (N, C)
    ///   - states: (N, S)
    ///   - cells: A scratch of `largestBlock` · H for each worker.
    func scan(_ geometry: ScanGeometry, stream: Floats, states: Floats, cells: Scratch, threads: Int) {
        scan(geometry, stream: stream, states: states, threads: threads, gates: nil) { _, worker in
            (cells[worker], configuration.hidden, 0)
        }
    }

    /// The same, and the cell states (N, S) and activated gates (N, G) for the way back.
    func scan(
        _ geometry: ScanGeometry, stream: Floats, states: Floats, keepingCells cells: Floats, gates: Floats,
        threads: Int
    ) {
        let (h, s) = (configuration.hidden, configuration.states)
        scan(geometry, stream: stream, states: states, threads: threads, gates: gates) { direction, _ in
            (cells.from(direction * h), geometry.sequenceStride * s, s)
        }
    }

    /// A scratch for ``scan(_:stream:states:cells:threads:)`` along any of `geometries`.
    static func cells(_ geometries: [ScanGeometry], _ configuration: NetworkConfiguration, threads: Int) -> Scratch {
        Scratch(
            items: configuration.directions * (geometries.map(\.blocks.count).max() ?? 0), threads: threads,
            ScanGeometry.largestBlock * configuration.hidden)
    }

    /// - Parameter cells: Where a direction's cell states of a worker are, from one sequence to the next, and from one token
    ///   to the next: 0 if each step takes the place of the one before.
    private func scan(
        _ geometry: ScanGeometry, stream: Floats, states: Floats, threads: Int, gates: Floats?,
        cells: @Sendable (_ direction: Int, _ worker: Int) -> (start: Floats, sequence: Int, token: Int)
    ) {
        let (c, h, g, s) = (
            configuration.channels, configuration.hidden, configuration.gates, configuration.states
        )
        let directions = configuration.directions
        parallel(directions * geometry.blocks.count, threads: threads, kernels: kernels) { item, worker in
            let (direction, block) = (item % directions, item / directions)
            let (start, sequence, perToken) = cells(direction, worker)
            let weights = lstm(direction)
            var before: Int?
            for step in 0..<geometry.steps {
                let token = geometry.token(block, step: step, reverse: direction == 1)
                let next =
                    step + 1 < geometry.steps
                    ? geometry.token(block, step: step + 1, reverse: direction == 1) : nil
                kernels.lstmForward(
                    geometry.blocks[block].count, inputs: c, hidden: h,
                    x: Kernels.Rows(start: stream.from(token * c), stride: geometry.sequenceStride * c),
                    next: next.map { stream.from($0 * c) }, packed: weights,
                    before: before.map { states.from($0 * s + direction * h) },
                    h: Kernels.Rows(
                        start: states.from(token * s + direction * h), stride: geometry.sequenceStride * s),
                    cBefore: before.map { start.from($0 * perToken) },
                    c: Kernels.Rows(start: start.from(token * perToken), stride: sequence),
                    gates: gates.map {
                        Kernels.Rows(
                            start: $0.from(token * g + direction * 4 * h), stride: geometry.sequenceStride * g)
                    })
                before = token
            }
        }
    }

    /// `into` (N, C) = `onto` + the projection of `states` (N, S); `into` may be `onto`.
    func project(_ states: Floats, tokens: Int, onto: Floats, into: Floats, threads: Int) {
        let (c, s) = (configuration.channels, configuration.states)
        inChunks(of: tokens, threads: threads, kernels: kernels) { _, chunk, _ in
            kernels.gemm(
                chunk.count, c, s, a: states.from(chunk.lowerBound * s), lda: s, packed: projection.floats,
                bias: projectionBias.floats, onto: onto.from(chunk.lowerBound * c), ldOnto: c,
                into: into.from(chunk.lowerBound * c), ldc: c)
        }
    }
}

/// Tokens that one work item handles where no order matters: its operands fit L2.
let chunkSize = 256

/// The number of chunks of `tokens`.
func chunkCount(_ tokens: Int) -> Int { (tokens + chunkSize - 1) / chunkSize }

/// Runs `body(number, tokens, worker)` for each chunk. Chunks depend on `tokens` alone, not on threads.
func inChunks(of tokens: Int, threads: Int, kernels: Kernels, _ body: @Sendable (Int, Range<Int>, Int) -> Void) {
    parallel(chunkCount(tokens), threads: threads, kernels: kernels) { chunk, worker in
        body(chunk, chunk * chunkSize..<min((chunk + 1) * chunkSize, tokens), worker)
    }
}
