/// How batch normalization normalizes during training.
public enum StatisticsMode: Hashable, Sendable {
    /// With the statistics of the batch, which also move the running ones.
    case batch
    /// With the running statistics, as constants: exactly what inference will do.
    case running
}

/// Forward and backward through a network for batches of one shape, with the buffers for it.
///
/// A pass is `forward`, then `backward` for the same batch. Work is cut into items that depend on the shape
/// alone, and their gradients are added up in a fixed order: results do not depend on the number of threads.
public final class TrainingPass {
    /// Images a batch.
    public let batch: Int
    /// Pixel rows of an image.
    public let rows: Int
    /// Pixel columns of an image.
    public let columns: Int

    private let configuration: NetworkConfiguration
    private let layout: ParameterLayout
    private let threads: Int
    private let kernels = Kernels.current
    private let grid: TokenGrid
    private var tokens: Int { grid.tokens }
    private var area: Int { grid.area }

    /// What one scan keeps for its way back; `G = D·4H` gates, `S = D·H` states.
    private struct ScanTape {
        /// (N, G): `W x`, before normalization.
        let projected: FloatBuffer
        /// (N, G): activated gates, then gradients of pre-activations.
        let gates: FloatBuffer
        /// (N, S)
        let cells: FloatBuffer
        /// (N, S)
        let states: FloatBuffer
        /// (G) each: of the batch or running.
        let mean: FloatBuffer
        let rstd: FloatBuffer
        /// (C, G), (D, H, 4H), (S, C): transposed weights.
        let inputs: FloatBuffer
        let hiddens: FloatBuffer
        let projection: FloatBuffer
    }

    private struct BlockTape {
        /// (k², C), flipped for the way back.
        let mixWeights: FloatBuffer
        let mixFlipped: FloatBuffer
        let rows: ScanTape
        let columns: ScanTape
    }

    private let along: ScanGeometry
    private let downwards: ScanGeometry
    private let pixels: FloatBuffer
    private let noise: FloatBuffer
    private let weights: FloatBuffer
    private let gradient: FloatBuffer
    private let embedTransposed: FloatBuffer
    private let windows: FloatBuffer
    /// The stream before each stage: embedding, then mixing, rows, columns of each block. (N, C) each.
    private let streams: [FloatBuffer]
    private let tapes: [BlockTape]
    private let dStream: FloatBuffer
    private let dMixed: FloatBuffer
    private let dStates: FloatBuffer
    /// One partial gradient a work item.
    private let partials: FloatBuffer
    private let vectors: FloatBuffer
    private var mode = StatisticsMode.batch

    /// Allocates the buffers for batches of `batch` images of `rows`×`columns` pixels.
    ///
    /// - Precondition: The sizes are positive, `rows` and `columns` are multiples of the patch, and
    ///   `threads` is positive.
    public init(configuration: NetworkConfiguration, batch: Int, rows: Int, columns: Int, threads: Int) {
        let patch = configuration.patch
        precondition(batch > 0 && rows > 0 && columns > 0 && threads > 0, "\(batch) of \(rows)×\(columns)")
        precondition(rows % patch == 0 && columns % patch == 0, "\(rows)×\(columns) in patches of \(patch)")
        self.configuration = configuration
        self.batch = batch
        self.rows = rows
        self.columns = columns
        self.threads = threads
        layout = ParameterLayout(configuration)
        grid = TokenGrid(
            batch: batch, rows: rows, columns: columns, configuration: configuration, threads: threads, kernels: kernels
        )
        along = .rows(batch: batch, down: grid.down, across: grid.across)
        downwards = .columns(batch: batch, down: grid.down, across: grid.across)

        let (n, area) = (grid.tokens, grid.area)
        let (c, h, g, s) = (
            configuration.channels, configuration.hidden, configuration.gates, configuration.states
        )
        let taps = configuration.mixing * configuration.mixing
        pixels = FloatBuffer(batch * rows * columns)
        noise = FloatBuffer(batch * rows * columns)
        weights = FloatBuffer(layout.parameterCount)
        gradient = FloatBuffer(layout.parameterCount)
        embedTransposed = FloatBuffer(area * c)
        windows = FloatBuffer(n * area)
        streams = (0...3 * configuration.blocks).map { _ in FloatBuffer(n * c) }
        func scanTape() -> ScanTape {
            ScanTape(
                projected: FloatBuffer(n * g), gates: FloatBuffer(n * g), cells: FloatBuffer(n * s),
                states: FloatBuffer(n * s), mean: FloatBuffer(g), rstd: FloatBuffer(g), inputs: FloatBuffer(c * g),
                hiddens: FloatBuffer(g * h), projection: FloatBuffer(c * s))
        }
        tapes = (0..<configuration.blocks).map { _ in
            BlockTape(
                mixWeights: FloatBuffer(taps * c), mixFlipped: FloatBuffer(taps * c), rows: scanTape(),
                columns: scanTape())
        }
        dStream = FloatBuffer(n * c)
        dMixed = FloatBuffer(n * c)
        dStates = FloatBuffer(n * s)
        let perChunk = max(c * area + c, g * c + 2 * g, c * s + c)
        let items = configuration.directions * max(along.blocks.count, downwards.blocks.count)
        partials = FloatBuffer(
            max(chunkCount(n) * perChunk, items * 4 * h * h, batch * (taps + 1) * c))
        vectors = FloatBuffer(4 * max(g, c))
    }

    // MARK: - Forward

    /// The noise that `network` estimates in each image of a batch.
    ///
    /// - Parameters:
    ///   - network: Its running statistics move if `statistics` is `.batch`.
    ///   - input: (batch, rows, columns), in the network's units.
    ///   - statistics: What batch normalization normalizes with.
    /// - Returns: (batch, rows, columns).
    public func forward(_ network: inout Network, input: [Float], statistics: StatisticsMode) -> [Float] {
        precondition(network.configuration == configuration && input.count == batch * rows * columns)
        mode = statistics
        weights.floats.copy(network.parameters)
        pixels.floats.copy(input)
        let c = configuration.channels
        embedTransposed.floats.copyTransposed(
            of: weights.floats.slice(layout.embedWeights), rows: c, columns: area)
        grid.embed(
            pixels.floats, windows: windows.floats, weights: embedTransposed.floats,
            bias: weights.floats.slice(layout.embedBias), into: streams[0].floats)
        for index in 0..<configuration.blocks {
            let block = layout.blocks[index]
            let stage = 3 * index
            mix(index)
            scanForward(
                tapes[index].rows, block.rows, along, from: streams[stage + 1].floats, to: streams[stage + 2].floats,
                network: &network)
            scanForward(
                tapes[index].columns, block.columns, downwards, from: streams[stage + 2].floats,
                to: streams[stage + 3].floats, network: &network)
        }
        grid.head(
            streams[3 * configuration.blocks].floats, windows: windows.floats,
            weights: weights.floats.slice(layout.headWeights), bias: weights.floats[layout.headBias.lowerBound],
            into: noise.floats)
        return noise.floats.array
    }

    private func mix(_ index: Int) {
        let (c, size) = (configuration.channels, configuration.mixing)
        let (from, to) = (streams[3 * index].floats, streams[3 * index + 1].floats)
        guard size > 0 else { return to.copy(from, tokens * c) }
        let block = layout.blocks[index]
        let taps = tapes[index].mixWeights.floats
        taps.copyTransposed(of: weights.floats.slice(block.mixWeights), rows: c, columns: size * size)
        let flipped = tapes[index].mixFlipped.floats
        for tap in 0..<size * size { flipped.from(tap * c).copy(taps.from((size * size - 1 - tap) * c), c) }
        grid.mix(from, weights: taps, bias: weights.floats.slice(block.mixBias), into: to)
    }

    private func scanForward(
        _ tape: ScanTape, _ scan: ParameterLayout.Scan, _ geometry: ScanGeometry, from: Floats, to: Floats,
        network: inout Network
    ) {
        let (kernels, configuration) = (self.kernels, self.configuration)
        let (c, h, g, s) = (
            configuration.channels, configuration.hidden, configuration.gates, configuration.states
        )
        let directions = configuration.directions
        tape.inputs.floats.copyTransposed(of: weights.floats.slice(scan.inputWeights), rows: g, columns: c)
        for direction in 0..<directions {
            tape.hiddens.floats.from(direction * h * 4 * h).copyTransposed(
                of: weights.floats.slice(scan.hiddenWeights).from(direction * 4 * h * h), rows: 4 * h, columns: h)
        }
        tape.projection.floats.copyTransposed(of: weights.floats.slice(scan.projection), rows: c, columns: s)

        // W x for all positions at once, since normalization needs them all.
        let moments = partials.floats
        let needsMoments = configuration.normalization == .sequence && mode == .batch
        let (projected, inputs) = (tape.projected.floats, tape.inputs.floats)
        inChunks(of: tokens, threads: threads) { number, chunk in
            let output = projected.from(chunk.lowerBound * g)
            kernels.gemm(
                chunk.count, g, c, a: from.from(chunk.lowerBound * c), row: c, b: inputs, ldb: g, into: output,
                ldc: g, accumulate: false)
            if needsMoments {
                kernels.columnMoments(
                    chunk.count, g, output, ld: g, mean: moments.from(number * 2 * g),
                    squares: moments.from(number * 2 * g + g))
            }
        }
        let (scale, shift) = normalization(tape, scan, network: &network)

        let (gates, cells, states, hiddens) = (
            tape.gates.floats, tape.cells.floats, tape.states.floats, tape.hiddens.floats
        )
        parallel(directions * geometry.blocks.count, threads: threads) { item in
            let (direction, block) = (item % directions, item / directions)
            let count = geometry.blocks[block].count
            let own = direction * 4 * h
            var before: Int?
            for step in 0..<geometry.steps {
                let token = geometry.token(block, step: step, reverse: direction == 1)
                let z = gates.from(token * g + own)
                let ldz = geometry.sequenceStride * g
                kernels.affine(
                    count, 4 * h, projected.from(token * g + own), ld: ldz, scale: scale?.from(own),
                    shift: shift.from(own), into: z, ldy: ldz)
                let lds = geometry.sequenceStride * s
                let previous = before.map { $0 * s + direction * h }
                if let previous {
                    kernels.gemm(
                        count, 4 * h, h, a: states.from(previous), row: lds, b: hiddens.from(direction * h * 4 * h),
                        ldb: 4 * h, into: z, ldc: ldz, accumulate: true)
                }
                kernels.lstmForward(
                    count, hidden: h, z: z, ldz: ldz, before: previous.map { cells.from($0) }, ldBefore: lds,
                    c: cells.from(token * s + direction * h), ldc: lds, h: states.from(token * s + direction * h),
                    ldh: lds, save: true)
                before = token
            }
        }
        project(
            tokens: tokens, channels: c, width: s, states: states, weights: tape.projection.floats,
            bias: weights.floats.slice(scan.projectionBias), onto: from, into: to, threads: threads,
            kernels: kernels)
    }

    /// What `W x` is multiplied by and what is added to it, after the statistics have been settled.
    private func normalization(
        _ tape: ScanTape, _ scan: ParameterLayout.Scan, network: inout Network
    ) -> (scale: Floats?, shift: Floats) {
        let g = configuration.gates
        let bias = weights.floats.slice(scan.biases)
        guard configuration.normalization == .sequence else { return (nil, bias) }
        let gain = weights.floats.slice(scan.gains)
        let (scale, shift) = (vectors.floats.slice(0..<g), vectors.floats.slice(g..<2 * g))
        let n = Double(tokens)
        for gate in 0..<g {
            var mean = Double(network.statistics[scan.means.lowerBound + gate])
            var variance = Double(network.statistics[scan.variances.lowerBound + gate])
            if mode == .batch {
                // Chan, Golub & LeVeque 1983 (doi 10.1080/00031305.1983.10483115): moments of parts to those of
                // the whole, without cancellation.
                var (count, middle, squares) = (0.0, 0.0, 0.0)
                for chunk in 0..<chunkCount(tokens) {
                    let size = Double(min(chunkSize, tokens - chunk * chunkSize))
                    let difference = Double(partials.floats[chunk * 2 * g + gate]) - middle
                    squares +=
                        Double(partials.floats[chunk * 2 * g + g + gate])
                        + difference * difference * count * size / (count + size)
                    count += size
                    middle += difference * size / count
                }
                let momentum = configuration.momentum
                let unbiased = squares / max(n - 1, 1)
                network.statistics[scan.means.lowerBound + gate] = Float(mean + momentum * (middle - mean))
                network.statistics[scan.variances.lowerBound + gate] = Float(
                    variance + momentum * (unbiased - variance))
                (mean, variance) = (middle, squares / n)
            }
            let rstd = 1 / (variance + NetworkConfiguration.epsilon).squareRoot()
            tape.mean.floats[gate] = Float(mean)
            tape.rstd.floats[gate] = Float(rstd)
            scale[gate] = Float(rstd * Double(gain[gate]))
            shift[gate] = Float(Double(bias[gate]) - mean * rstd * Double(gain[gate]))
        }
        return (scale, shift)
    }

    // MARK: - Backward

    /// Adds the gradient of the loss by each parameter to `gradient`.
    ///
    /// - Parameters:
    ///   - network: The one that the last `forward` was given.
    ///   - dNoise: (batch, rows, columns): the gradient of the loss by what `forward` returned.
    ///   - gradient: Flat, in the order of the network's parameters.
    public func backward(_ network: Network, dNoise: [Float], into gradient: inout [Float]) {
        precondition(network.configuration == configuration && dNoise.count == batch * rows * columns)
        precondition(gradient.count == layout.parameterCount)
        self.gradient.floats.fill(0)
        noise.floats.copy(dNoise)
        headBackward()
        for index in (0..<configuration.blocks).reversed() {
            let block = layout.blocks[index]
            let stage = 3 * index
            scanBackward(tapes[index].columns, block.columns, downwards, from: streams[stage + 2].floats)
            scanBackward(tapes[index].rows, block.rows, along, from: streams[stage + 1].floats)
            mixBackward(index)
        }
        embedBackward()
        let sum = self.gradient.floats
        for index in gradient.indices { gradient[index] += sum[index] }
    }

    /// Adds `count` partial gradients of `size` floats, `stride` apart, to the gradient at `range`, in order.
    private func reduce(_ count: Int, stride: Int, offset: Int = 0, to range: Range<Int>) {
        let sum = gradient.floats.slice(range)
        for item in 0..<count {
            kernels.add(
                1, range.count, sum, lda: range.count, partials.floats.from(item * stride + offset),
                ldb: range.count, into: sum, ldy: range.count)
        }
    }

    private func headBackward() {
        let (kernels, area) = (self.kernels, self.area)
        let c = configuration.channels
        let (windows, noise, partials, dStream) = (windows.floats, noise.floats, partials.floats, dStream.floats)
        let last = streams[3 * configuration.blocks].floats
        let headWeights = weights.floats.slice(layout.headWeights)
        // d windows: the sum of overlapping windows, backwards, is a gather with zeros outside.
        grid.gather(noise, reflect: false, into: windows)
        // d stream (N, C) = d windows (N, w²) · headᵀ (w², C); `embedTransposed` is free by now.
        let transposed = embedTransposed.floats
        transposed.copyTransposed(of: headWeights, rows: c, columns: area)
        inChunks(of: tokens, threads: threads) { number, chunk in
            let d = windows.from(chunk.lowerBound * area)
            kernels.gemm(
                chunk.count, c, area, a: d, row: area, b: transposed, ldb: c,
                into: dStream.from(chunk.lowerBound * c), ldc: c, accumulate: false)
            kernels.gemm(
                c, area, chunk.count, a: last.from(chunk.lowerBound * c), row: 1, column: c, b: d, ldb: area,
                into: partials.from(number * c * area), ldc: area, accumulate: false)
        }
        reduce(chunkCount(tokens), stride: c * area, to: layout.headWeights)
        var sum = 0.0
        for index in 0..<batch * rows * columns { sum += Double(noise[index]) }
        gradient.floats[layout.headBias.lowerBound] += Float(sum)
    }

    /// From the gradient of the scan's output in `dStream` to that of its input, in place.
    private func scanBackward(
        _ tape: ScanTape, _ scan: ParameterLayout.Scan, _ geometry: ScanGeometry, from: Floats
    ) {
        let (kernels, configuration) = (self.kernels, self.configuration)
        let (c, h, g, s) = (
            configuration.channels, configuration.hidden, configuration.gates, configuration.states
        )
        let directions = configuration.directions
        let (partials, dStream, dStates) = (partials.floats, dStream.floats, dStates.floats)
        let (gates, cells, states, projected) = (
            tape.gates.floats, tape.cells.floats, tape.states.floats, tape.projected.floats
        )
        let chunks = chunkCount(tokens)

        // Projection: d states = d stream · P.
        let projection = weights.floats.slice(scan.projection)
        let projectionSize = c * s + c
        inChunks(of: tokens, threads: threads) { number, chunk in
            let d = dStream.from(chunk.lowerBound * c)
            let partial = partials.from(number * projectionSize)
            kernels.gemm(
                chunk.count, s, c, a: d, row: c, b: projection, ldb: s, into: dStates.from(chunk.lowerBound * s),
                ldc: s, accumulate: false)
            kernels.gemm(
                c, s, chunk.count, a: d, row: 1, column: c, b: states.from(chunk.lowerBound * s), ldb: s,
                into: partial, ldc: s, accumulate: false)
            partial.slice(c * s..<c * s + c).fill(0)
            kernels.addColumnSums(chunk.count, c, d, ld: c, to: partial.from(c * s))
        }
        reduce(chunks, stride: projectionSize, to: scan.projection)
        reduce(chunks, stride: projectionSize, offset: c * s, to: scan.projectionBias)

        // Through time: gates become gradients of pre-activations.
        let hiddenWeights = weights.floats.slice(scan.hiddenWeights)
        let items = directions * geometry.blocks.count
        parallel(items, threads: threads) { item in
            let (direction, block) = (item % directions, item / directions)
            let count = geometry.blocks[block].count
            let partial = partials.slice(item * 4 * h * h..<(item + 1) * 4 * h * h)
            partial.fill(0)
            let scratch = FloatBuffer(2 * count * h)
            defer { extendLifetime(scratch) }
            let dh = scratch.floats.slice(0..<count * h)
            let dc = scratch.floats.from(count * h)
            dc.fill(0)
            let lds = geometry.sequenceStride * s
            let ldz = geometry.sequenceStride * g
            for step in (0..<geometry.steps).reversed() {
                let token = geometry.token(block, step: step, reverse: direction == 1)
                let own = token * s + direction * h
                let previous =
                    step == 0
                    ? nil : geometry.token(block, step: step - 1, reverse: direction == 1) * s + direction * h
                let z = gates.from(token * g + direction * 4 * h)
                // dh holds what came from the step after; none did at the last step.
                if step == geometry.steps - 1 {
                    for sequence in 0..<count { dh.from(sequence * h).copy(dStates.from(own + sequence * lds), h) }
                } else {
                    kernels.add(count, h, dh, lda: h, dStates.from(own), ldb: lds, into: dh, ldy: h)
                }
                kernels.lstmBackward(
                    count, hidden: h, gates: z, ldGates: ldz, before: previous.map { cells.from($0) }, ldBefore: lds,
                    c: cells.from(own), ldc: lds, dh: dh, ldDH: h, dc: dc, ldDC: h)
                guard let previous else { break }
                kernels.gemm(
                    count, h, 4 * h, a: z, row: ldz, b: hiddenWeights.from(direction * 4 * h * h), ldb: h, into: dh,
                    ldc: h, accumulate: false)
                kernels.gemm(
                    4 * h, h, count, a: z, row: 1, column: ldz, b: states.from(previous), ldb: lds, into: partial,
                    ldc: h, accumulate: true)
            }
        }
        for direction in 0..<directions {
            let start = scan.hiddenWeights.lowerBound + direction * 4 * h * h
            reduce(
                geometry.blocks.count, stride: directions * 4 * h * h, offset: direction * 4 * h * h,
                to: start..<start + 4 * h * h)
        }

        // Normalization: gradients of γ and b, and what a batch's own statistics take back.
        let normalized = configuration.normalization == .sequence
        let (mean, rstd) = (tape.mean.floats, tape.rstd.floats)
        inChunks(of: tokens, threads: threads) { number, chunk in
            let sums = partials.slice(number * 2 * g..<(number + 1) * 2 * g)
            sums.fill(0)
            let dz = gates.from(chunk.lowerBound * g)
            if normalized {
                kernels.addNormSums(
                    chunk.count, g, dy: dz, x: projected.from(chunk.lowerBound * g), ld: g, mean: mean, rstd: rstd,
                    to: sums, products: sums.from(g))
            } else {
                kernels.addColumnSums(chunk.count, g, dz, ld: g, to: sums)
            }
        }
        let gain = vectors.floats.slice(0..<g)
        let meanDZ = vectors.floats.slice(g..<2 * g)
        let meanDZX = vectors.floats.slice(2 * g..<3 * g)
        for gate in 0..<g {
            var (sum, product) = (0.0, 0.0)
            for chunk in 0..<chunks {
                sum += Double(partials[chunk * 2 * g + gate])
                product += Double(partials[chunk * 2 * g + g + gate])
            }
            gradient.floats[scan.biases.lowerBound + gate] += Float(sum)
            guard normalized else { continue }
            gradient.floats[scan.gains.lowerBound + gate] += Float(product)
            gain[gate] = weights.floats[scan.gains.lowerBound + gate] * rstd[gate]
            meanDZ[gate] = mode == .batch ? Float(sum / Double(tokens)) : 0
            meanDZX[gate] = mode == .batch ? Float(product / Double(tokens)) : 0
        }

        // Inputs: d stream += d (W x) · W, on top of the residual connection.
        let inputWeights = weights.floats.slice(scan.inputWeights)
        inChunks(of: tokens, threads: threads) { number, chunk in
            let d = gates.from(chunk.lowerBound * g)
            if normalized {
                kernels.normBackward(
                    chunk.count, g, dy: d, x: projected.from(chunk.lowerBound * g), ld: g, mean: mean, rstd: rstd,
                    gain: gain, meanDY: meanDZ, meanDYX: meanDZX)
            }
            kernels.gemm(
                chunk.count, c, g, a: d, row: g, b: inputWeights, ldb: c, into: dStream.from(chunk.lowerBound * c),
                ldc: c, accumulate: true)
            kernels.gemm(
                g, c, chunk.count, a: d, row: 1, column: g, b: from.from(chunk.lowerBound * c), ldb: c,
                into: partials.from(number * g * c), ldc: c, accumulate: false)
        }
        reduce(chunks, stride: g * c, to: scan.inputWeights)
    }

    private func mixBackward(_ index: Int) {
        let (kernels, down, across) = (self.kernels, grid.down, grid.across)
        let (c, size) = (configuration.channels, configuration.mixing)
        guard size > 0 else { return }
        let block = layout.blocks[index]
        let from = streams[3 * index].floats
        let (dStream, dMixed, partials) = (dStream.floats, dMixed.floats, partials.floats)
        let flipped = tapes[index].mixFlipped.floats
        let taps = size * size
        parallel(batch, threads: threads) { image in
            let partial = partials.slice(image * (taps + 1) * c..<(image + 1) * (taps + 1) * c)
            partial.fill(0)
            let start = image * down * across * c
            kernels.addMixWeights(
                rows: down, columns: across, channels: c, size: size, from.from(start), dy: dStream.from(start),
                to: partial)
            kernels.addColumnSums(down * across, c, dStream.from(start), ld: c, to: partial.from(taps * c))
        }
        let sum = vectorsOfTaps(images: batch, stride: (taps + 1) * c, count: taps * c)
        for channel in 0..<c {
            for tap in 0..<taps {
                gradient.floats[block.mixWeights.lowerBound + channel * taps + tap] += sum[tap * c + channel]
            }
        }
        reduce(batch, stride: (taps + 1) * c, offset: taps * c, to: block.mixBias)
        // The residual connection and the flipped convolution, as in the forward direction.
        grid.mix(dStream, weights: flipped, bias: nil, into: dMixed)
        dStream.copy(dMixed, tokens * c)
    }

    /// The sum over images of partial gradients in the kernel's order (k², C).
    private func vectorsOfTaps(images: Int, stride: Int, count: Int) -> Floats {
        let sum = partials.floats.slice(0..<count)
        for image in 1..<max(images, 1) {
            kernels.add(
                1, count, sum, lda: count, partials.floats.from(image * stride), ldb: count, into: sum, ldy: count)
        }
        return sum
    }

    private func embedBackward() {
        let (kernels, area) = (self.kernels, self.area)
        let c = configuration.channels
        let (pixels, windows, partials, dStream) = (pixels.floats, windows.floats, partials.floats, dStream.floats)
        // The head has used the window buffer since: read the pixels again.
        grid.gather(pixels, reflect: true, into: windows)
        let size = c * area + c
        inChunks(of: tokens, threads: threads) { number, chunk in
            let partial = partials.slice(number * size..<(number + 1) * size)
            let d = dStream.from(chunk.lowerBound * c)
            kernels.gemm(
                c, area, chunk.count, a: d, row: 1, column: c, b: windows.from(chunk.lowerBound * area), ldb: area,
                into: partial, ldc: area, accumulate: false)
            partial.from(c * area).fill(0)
            kernels.addColumnSums(chunk.count, c, d, ld: c, to: partial.from(c * area))
        }
        reduce(chunkCount(tokens), stride: size, to: layout.embedWeights)
        reduce(chunkCount(tokens), stride: size, offset: c * area, to: layout.embedBias)
    }
}
