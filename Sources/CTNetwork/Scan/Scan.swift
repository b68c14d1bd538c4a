internal import CTSupport

/// The data of the tokens of some sequences.
struct Tokens {
    /// The data, from the first token of the first sequence on.
    let floats: Floats
    /// The distance between sequences in floats.
    let sequence: Int
    /// The distance between tokens of a sequence in floats.
    let step: Int

    init(_ floats: Floats, sequence: Int, step: Int) {
        (self.floats, self.sequence, self.step) = (floats, sequence, step)
    }
}

/// A scan's weights, packed for the kernels, with batch normalization folded in.
struct ScanWeights: Sendable {
    private let configuration: NetworkConfiguration
    private let kernels: Kernels
    /// One part per direction.
    private let lstm: FloatBuffer
    /// (S, C)
    private let projection: FloatBuffer
    /// (C)
    private let projectionBias: FloatBuffer

    /// Allocates the weights.
    init(_ configuration: NetworkConfiguration, kernels: Kernels) {
        let (c, h) = (configuration.channels, configuration.hidden)
        self.configuration = configuration
        self.kernels = kernels
        lstm = FloatBuffer(configuration.directions * kernels.lstmPackedSize(inputs: c, hidden: h))
        projection = FloatBuffer(kernels.packedSize(configuration.states, c))
        projectionBias = FloatBuffer(c)
    }

    /// Creates the weights of a trained network: `γ (W x − μ) / √(σ² + ε) + b` as one matrix and one bias.
    ///
    /// - Parameter parameters: The network's parameters, flat.
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

    /// Sets the weights.
    ///
    /// - Parameters:
    ///   - parameters: The network's parameters, flat.
    ///   - inputWeights: (G, C), normalization folded in.
    ///   - biases: (G), normalization folded in.
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

    /// Computes the hidden states of all tokens, and keeps cell states and gates for the backward pass.
    ///
    /// - Parameters:
    ///   - stream: (N, C)
    ///   - states: (N, S)
    ///   - cells: (N·D, H), ordered by direction and `ScanGeometry.place(_:step:)`.
    ///   - gates: (N·D, 4H), activated, in the same order.
    func scan(
        _ geometry: ScanGeometry, stream: Floats, states: Floats, keepingCells cells: Floats, gates: Floats,
        threads: Int
    ) {
        let (c, h, s, directions) = (
            configuration.channels, configuration.hidden, configuration.states, configuration.directions
        )
        let tokens = states.count / s
        parallel(directions * geometry.blocks.count, threads: threads, kernels: kernels) { item, _ in
            let (direction, block) = (item % directions, item / directions)
            let first = geometry.blocks[block].first
            scan(
                Tokens(stream.from(first * c), sequence: geometry.sequenceStride * c, step: geometry.stepStride * c),
                sequences: geometry.blocks[block].count, steps: geometry.steps, direction: direction,
                states: Tokens(
                    states.from(first * s), sequence: geometry.sequenceStride * s, step: geometry.stepStride * s)
            ) { step in
                let place = direction * tokens + geometry.place(block, step: step)
                return (cells.from(place * h), gates.from(place * 4 * h))
            }
        }
    }

    /// Computes the hidden states of some sequences in one direction.
    ///
    /// - Parameters:
    ///   - inputs: C floats per token.
    ///   - states: S floats per token; those of the other direction are unchanged.
    ///   - memory: Returns the memory for the cell states and gates of a step, one sequence after the other. All steps
    ///     may share the memory for cell states, and `gates` may be `nil`.
    func scan(
        _ inputs: Tokens, sequences: Int, steps: Int, direction: Int, states: Tokens,
        memory: (_ step: Int) -> (cells: Floats, gates: Floats?)
    ) {
        let (c, h) = (configuration.channels, configuration.hidden)
        let weights = lstm(direction)
        var before: (states: Floats, cells: Floats)?
        for step in 0..<steps {
            let place = direction == 1 ? steps - 1 - step : step
            let (cells, gates) = memory(step)
            let own = states.floats.from(place * states.step + direction * h)
            kernels.lstmForward(
                sequences, inputs: c, hidden: h,
                x: Kernels.Rows(start: inputs.floats.from(place * inputs.step), stride: inputs.sequence),
                next: step + 1 < steps
                    ? inputs.floats.from((direction == 1 ? place - 1 : place + 1) * inputs.step) : nil,
                packed: weights, before: before?.states, h: Kernels.Rows(start: own, stride: states.sequence),
                cBefore: before?.cells, c: Kernels.Rows(start: cells, stride: h),
                gates: gates.map { Kernels.Rows(start: $0, stride: 4 * h) })
            before = (own, cells)
        }
    }

    /// `into` (N, C) = `onto` + the projection of `states` (N, S); `into` may be `onto`.
    func project(_ states: Floats, tokens: Int, onto: Floats, into: Floats, threads: Int) {
        let (c, s) = (configuration.channels, configuration.states)
        inChunks(of: tokens, threads: threads, kernels: kernels) { _, chunk, _ in
            project(
                states.from(chunk.lowerBound * s), tokens: chunk.count, onto: onto.from(chunk.lowerBound * c),
                into: into.from(chunk.lowerBound * c))
        }
    }

    /// The same on the calling thread.
    func project(_ states: Floats, tokens: Int, onto: Floats, into: Floats) {
        let (c, s) = (configuration.channels, configuration.states)
        kernels.gemm(
            tokens, c, s, a: states, lda: s, packed: projection.floats, bias: projectionBias.floats, onto: onto,
            ldOnto: c, into: into, ldc: c)
    }
}

/// The number of tokens per work item where order does not matter; its operands fit in L2.
let chunkSize = 256

/// Returns the number of chunks of `tokens`.
func chunkCount(_ tokens: Int) -> Int { (tokens + chunkSize - 1) / chunkSize }

/// Runs `body(number, tokens, worker)` for each chunk. Chunks depend on `tokens` alone, not on threads.
func inChunks(of tokens: Int, threads: Int, kernels: Kernels, _ body: @Sendable (Int, Range<Int>, Int) -> Void) {
    parallel(chunkCount(tokens), threads: threads, kernels: kernels) { chunk, worker in
        body(chunk, chunk * chunkSize..<min((chunk + 1) * chunkSize, tokens), worker)
    }
}
