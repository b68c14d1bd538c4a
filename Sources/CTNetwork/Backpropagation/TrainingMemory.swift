/// Memory shared by the stages of a `TrainingPass`: the gradient, and buffers that each stage reuses.
final class TrainingMemory: Sendable {
    private let kernels: Kernels
    /// The gradient of all parameters, flat.
    let gradient: FloatBuffer
    /// Partial gradients, one per work item; they are summed in a fixed order, whichever thread computed them.
    let partials: FloatBuffer
    /// Small vectors of one stage.
    let vectors: FloatBuffer
    /// Scratch memory of each worker.
    let scratch: Scratch
    /// (N, C): the gradient of the stream from the second direction of a scan.
    let dOther: FloatBuffer
    /// (N, S)
    let dStates: FloatBuffer

    init(
        _ configuration: NetworkConfiguration, grid: TokenGrid, parameters: Int, partials: Int, scratch: Int, items: Int
    ) {
        let (c, g) = (configuration.channels, configuration.gates)
        kernels = grid.kernels
        gradient = FloatBuffer(parameters)
        self.partials = FloatBuffer(max(partials, c * c + g * c))
        vectors = FloatBuffer(2 * g + c + kernels.packedSize(c, c))
        self.scratch = Scratch(items: items, threads: grid.threads, scratch)
        dOther = FloatBuffer(configuration.directions > 1 ? grid.tokens * c : 0)
        dStates = FloatBuffer(grid.tokens * configuration.states)
    }

    /// Adds `count` floats of `values` to `sum`.
    func add(_ values: Floats, _ count: Int, to sum: Floats) {
        kernels.add(1, count, sum, lda: count, values, ldb: count, into: sum, ldy: count)
    }

    /// Adds `count - 1` partials of `size` floats, `stride` apart, to the one at `start`.
    func sum(_ count: Int, of size: Int, stride: Int, from start: Int = 0) {
        let first = partials.floats.from(start)
        for item in 1..<max(count, 1) { add(first.from(item * stride), size, to: first) }
    }

    /// Adds `count` partial gradients, `stride` floats apart, to the gradient at `range`.
    func reduce(_ count: Int, of range: Range<Int>, stride: Int, offset: Int = 0) {
        for item in 0..<count {
            add(partials.floats.from(item * stride + offset), range.count, to: gradient.floats.slice(range))
        }
    }
}
