internal import CTSupport

/// One scan in training: the forward pass, which keeps what the backward pass needs, and the backward pass.
///
/// The gradient of a batch-normalized projection needs no normalized pre-activations. With `z = W x`, the mean and the
/// variance of a gate over all tokens are `w · m` and `w · Σ w`, where m and Σ are the mean and the covariance of the
/// *inputs*. Normalization is therefore folded into the weights, in training as in inference, and its gradient follows
/// from `Σ dz xᵀ`.
struct TrainingScan: Sendable {
    private let grid: TokenGrid
    private let geometry: ScanGeometry
    private let layout: ParameterLayout.Scan
    private let memory: TrainingMemory
    private let configuration: NetworkConfiguration
    private let kernels: Kernels
    private let weights: ScanWeights

    /// (N·D, 4H) and (N·D, H): activated gates and cell states, ordered by direction and `ScanGeometry.place(_:step:)`.
    private let gates: FloatBuffer
    private let cells: FloatBuffer
    /// (N, S)
    private let states: FloatBuffer
    /// (C): the mean of the inputs.
    private let inputMean: FloatBuffer
    /// (G, C): `W Σ`.
    private let spread: FloatBuffer
    /// (G) each: the mean and 1 / √(variance + ε) of `W x`, of the batch or running.
    private let mean: FloatBuffer
    private let rstd: FloatBuffer
    /// (G, C) and (G): with normalization folded in.
    private let foldedWeights: FloatBuffer
    private let foldedBiases: FloatBuffer
    /// For each direction (4H, C + H), input and hidden weights side by side, and (C, S), packed for the backward pass.
    private let weightsBack: FloatBuffer
    private let projectionBack: FloatBuffer
    /// (4H, C + H): the weights before packing, and the gradient after summation.
    private let joined: FloatBuffer

    private let c: Int
    private let h: Int
    private let g: Int
    private let s: Int

    init(_ layout: ParameterLayout.Scan, _ geometry: ScanGeometry, grid: TokenGrid, memory: TrainingMemory) {
        let (configuration, kernels) = (grid.configuration, grid.kernels)
        let (c, h, g, s) = (
            configuration.channels, configuration.hidden, configuration.gates, configuration.states
        )
        (self.layout, self.geometry, self.grid, self.memory) = (layout, geometry, grid, memory)
        (self.configuration, self.kernels) = (configuration, kernels)
        (self.c, self.h, self.g, self.s) = (c, h, g, s)
        weights = ScanWeights(configuration, kernels: kernels)
        gates = FloatBuffer(grid.tokens * g)
        cells = FloatBuffer(grid.tokens * s)
        states = FloatBuffer(grid.tokens * s)
        inputMean = FloatBuffer(c)
        spread = FloatBuffer(g * c)
        mean = FloatBuffer(g)
        rstd = FloatBuffer(g)
        foldedWeights = FloatBuffer(g * c)
        foldedBiases = FloatBuffer(g)
        weightsBack = FloatBuffer(configuration.directions * kernels.packedSize(4 * h, c + h))
        projectionBack = FloatBuffer(kernels.packedSize(c, s))
        joined = FloatBuffer(4 * h * (c + h))
    }

    /// The floats of all partial gradients together in the stage that needs most, with `items` items for the scan.
    static func partialSize(_ configuration: NetworkConfiguration, tokens: Int, items: Int) -> Int {
        let (c, h, s) = (configuration.channels, configuration.hidden, configuration.states)
        return max(chunkCount(tokens) * max(c * c, c * s + c), items * 4 * h * (c + h + 1))
    }

    /// The floats of scratch memory per worker.
    static func scratchSize(_ configuration: NetworkConfiguration) -> Int {
        let (c, h) = (configuration.channels, configuration.hidden)
        return max(chunkSize * c, ScanGeometry.largestBlock * (stepsAtOnce * (c + 5 * h) + c + 2 * h))
    }

    // MARK: - Forward

    /// `to` (N, C) = `from` + the projection of the scan of `from`.
    func forward(
        _ parameters: Floats, from: Floats, to: Floats, mode: StatisticsMode, network: inout Network
    ) {
        if configuration.normalization == .sequence {
            normalize(parameters, from, mode: mode, network: &network)
        } else {
            foldedWeights.floats.copy(parameters.slice(layout.inputWeights), g * c)
            foldedBiases.floats.copy(parameters.slice(layout.biases), g)
        }
        weights.set(parameters, layout, inputWeights: foldedWeights.floats, biases: foldedBiases.floats)
        weights.scan(
            geometry, stream: from, states: states.floats, keepingCells: cells.floats, gates: gates.floats,
            threads: grid.threads)
        weights.project(states.floats, tokens: grid.tokens, onto: from, into: to, threads: grid.threads)
    }

    /// Computes or takes the statistics of `W x` and folds them into weights and biases.
    private func normalize(_ parameters: Floats, _ from: Floats, mode: StatisticsMode, network: inout Network) {
        let inputWeights = parameters.slice(layout.inputWeights)
        let (gain, bias) = (parameters.slice(layout.gains), parameters.slice(layout.biases))
        let n = Double(grid.tokens)
        if mode == .batch {
            measureInputs(from)
            // W m into `mean`, W Σ into `spread`, and the row-wise dot products of W Σ and W into `rstd`.
            let covariance = memory.partials.floats.slice(0..<c * c)
            let packed = memory.vectors.floats
            kernels.pack(c, c, covariance, row: c, column: 1, into: packed)
            kernels.gemm(g, c, c, a: inputWeights, lda: c, packed: packed, into: spread.floats, ldc: c)
            kernels.rowDots(g, c, inputWeights, lda: c, inputMean.floats, ldb: 0, into: mean.floats)
            kernels.rowDots(g, c, inputWeights, lda: c, spread.floats, ldb: c, into: rstd.floats)
        }
        for gate in 0..<g {
            var middle = Double(network.statistics[layout.means.lowerBound + gate])
            var variance = Double(network.statistics[layout.variances.lowerBound + gate])
            if mode == .batch {
                let momentum = configuration.momentum
                // Rounding may make a variance of zero slightly negative.
                let (own, squares) = (Double(mean.floats[gate]), max(Double(rstd.floats[gate]), 0))
                network.statistics[layout.means.lowerBound + gate] = Float(middle + momentum * (own - middle))
                network.statistics[layout.variances.lowerBound + gate] = Float(
                    variance + momentum * (squares * n / max(n - 1, 1) - variance))
                (middle, variance) = (own, squares)
            }
            let deviation = 1 / (variance + NetworkConfiguration.epsilon).squareRoot()
            let scale = deviation * Double(gain[gate])
            mean.floats[gate] = Float(middle)
            rstd.floats[gate] = Float(deviation)
            foldedBiases.floats[gate] = Float(Double(bias[gate]) - middle * scale)
            scaleRow(gate, of: inputWeights, by: Float(scale), into: foldedWeights.floats)
        }
    }

    /// Sets a row of `result` (G, C) to `factor` times that of `matrix`.
    private func scaleRow(_ row: Int, of matrix: Floats, by factor: Float, into result: Floats) {
        for index in row * c..<(row + 1) * c { result[index] = factor * matrix[index] }
    }

    /// Computes the mean of `x` (N, C) into `inputMean` and its covariance into the first partial.
    ///
    /// Two passes: products of differences from the mean avoid cancellation.
    private func measureInputs(_ x: Floats) {
        let (tokens, partials, mean) = (grid.tokens, memory.partials.floats, inputMean.floats)
        let chunks = chunkCount(tokens)
        inChunks(of: tokens, threads: grid.threads, kernels: kernels) { number, chunk, _ in
            let sums = partials.slice(number * c..<(number + 1) * c)
            sums.fill(0)
            kernels.addColumnSums(chunk.count, c, x.from(chunk.lowerBound * c), ld: c, to: sums)
        }
        for channel in 0..<c {
            let sum = (0..<chunks).reduce(0.0) { $0 + Double(partials[$1 * c + channel]) }
            mean[channel] = Float(sum / Double(tokens))
        }
        inChunks(of: tokens, threads: grid.threads, kernels: kernels) { number, chunk, worker in
            let products = partials.slice(number * c * c..<(number + 1) * c * c)
            products.fill(0)
            let centred = memory.scratch[worker]
            kernels.subtractRow(
                chunk.count, c, x.from(chunk.lowerBound * c), ldx: c, row: mean, into: centred, ldy: c)
            kernels.gemmOuter(c, c, chunk.count, a: centred, lda: c, b: centred, ldb: c, to: products, ldc: c)
        }
        let covariance = partials.slice(0..<c * c)
        memory.sum(chunks, of: c * c, stride: c * c)
        for index in 0..<c * c { covariance[index] /= Float(tokens) }
    }

    // MARK: - Backward

    /// The steps whose pre-activation gradients are collected before they are multiplied by the inputs. More steps move
    /// the weight gradient through the registers less often; these stay in L1.
    private static let stepsAtOnce = 4

    /// Turns `dStream` (N, C) from the gradient of the output into that of the input `from`, and adds the parameter
    /// gradients.
    func backward(_ parameters: Floats, from: Floats, dStream: Floats, mode: StatisticsMode) {
        projectionBackward(parameters, dStream: dStream)
        let directions = configuration.directions
        let size = 4 * h * (c + h + 1)
        let items = directions * geometry.blocks.count
        let (joined, hiddenWeights) = (joined.floats, parameters.slice(layout.hiddenWeights))
        for direction in 0..<directions {
            for gate in 0..<4 * h {
                let (row, source) = (joined.from(gate * (c + h)), direction * 4 * h + gate)
                row.copy(foldedWeights.floats.from(source * c), c)
                row.from(c).copy(hiddenWeights.from(source * h), h)
            }
            kernels.pack(4 * h, c + h, joined, row: c + h, column: 1, into: weightsBack(direction))
        }
        parallel(items, threads: grid.threads, kernels: kernels) { item, worker in
            let partial = memory.partials.floats.slice(item * size..<(item + 1) * size)
            backwardThroughTime(
                direction: item % directions, block: item / directions, from: from, dStream: dStream,
                scratch: memory.scratch[worker], partial: partial)
        }

        // Sums over blocks, in the place of the first block.
        let gradient = memory.gradient.floats
        let partials = memory.partials.floats
        for direction in 0..<directions {
            let own = partials.from(direction * size)
            memory.sum(geometry.blocks.count, of: size, stride: directions * size, from: direction * size)
            joined.copyTransposed(of: own.from(c * 4 * h), rows: h, columns: 4 * h)
            memory.add(joined, 4 * h * h, to: gradient.from(layout.hiddenWeights.lowerBound + direction * 4 * h * h))
            joined.copyTransposed(of: own, rows: c, columns: 4 * h)
            inputsBackward(
                parameters, direction: direction, products: joined, sums: own.from(4 * h * (c + h)), mode: mode)
        }
        streamBackward(parameters, from: from, dStream: dStream, mode: mode)
    }

    private func weightsBack(_ direction: Int) -> Floats {
        weightsBack.floats.from(direction * kernels.packedSize(4 * h, c + h))
    }

    /// Computes `dStates` = `dStream` · P, and the gradients of P and its bias.
    private func projectionBackward(_ parameters: Floats, dStream: Floats) {
        let (partials, dStates, states) = (memory.partials.floats, memory.dStates.floats, states.floats)
        let packed = projectionBack.floats
        kernels.pack(c, s, parameters.slice(layout.projection), row: s, column: 1, into: packed)
        let size = c * s + c
        inChunks(of: grid.tokens, threads: grid.threads, kernels: kernels) { number, chunk, _ in
            let d = dStream.from(chunk.lowerBound * c)
            let partial = partials.slice(number * size..<(number + 1) * size)
            partial.fill(0)
            kernels.gemm(
                chunk.count, s, c, a: d, lda: c, packed: packed, into: dStates.from(chunk.lowerBound * s), ldc: s)
            kernels.gemmOuter(
                c, s, chunk.count, a: d, lda: c, b: states.from(chunk.lowerBound * s), ldb: s, to: partial,
                ldc: s)
            kernels.addColumnSums(chunk.count, c, d, ld: c, to: partial.from(c * s))
        }
        let chunks = chunkCount(grid.tokens)
        memory.reduce(chunks, of: layout.projection, stride: size)
        memory.reduce(chunks, of: layout.projectionBias, stride: size, offset: c * s)
    }

    /// Runs all steps of one item, from the last to the first.
    ///
    /// The first direction adds the gradient of the inputs to `dStream`, the second stores it in `dOther`.
    ///
    /// - Parameter partial: Set to Σ x dzᵀ (C, 4H), Σ h dzᵀ (H, 4H) and Σ dz (4H).
    private func backwardThroughTime(
        direction: Int, block: Int, from: Floats, dStream: Floats, scratch: Floats, partial: Floats
    ) {
        let (count, stride, width) = (geometry.blocks[block].count, geometry.sequenceStride, c + h)
        // Of the collected steps: pre-activation gradients, and inputs and hidden states side by side.
        let dz = scratch.slice(0..<Self.stepsAtOnce * count * 4 * h)
        let inputs = scratch.from(dz.count).slice(0..<Self.stepsAtOnce * count * width)
        // Of one step: the gradients of its inputs and previous hidden states, side by side, and of its cell states.
        let back = scratch.from(dz.count + inputs.count).slice(0..<count * width)
        let dc = scratch.from(dz.count + inputs.count + back.count).slice(0..<count * h)
        func token(_ step: Int) -> Int { geometry.token(block, step: step, reverse: direction == 1) }
        func place(_ step: Int) -> Int { direction * grid.tokens + geometry.place(block, step: step) }
        func x(_ step: Int) -> Floats { from.from(token(step) * c) }
        func hidden(_ step: Int) -> Floats { states.floats.from(token(step) * s + direction * h) }
        func dHidden(_ step: Int) -> Floats { memory.dStates.floats.from(token(step) * s + direction * h) }
        func dx(_ step: Int) -> Floats { (direction == 0 ? dStream : memory.dOther.floats).from(token(step) * c) }
        partial.fill(0)
        dc.fill(0)
        var kept = 0
        for step in (0..<geometry.steps).reversed() {
            if step > 0 {
                // The rows of the next step are too far apart for the hardware prefetcher.
                kernels.prefetchRows(count, c, x(step - 1), ldx: stride * c)
                kernels.prefetchRows(count, c, dx(step - 1), ldx: stride * c)
                kernels.prefetchRows(count, h, dHidden(step - 1), ldx: stride * s)
                if step > 1 { kernels.prefetchRows(count, h, hidden(step - 2), ldx: stride * s) }
            }
            let own = dz.from(kept * count * 4 * h)
            kernels.lstmBackward(
                count, hidden: h,
                gates: Kernels.Rows(start: gates.floats.from(place(step) * 4 * h), stride: 4 * h),
                cBefore: step > 0 ? cells.floats.from(place(step - 1) * h) : nil,
                c: Kernels.Rows(start: cells.floats.from(place(step) * h), stride: h),
                dh: Kernels.Rows(start: dHidden(step), stride: stride * s),
                dhAfter: step + 1 == geometry.steps ? nil : Kernels.Rows(start: back.from(c), stride: width),
                dc: Kernels.Rows(start: dc, stride: h),
                dz: Kernels.Rows(start: own, stride: 4 * h))
            kernels.gemm(
                count, width, 4 * h, a: own, lda: 4 * h, packed: weightsBack(direction), into: back, ldc: width)
            if direction == 0 {
                kernels.add(count, c, dx(step), lda: stride * c, back, ldb: width, into: dx(step), ldy: stride * c)
            } else {
                kernels.copyRows(count, c, back, ldx: width, into: dx(step), ldy: stride * c)
            }
            let input = inputs.from(kept * count * width)
            kernels.copyRows(count, c, x(step), ldx: stride * c, into: input, ldy: width)
            if step > 0 {
                kernels.copyRows(count, h, hidden(step - 1), ldx: stride * s, into: input.from(c), ldy: width)
            } else {
                for sequence in 0..<count { input.slice(sequence * width + c..<(sequence + 1) * width).fill(0) }
            }
            kept += 1
            guard kept == Self.stepsAtOnce || step == 0 else { continue }
            kernels.gemmOuter(
                width, 4 * h, kept * count, a: inputs, lda: width, b: dz, ldb: 4 * h, to: partial, ldc: 4 * h)
            kernels.addColumnSums(kept * count, 4 * h, dz, ld: 4 * h, to: partial.from(4 * h * width))
            kept = 0
        }
    }

    /// Computes the gradients of input weights, γ and b from Σ dz xᵀ (4H, C) and Σ dz (4H) of a direction.
    ///
    /// Leaves in `memory.vectors`, from 0 and from G on, what `streamBackward(_:from:dStream:mode:)` needs for each
    /// gate: the mean of dz, and of dz times the normalized pre-activation, each times γ / √(variance + ε).
    private func inputsBackward(
        _ parameters: Floats, direction: Int, products: Floats, sums: Floats, mode: StatisticsMode
    ) {
        let gradient = memory.gradient.floats
        let own = direction * 4 * h
        let inputWeights = parameters.slice(layout.inputWeights).from(own * c)
        let dWeights = gradient.slice(layout.inputWeights).from(own * c)
        memory.add(sums, 4 * h, to: gradient.slice(layout.biases).from(own))
        guard configuration.normalization == .sequence else { return memory.add(products, 4 * h * c, to: dWeights) }
        let tokens = Float(grid.tokens)
        let (means, productMeans) = (memory.vectors.floats.from(own), memory.vectors.floats.from(g + own))
        kernels.rowDots(4 * h, c, inputWeights, lda: c, products, ldb: c, into: productMeans)
        for unit in 0..<4 * h {
            let gate = own + unit
            let (rstd, gain) = (rstd.floats[gate], parameters[layout.gains.lowerBound + gate])
            let scale = gain * rstd
            // Σ dz · (z − mean) · rstd
            let sum = sums[unit]
            let product = (productMeans[unit] - mean.floats[gate] * sum) * rstd
            gradient[layout.gains.lowerBound + gate] += product
            if mode == .batch {
                means[unit] = scale * sum / tokens
                productMeans[unit] = scale * product / tokens
                for index in 0..<c {
                    dWeights[unit * c + index] +=
                        scale
                        * (products[unit * c + index] - sum * inputMean.floats[index]
                            - product * rstd * spread.floats[gate * c + index])
                }
            } else {
                for index in 0..<c { dWeights[unit * c + index] += scale * products[unit * c + index] }
            }
        }
    }

    /// Sums the input gradients of both directions and subtracts the part that flows through the batch statistics: Σ
    /// over gates of `(mean dz + normalized · mean (dz · normalized)) · γ rstd · w`, a linear map of the input.
    private func streamBackward(_ parameters: Floats, from: Floats, dStream: Floats, mode: StatisticsMode) {
        let other = configuration.directions > 1 ? memory.dOther.floats : nil
        let normalized = configuration.normalization == .sequence && mode == .batch
        let (constant, packed) = (memory.vectors.floats.from(2 * g), memory.vectors.floats.from(2 * g + c))
        if normalized {
            let inputWeights = parameters.slice(layout.inputWeights)
            let (means, productMeans) = (memory.vectors.floats, memory.vectors.floats.from(g))
            // −Σ productMean · rstd · w wᵀ
            let map = memory.partials.floats.slice(0..<c * c)
            let scaled = memory.partials.floats.slice(c * c..<c * c + g * c)
            for gate in 0..<g {
                scaleRow(gate, of: inputWeights, by: -productMeans[gate] * rstd.floats[gate], into: scaled)
            }
            map.fill(0)
            kernels.gemmOuter(c, c, g, a: scaled, lda: c, b: inputWeights, ldb: c, to: map, ldc: c)
            // −Σ mean · w − map · m, since the input is relative to its mean; the map is symmetric.
            kernels.rowDots(c, c, map, lda: c, inputMean.floats, ldb: 0, into: constant)
            for channel in 0..<c { constant[channel] = -constant[channel] }
            for gate in 0..<g {
                for channel in 0..<c { constant[channel] -= means[gate] * inputWeights[gate * c + channel] }
            }
            kernels.pack(c, c, map, row: c, column: 1, into: packed)
        }
        inChunks(of: grid.tokens, threads: grid.threads, kernels: kernels) { _, chunk, _ in
            let d = dStream.from(chunk.lowerBound * c)
            if let other {
                kernels.add(
                    chunk.count, c, d, lda: c, other.from(chunk.lowerBound * c), ldb: c, into: d, ldy: c)
            }
            if normalized {
                kernels.gemm(
                    chunk.count, c, c, a: from.from(chunk.lowerBound * c), lda: c, packed: packed, bias: constant,
                    onto: d, ldOnto: c, into: d, ldc: c)
            }
        }
    }
}
