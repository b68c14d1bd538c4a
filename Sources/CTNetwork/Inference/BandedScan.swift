internal import CTSupport

/// A scan of one image along token rows or token columns as inference runs it: band by band.
///
/// A band is some sequences side by side, and a work item does all that there is to do about it: what goes into the scan,
/// both directions, and what becomes of their states, which only the worker ever sees. So the stream goes through main memory
/// once a scan. What comes of a sequence does not depend on the band that it is in.
struct BandedScan: Sendable {
    /// Along which a sequence runs.
    enum Axis: Sendable {
        case rows
        case columns
    }

    private let axis: Axis
    private let grid: TokenGrid
    private let steps: Int
    private let sequences: Int
    /// Sequences of a band, but for the last.
    private let height: Int
    private var bands: Int { (sequences + height - 1) / height }

    init(_ axis: Axis, of grid: TokenGrid) {
        self.axis = axis
        self.grid = grid
        (sequences, steps) = axis == .rows ? (grid.down, grid.across) : (grid.across, grid.down)
        height = min(Self.height(axis, sequences: sequences, threads: grid.threads, kernels: grid.kernels), sequences)
    }

    /// A step of fewer sequences waits for the one before, and of more what a worker has in hand does not stay in its cache. Of
    /// columns more than of rows, since what a step reads of them lies side by side, if each thread still has a band; and AMX
    /// multiplies 32 rows at a time.
    private static func height(_ axis: Axis, sequences: Int, threads: Int, kernels: Kernels) -> Int {
        let most = axis == .columns || kernels.name == "amx" ? 32 : 16
        return sequences / most >= threads ? most : 16
    }

    /// Memory for each worker of scans that do not run at once.
    static func scratch(_ scans: [BandedScan], threads: Int) -> Scratch {
        Scratch(items: scans.map(\.bands).max() ?? 0, threads: threads, scans.map(\.workerSize).max() ?? 0)
    }

    /// Floats that a worker needs: for rows inputs (line, token, C), states (line, token, S), a line being what a band has of a
    /// token row, and cell states (sequence, H).
    private var workerSize: Int {
        let configuration = grid.configuration
        let tokens = axis == .rows ? height * Self.pitch(steps) : steps * Self.pitch(height)
        return tokens * (ownInputs + configuration.states) + height * configuration.hidden
    }

    /// Floats of a token's inputs in a worker's memory.
    private var ownInputs: Int { axis == .rows ? grid.configuration.channels : 0 }

    /// Tokens from one line of `tokens` to the next in a worker's memory: one more, lest they all fall into the same few places
    /// of a cache.
    private static func pitch(_ tokens: Int) -> Int { tokens + 1 }

    /// Scans with `weights`.
    ///
    /// - Parameters:
    ///   - scratch: Of this scan at least.
    ///   - inputs: Says where what a band, given as rows or columns of tokens, scans is, C floats a token. For rows there is
    ///     memory to put it into, line by line, `pitch` tokens from one to the next.
    ///   - finish: Is given the inputs (tokens, C) and the states (tokens, S) of a band's part of a token row, which starts
    ///     at `token` of the image.
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
