internal import CTSupport

/// A scan of one image along token rows or token columns for inference, band by band.
///
/// A band is a group of adjacent sequences. One work item does everything for a band: it prepares the inputs, scans
/// both directions and consumes the states, which stay in the worker's scratch memory. The stream therefore passes
/// through main memory once per scan. The result for a sequence does not depend on its band.
struct BandedScan: Sendable {
    /// The axis that a sequence runs along.
    enum Axis: Sendable {
        case rows
        case columns
    }

    private let axis: Axis
    private let grid: TokenGrid
    private let steps: Int
    private let sequences: Int
    /// Sequences per band; the last band may have fewer.
    private let height: Int
    private var bands: Int { (sequences + height - 1) / height }

    init(_ axis: Axis, of grid: TokenGrid) {
        self.axis = axis
        self.grid = grid
        (sequences, steps) = axis == .rows ? (grid.down, grid.across) : (grid.across, grid.down)
        height = min(Self.height(axis, sequences: sequences, threads: grid.threads, kernels: grid.kernels), sequences)
    }

    /// Returns the number of sequences per band.
    ///
    /// With fewer sequences each step waits for the one before; with more, a worker's data does not stay in its cache.
    /// Columns can have more than rows, because a step of a column scan reads contiguous memory, provided that each
    /// thread still gets a band. AMX multiplies 32 rows at a time.
    private static func height(_ axis: Axis, sequences: Int, threads: Int, kernels: Kernels) -> Int {
        let most = axis == .columns || kernels.name == "amx" ? 32 : 16
        return sequences / most >= threads ? most : 16
    }

    /// Scratch memory for each worker, shared by scans that do not run concurrently.
    static func scratch(_ scans: [BandedScan], threads: Int) -> Scratch {
        Scratch(items: scans.map(\.bands).max() ?? 0, threads: threads, scans.map(\.workerSize).max() ?? 0)
    }

    /// The floats that a worker needs: for row scans the inputs (line, token, C), the states (line, token, S) and the
    /// cell states (sequence, H). A line is a band's part of a token row.
    private var workerSize: Int {
        let configuration = grid.configuration
        let tokens = axis == .rows ? height * Self.pitch(steps) : steps * Self.pitch(height)
        return tokens * (ownInputs + configuration.states) + height * configuration.hidden
    }

    /// The floats per token that a worker needs for inputs.
    private var ownInputs: Int { axis == .rows ? grid.configuration.channels : 0 }

    /// The distance in tokens between lines of `tokens` in a worker's memory: one more, to avoid cache set conflicts.
    private static func pitch(_ tokens: Int) -> Int { tokens + 1 }

    /// Scans the image with `weights`.
    ///
    /// - Parameters:
    ///   - weights: The weights of the scan.
    ///   - scratch: Memory for at least this scan.
    ///   - inputs: Returns the inputs of a band of token rows or columns, C floats per token. For rows it may write
    ///     them to `memory`, line by line, `pitch` tokens apart.
    ///   - finish: Consumes the inputs (tokens, C) and the states (tokens, S) of a band's part of a token row, which
    ///     starts at `token` of the image.
    func run(
        _ weights: ScanWeights, scratch: Scratch,
        inputs: @Sendable (_ band: Range<Int>, _ memory: Floats, _ pitch: Int) -> Tokens,
        finish: @Sendable (_ token: Int, _ tokens: Int, _ inputs: Floats, _ states: Floats) -> Void
    ) {
        let s = grid.configuration.states
        parallel(bands, threads: grid.threads, kernels: grid.kernels) { item, worker in
            let band = item * height..<min((item + 1) * height, sequences)
            let (lines, length) = axis == .rows ? (band.count, steps) : (steps, band.count)
            let pitch = Self.pitch(length)
            let memory = scratch[worker]
            let inputs = inputs(band, memory.slice(0..<lines * pitch * ownInputs), pitch)
            let states = memory.from(lines * pitch * ownInputs).slice(0..<lines * pitch * s)
            let cells = memory.from(lines * pitch * (ownInputs + s))
            let tokens =
                axis == .rows
                ? Tokens(states, sequence: pitch * s, step: s) : Tokens(states, sequence: s, step: pitch * s)
            for direction in 0..<grid.configuration.directions {
                weights.scan(inputs, sequences: band.count, steps: steps, direction: direction, states: tokens) { _ in
                    (cells, nil)
                }
            }
            let first = axis == .rows ? band.lowerBound * grid.across : band.lowerBound
            let inputPitch = axis == .rows ? inputs.sequence : inputs.step
            for line in 0..<lines {
                finish(
                    first + line * grid.across, length, inputs.floats.from(line * inputPitch),
                    states.from(line * pitch * s))
            }
        }
    }
}
