/// One scan along token rows as inference runs it, without its projection and the residual connection: for benchmarks,
/// which compare it with an LSTM of another library.
package final class LoneScan {
    private let scan: FoldedScan
    private let configuration: NetworkConfiguration
    private let geometry: ScanGeometry
    private let stream: FloatBuffer
    private let states: FloatBuffer

    /// The row scan of the first block of `network`, over `down` sequences of `across` tokens.
    ///
    /// - Precondition: `down` and `across` are positive.
    package init(_ network: Network, down: Int, across: Int) {
        precondition(down > 0 && across > 0, "\(down) sequences of \(across) tokens")
        configuration = network.configuration
        scan = FoldedScan(network.layout.blocks[0].rows, of: network)
        geometry = .rows(batch: 1, down: down, across: across)
        stream = FloatBuffer(down * across * configuration.channels)
        states = FloatBuffer(down * across * configuration.states)
    }

    /// What is scanned: (down, across, C).
    ///
    /// - Precondition: `tokens` has that many values.
    package func read(_ tokens: [Float]) {
        precondition(tokens.count == stream.floats.count, "\(tokens.count) values for \(stream.floats.count)")
        stream.floats.copy(tokens)
    }

    /// Scans once, on at most `threads` threads.
    package func run(threads: Int) {
        // No tokens to project: only the LSTM runs.
        scan.run(
            geometry, configuration: configuration, tokens: 0, stream: stream.floats, states: states.floats,
            threads: threads, kernels: .current)
    }

    /// The hidden states of the last run: (down, across, D·H).
    package var output: [Float] { states.floats.array }
}
