/// A network prepared for denoising: batch normalization is folded into weights and biases, and weights are packed.
///
/// It is immutable in effect and safe to use from several threads at once. It keeps the memory of the last image for
/// the next one of the same size, about 8 bytes per token and channel plus some bands per thread, unless that is very
/// large.
package struct InferenceNetwork: Sendable {
    /// The shape of the network.
    package let configuration: NetworkConfiguration

    private struct Block: Sendable {
        /// (k², C); `nil` without mixing.
        let mixWeights: FloatBuffer?
        let mixBias: FloatBuffer?
        let rows: ScanWeights
        let columns: ScanWeights
    }

    private let kernels: Kernels
    /// (w², C), packed.
    private let embedWeights: FloatBuffer
    private let embedBias: FloatBuffer
    private let blocks: [Block]
    /// (C, w²), packed.
    private let headWeights: FloatBuffer
    private let headBias: Float
    private let workspaces = WorkspacePool()

    /// Creates the inference form of `network`.
    package init(_ network: Network, precision: Precision = .single) {
        self.init(network, kernels: .current(precision))
    }

    init(_ network: Network, kernels: Kernels) {
        let configuration = network.configuration
        let layout = network.layout
        let (c, area) = (configuration.channels, configuration.window * configuration.window)
        let parameters = FloatBuffer(network.parameters.count)
        defer { extendLifetime(parameters) }
        parameters.floats.copy(network.parameters)
        func copied(_ range: Range<Int>) -> FloatBuffer {
            let buffer = FloatBuffer(range.count)
            buffer.floats.copy(parameters.floats.slice(range), range.count)
            return buffer
        }
        func packed(_ range: Range<Int>, _ k: Int, _ n: Int, row: Int, column: Int) -> FloatBuffer {
            let buffer = FloatBuffer(kernels.packedSize(k, n))
            kernels.pack(k, n, parameters.floats.slice(range), row: row, column: column, into: buffer.floats)
            return buffer
        }
        func folded(_ scan: ParameterLayout.Scan) -> ScanWeights {
            ScanWeights(folding: scan, of: network, parameters: parameters.floats, kernels: kernels)
        }
        self.configuration = configuration
        self.kernels = kernels
        embedWeights = packed(layout.embedWeights, area, c, row: 1, column: area)
        embedBias = copied(layout.embedBias)
        blocks = layout.blocks.map { block in
            let taps = configuration.mixing * configuration.mixing
            let mixWeights = FloatBuffer(taps * c)
            mixWeights.floats.copyTransposed(of: parameters.floats.slice(block.mixWeights), rows: c, columns: taps)
            return Block(
                mixWeights: taps > 0 ? mixWeights : nil, mixBias: taps > 0 ? copied(block.mixBias) : nil,
                rows: folded(block.rows), columns: folded(block.columns))
        }
        headWeights = packed(layout.headWeights, c, area, row: area, column: 1)
        headBias = network.parameters[layout.headBias.lowerBound]
    }

    /// Returns the noise that the network estimates in an image, in the same units.
    ///
    /// - Parameters:
    ///   - image: (rows, columns), in the network's units: `(HU − center) / spread`.
    ///   - rows: The height of the image in pixels, a multiple of the patch.
    ///   - columns: The width of the image in pixels, a multiple of the patch.
    ///   - threads: The largest number of threads, at least 1; the result does not depend on it.
    /// - Precondition: `image.count == rows * columns`; both are positive multiples of the patch.
    /// - Complexity: O(rows · columns), with about 8 bytes of memory per token and channel plus some bands per thread.
    package func noise(in image: [Float], rows: Int, columns: Int, threads: Int) -> [Float] {
        var noise = [Float](repeating: 0, count: image.count)
        estimate(image, rows: rows, columns: columns, threads: threads, into: &noise) { _ in }
        return noise
    }

    /// Writes the noise that the network estimates in an image to an existing array, as
    /// `noise(in:rows:columns:threads:)`; for a series of images of one size only the first allocates memory.
    ///
    /// - Parameters:
    ///   - image: (rows, columns), in the network's units: `(HU − center) / spread`.
    ///   - rows: The height of the image in pixels, a multiple of the patch.
    ///   - columns: The width of the image in pixels, a multiple of the patch.
    ///   - threads: The largest number of threads, at least 1; the result does not depend on it.
    ///   - noise: The result, (rows, columns).
    ///   - afterBlock: Called after each block of the network with the number of blocks done. If it throws, `noise` is
    ///     unchanged.
    /// - Precondition: As for `noise(in:rows:columns:threads:)`, and `noise.count == image.count`.
    /// - Throws: Rethrows the error of `afterBlock`.
    package func estimate<Failure: Error>(
        _ image: [Float], rows: Int, columns: Int, threads: Int, into noise: inout [Float],
        afterBlock: (_ done: Int) throws(Failure) -> Void
    ) throws(Failure) {
        let patch = configuration.patch
        precondition(image.count == rows * columns && rows > 0 && columns > 0, "\(image.count) for \(rows)×\(columns)")
        precondition(rows % patch == 0 && columns % patch == 0, "\(rows)×\(columns) in patches of \(patch)")
        precondition(noise.count == image.count, "\(noise.count) for \(rows)×\(columns)")
        precondition(threads > 0, "\(threads) threads")
        let workspace = workspaces.take(rows: rows, columns: columns, threads: threads) {
            Workspace(configuration, rows: rows, columns: columns, threads: threads, kernels: kernels)
        }
        defer { workspaces.putBack(workspace) }
        workspace.pixels.floats.copy(image)
        try run(workspace, afterBlock: afterBlock)
        workspace.pixels.floats.copy(to: &noise)
    }

    /// Replaces the pixels of `workspace` by their estimated noise.
    private func run<Failure: Error>(
        _ workspace: Workspace, afterBlock: (_ done: Int) throws(Failure) -> Void
    ) throws(Failure) {
        let (grid, pixels) = (workspace.grid, workspace.pixels.floats)
        var (stream, scanned) = (workspace.stream.floats, workspace.scanned.floats)
        grid.embed(pixels, weights: embedWeights.floats, bias: embedBias.floats, into: stream)
        for (number, block) in blocks.enumerated() {
            run(block, workspace, from: stream, to: scanned)
            swap(&stream, &scanned)
            try afterBlock(number + 1)
        }
        grid.head(stream, weights: headWeights.floats, bias: headBias, into: pixels)
    }

    /// Mixes and scans the stream `from` (N, C) into `to`.
    private func run(_ block: Block, _ workspace: Workspace, from: Floats, to: Floats) {
        let (grid, c) = (workspace.grid, configuration.channels)
        workspace.rows.run(block.rows, scratch: workspace.scratch) { band, memory, pitch in
            guard let weights = block.mixWeights, let bias = block.mixBias else {
                return Tokens(from.from(band.lowerBound * grid.across * c), sequence: grid.across * c, step: c)
            }
            grid.mix(band, of: from, weights: weights.floats, bias: bias.floats, into: memory, pitch: pitch)
            return Tokens(memory, sequence: pitch * c, step: c)
        } finish: { token, tokens, inputs, states in
            block.rows.project(states, tokens: tokens, onto: inputs, into: to.from(token * c))
        }
        workspace.columns.run(block.columns, scratch: workspace.scratch) { band, _, _ in
            Tokens(to.from(band.lowerBound * c), sequence: c, step: grid.across * c)
        } finish: { token, tokens, inputs, states in
            block.columns.project(states, tokens: tokens, onto: inputs, into: to.from(token * c))
        }
    }
}
