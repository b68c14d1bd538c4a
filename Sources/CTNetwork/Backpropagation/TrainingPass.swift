internal import CTSupport

/// The statistics used by batch normalization during training.
package enum StatisticsMode: Hashable, Sendable {
    /// The statistics of the batch, which also update the running ones.
    case batch
    /// The running statistics, as constants, exactly as in inference.
    case running
}

/// The forward and backward pass of a network for batches of one shape, with their buffers.
///
/// Call `forward`, then `backward` for the same batch. Work items depend on the shape alone and their gradients are
/// summed in a fixed order, so results do not depend on the number of threads.
package final class TrainingPass {
    /// The images of a batch.
    package let batch: Int
    /// The pixel rows of an image.
    package let rows: Int
    /// The pixel columns of an image.
    package let columns: Int

    private let configuration: NetworkConfiguration
    private let layout: ParameterLayout
    private let threads: Int
    private let kernels: Kernels
    private let grid: TokenGrid
    private var tokens: Int { grid.tokens }
    private var area: Int { grid.area }

    private struct Block {
        /// (k², C), flipped for the backward pass.
        let mixWeights: FloatBuffer
        let mixFlipped: FloatBuffer
        let rows: TrainingScan
        let columns: TrainingScan
    }

    private let pixels: FloatBuffer
    private let noise: FloatBuffer
    private let parameters: FloatBuffer
    /// The weights of the embedding or the head, packed for the current stage.
    private let packed: FloatBuffer
    /// The stream before each stage: the embedding, then mixing, rows and columns of each block. (N, C) each.
    private let streams: [FloatBuffer]
    private let blocks: [Block]
    private let dStream: FloatBuffer
    private let dMixed: FloatBuffer
    private let memory: TrainingMemory
    private var mode = StatisticsMode.batch

    /// Creates a pass for batches of `batch` images of `rows`×`columns` pixels, and allocates its buffers.
    ///
    /// - Precondition: All sizes and `threads` are positive; `rows` and `columns` are multiples of the patch.
    package convenience init(configuration: NetworkConfiguration, batch: Int, rows: Int, columns: Int, threads: Int) {
        self.init(
            configuration: configuration, batch: batch, rows: rows, columns: columns, threads: threads,
            kernels: .current(.single))
    }

    init(configuration: NetworkConfiguration, batch: Int, rows: Int, columns: Int, threads: Int, kernels: Kernels) {
        let patch = configuration.patch
        precondition(batch > 0 && rows > 0 && columns > 0 && threads > 0, "\(batch) of \(rows)×\(columns)")
        precondition(rows % patch == 0 && columns % patch == 0, "\(rows)×\(columns) in patches of \(patch)")
        self.configuration = configuration
        self.batch = batch
        self.rows = rows
        self.columns = columns
        self.threads = threads
        self.kernels = kernels
        let layout = ParameterLayout(configuration)
        let grid = TokenGrid(
            batch: batch, rows: rows, columns: columns, configuration: configuration, threads: threads, kernels: kernels
        )
        (self.layout, self.grid) = (layout, grid)
        let along = ScanGeometry.rows(batch: batch, down: grid.down, across: grid.across)
        let downwards = ScanGeometry.columns(batch: batch, down: grid.down, across: grid.across)

        let (c, n, area) = (configuration.channels, grid.tokens, grid.area)
        let taps = configuration.mixing * configuration.mixing
        let scanItems = configuration.directions * max(along.blocks.count, downwards.blocks.count)
        let partials = max(
            TrainingScan.partialSize(configuration, tokens: n, items: scanItems),
            grid.items(ofLines: grid.linesPerChunk) * (c * area + c),
            batch * (taps + 1) * c)
        let memory = TrainingMemory(
            configuration, grid: grid, parameters: layout.parameterCount, partials: partials,
            scratch: TrainingScan.scratchSize(configuration), items: max(scanItems, chunkCount(n)))
        self.memory = memory
        pixels = FloatBuffer(batch * rows * columns)
        noise = FloatBuffer(batch * rows * columns)
        parameters = FloatBuffer(layout.parameterCount)
        packed = FloatBuffer(max(kernels.packedSize(area, c), kernels.packedSize(c, area)))
        streams = (0...3 * configuration.blocks).map { _ in FloatBuffer(n * c) }
        blocks = layout.blocks.map { block in
            Block(
                mixWeights: FloatBuffer(taps * c), mixFlipped: FloatBuffer(taps * c),
                rows: TrainingScan(block.rows, along, grid: grid, memory: memory),
                columns: TrainingScan(block.columns, downwards, grid: grid, memory: memory))
        }
        dStream = FloatBuffer(n * c)
        dMixed = FloatBuffer(n * c)
    }

    // MARK: - Forward

    /// Returns the noise that `network` estimates in each image of a batch.
    ///
    /// - Parameters:
    ///   - network: The network; its running statistics are updated if `statistics` is `.batch`.
    ///   - input: (batch, rows, columns), in the network's units.
    ///   - statistics: The statistics used by batch normalization.
    /// - Returns: (batch, rows, columns).
    package func forward(_ network: inout Network, input: [Float], statistics: StatisticsMode) -> [Float] {
        precondition(network.configuration == configuration && input.count == batch * rows * columns)
        mode = statistics
        parameters.floats.copy(network.parameters)
        pixels.floats.copy(input)
        let (c, parameters) = (configuration.channels, parameters.floats)
        kernels.pack(area, c, parameters.slice(layout.embedWeights), row: 1, column: area, into: packed.floats)
        grid.embed(
            pixels.floats, weights: packed.floats, bias: parameters.slice(layout.embedBias), into: streams[0].floats)
        for (index, block) in blocks.enumerated() {
            let stage = 3 * index
            mix(index)
            block.rows.forward(
                parameters, from: streams[stage + 1].floats, to: streams[stage + 2].floats, mode: mode,
                network: &network)
            block.columns.forward(
                parameters, from: streams[stage + 2].floats, to: streams[stage + 3].floats, mode: mode,
                network: &network)
        }
        kernels.pack(c, area, parameters.slice(layout.headWeights), row: area, column: 1, into: packed.floats)
        grid.head(
            streams[3 * configuration.blocks].floats, weights: packed.floats,
            bias: parameters[layout.headBias.lowerBound], into: noise.floats)
        return noise.floats.array
    }

    private func mix(_ index: Int) {
        let (c, size) = (configuration.channels, configuration.mixing)
        let (from, to) = (streams[3 * index].floats, streams[3 * index + 1].floats)
        guard size > 0 else { return to.copy(from, tokens * c) }
        let block = layout.blocks[index]
        let taps = blocks[index].mixWeights.floats
        taps.copyTransposed(of: parameters.floats.slice(block.mixWeights), rows: c, columns: size * size)
        let flipped = blocks[index].mixFlipped.floats
        for tap in 0..<size * size { flipped.from(tap * c).copy(taps.from((size * size - 1 - tap) * c), c) }
        grid.mix(from, weights: taps, bias: parameters.floats.slice(block.mixBias), into: to)
    }

    // MARK: - Backward

    /// Adds the gradient of the loss with respect to each parameter to `gradient`.
    ///
    /// - Parameters:
    ///   - network: The network of the last `forward`.
    ///   - dNoise: (batch, rows, columns): the gradient of the loss with respect to the result of `forward`.
    ///   - gradient: Flat, in the order of the network's parameters.
    package func backward(_ network: Network, dNoise: [Float], into gradient: inout [Float]) {
        precondition(network.configuration == configuration && dNoise.count == batch * rows * columns)
        precondition(gradient.count == layout.parameterCount)
        memory.gradient.floats.fill(0)
        noise.floats.copy(dNoise)
        headBackward()
        let (parameters, dStream) = (parameters.floats, dStream.floats)
        for (index, block) in blocks.enumerated().reversed() {
            let stage = 3 * index
            block.columns.backward(parameters, from: streams[stage + 2].floats, dStream: dStream, mode: mode)
            block.rows.backward(parameters, from: streams[stage + 1].floats, dStream: dStream, mode: mode)
            mixBackward(index)
        }
        embedBackward()
        memory.gradient.floats.add(to: &gradient)
    }

    /// Calls `body` with the windows of each token row of `image`, and the partial gradient to add to.
    private func windowsBackward(
        _ image: Floats, reflect: Bool, partial size: Int, to ranges: [(Range<Int>, offset: Int)],
        _ body: @Sendable (_ line: Int, _ windows: Floats, _ partial: Floats) -> Void
    ) {
        let partials = memory.partials.floats
        let items = grid.items(ofLines: grid.linesPerChunk)
        partials.slice(0..<items * size).fill(0)
        grid.forEachLine(of: image, reflect: reflect, linesPerItem: grid.linesPerChunk) { line, windows, item in
            body(line, windows, partials.slice(item * size..<(item + 1) * size))
        }
        for (range, offset) in ranges { memory.reduce(items, of: range, stride: size, offset: offset) }
    }

    private func headBackward() {
        let (kernels, area, across, c) = (self.kernels, self.area, grid.across, configuration.channels)
        let (dStream, last) = (dStream.floats, streams[3 * configuration.blocks].floats)
        let packed = packed.floats
        kernels.pack(area, c, parameters.floats.slice(layout.headWeights), row: 1, column: area, into: packed)
        // The backward pass of a sum of overlapping windows is a gather with zeros outside.
        windowsBackward(noise.floats, reflect: false, partial: c * area, to: [(layout.headWeights, offset: 0)]) {
            line, windows, partial in
            let tokens = line * across * c
            kernels.gemm(across, c, area, a: windows, lda: area, packed: packed, into: dStream.from(tokens), ldc: c)
            kernels.gemmOuter(
                c, area, across, a: last.from(tokens), lda: c, b: windows, ldb: area, to: partial, ldc: area)
        }
        var sum = 0.0
        for index in 0..<batch * rows * columns { sum += Double(noise.floats[index]) }
        memory.gradient.floats[layout.headBias.lowerBound] += Float(sum)
    }

    private func mixBackward(_ index: Int) {
        let (kernels, down, across) = (self.kernels, grid.down, grid.across)
        let (c, size) = (configuration.channels, configuration.mixing)
        guard size > 0 else { return }
        let block = layout.blocks[index]
        let from = streams[3 * index].floats
        let (dStream, dMixed, partials) = (dStream.floats, dMixed.floats, memory.partials.floats)
        let flipped = blocks[index].mixFlipped.floats
        let taps = size * size
        parallel(batch, threads: threads, kernels: kernels) { image, _ in
            let partial = partials.slice(image * (taps + 1) * c..<(image + 1) * (taps + 1) * c)
            partial.fill(0)
            let start = image * down * across * c
            kernels.addMixWeights(
                rows: down, columns: across, channels: c, size: size, from.from(start), dy: dStream.from(start),
                to: partial)
            kernels.addColumnSums(down * across, c, dStream.from(start), ld: c, to: partial.from(taps * c))
        }
        memory.sum(batch, of: (taps + 1) * c, stride: (taps + 1) * c)
        let gradient = memory.gradient.floats
        for channel in 0..<c {
            for tap in 0..<taps {
                gradient[block.mixWeights.lowerBound + channel * taps + tap] += partials[tap * c + channel]
            }
        }
        memory.reduce(1, of: block.mixBias, stride: 0, offset: taps * c)
        // The residual connection and the flipped convolution, as in the forward pass.
        grid.mix(dStream, weights: flipped, bias: nil, into: dMixed)
        dStream.copy(dMixed, tokens * c)
    }

    private func embedBackward() {
        let (kernels, area, across, c) = (self.kernels, self.area, grid.across, configuration.channels)
        let dStream = dStream.floats
        windowsBackward(
            pixels.floats, reflect: true, partial: c * area + c,
            to: [(layout.embedWeights, offset: 0), (layout.embedBias, offset: c * area)]
        ) { line, windows, partial in
            let d = dStream.from(line * across * c)
            kernels.gemmOuter(c, area, across, a: d, lda: c, b: windows, ldb: area, to: partial, ldc: area)
            kernels.addColumnSums(across, c, d, ld: c, to: partial.from(c * area))
        }
    }
}
