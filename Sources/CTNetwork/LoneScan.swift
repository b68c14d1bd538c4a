/// One scan along token rows as inference runs it, without its projection and the residual connection: for benchmarks,
/// which compare it with an LSTM of another library.
package final class LoneScan {
    private let weights: ScanWeights
    private let geometry: ScanGeometry
    private let stream: FloatBuffer
    private let states: FloatBuffer
    private let cells: Scratch
    private let threads: Int

    /// The row scan of the first block of `network`, over `down` sequences of `across` tokens.
    ///
    /// - Precondition: `down`, `across` and `threads` are positive.
    package init(_ network: Network, down: Int, across: Int, threads: Int, precision: Precision = .single) {
        precondition(down > 0 && across > 0 && threads > 0, "\(down) sequences of \(across) tokens, \(threads) threads")
        let configuration = network.configuration
        let parameters = FloatBuffer(network.parameters.count)
        defer { extendLifetime(parameters) }
        parameters.floats.copy(network.parameters)
        weights = ScanWeights(
            folding: network.layout.blocks[0].rows, of: network, parameters: parameters.floats,
            kernels: .current(precision))
        geometry = .rows(batch: 1, down: down, across: across)
        stream = FloatBuffer(down * across * configuration.channels)
        states = FloatBuffer(down * across * configuration.states)
        cells = ScanWeights.cells([geometry], configuration, threads: threads)
        self.threads = threads
    }

    /// What is scanned: (down, across, C).
    ///
    /// - Precondition: `tokens` has that many values.
    package func read(_ tokens: [Float]) {
        precondition(tokens.count == stream.floats.count, "\(tokens.count) values for \(stream.floats.count)")
        stream.floats.copy(tokens)
    }

    /// Scans once.
    package func run() {
        weights.scan(geometry, stream: stream.floats, states: states.floats, cells: cells, threads: threads)
    }

    /// The hidden states of the last run: (down, across, D·H).
    package var output: [Float] { states.floats.array }
}
