/// One scan along token rows as in inference, except that its states are copied out instead of being projected and
/// added to the stream. Benchmarks compare it with the LSTMs of other libraries.
package final class LoneScan {
    private let weights: ScanWeights
    private let scan: BandedScan
    private let scratch: Scratch
    private let configuration: NetworkConfiguration
    private let across: Int
    private let stream: FloatBuffer
    private let states: FloatBuffer

    /// Creates the row scan of the first block of `network`, over `down` sequences of `across` tokens.
    ///
    /// - Precondition: `down`, `across` and `threads` are positive.
    package init(_ network: Network, down: Int, across: Int, threads: Int, precision: Precision = .single) {
        precondition(down > 0 && across > 0 && threads > 0, "\(down) sequences of \(across) tokens, \(threads) threads")
        let configuration = network.configuration
        let parameters = FloatBuffer(network.parameters.count)
        defer { extendLifetime(parameters) }
        parameters.floats.copy(network.parameters)
        let kernels = Kernels.current(precision)
        weights = ScanWeights(
            folding: network.layout.blocks[0].rows, of: network, parameters: parameters.floats, kernels: kernels)
        let patch = configuration.patch
        let grid = TokenGrid(
            batch: 1, rows: down * patch, columns: across * patch, configuration: configuration, threads: threads,
            kernels: kernels)
        scan = BandedScan(.rows, of: grid)
        scratch = BandedScan.scratch([scan], threads: threads)
        stream = FloatBuffer(grid.tokens * configuration.channels)
        states = FloatBuffer(grid.tokens * configuration.states)
        self.configuration = configuration
        self.across = across
    }

    /// Sets the input, (down, across, C).
    ///
    /// - Precondition: `tokens.count` is down · across · C.
    package func read(_ tokens: [Float]) {
        precondition(tokens.count == stream.floats.count, "\(tokens.count) values for \(stream.floats.count)")
        stream.floats.copy(tokens)
    }

    /// Scans the input once.
    package func run() {
        let (c, s, stream, output) = (
            configuration.channels, configuration.states, stream.floats, states.floats
        )
        let across = across
        scan.run(weights, scratch: scratch) { band, _, _ in
            Tokens(stream.from(band.lowerBound * across * c), sequence: across * c, step: c)
        } finish: { token, tokens, _, states in
            output.from(token * s).copy(states, tokens * s)
        }
    }

    /// The hidden states of the last run, (down, across, D·H).
    package var output: [Float] { states.floats.array }
}
