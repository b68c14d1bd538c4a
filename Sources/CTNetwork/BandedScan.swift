/// A scan of one image along token rows or token columns as inference runs it: band by band.
///
/// A band is some sequences side by side, and a work item does all that there is to do about it: what goes into the scan,
/// both directions, and what becomes of their states, which only the worker ever sees. So the stream goes through main memory
/// once a scan.
struct BandedScan: Sendable {
    /// Along which a sequence runs.
    enum Axis: Sendable {
        case rows
        case columns
    }

    /// The sequences of a work item.
    struct Band {
        /// Token rows that it has a part of: its sequences themselves, or all of the image.
        let rows: Range<Int>
        /// Token columns, the same.
        let columns: Range<Int>
    }

    private let axis: Axis
    private let grid: TokenGrid
    /// Sequences of a band, but for the last.
    private let height: Int
    /// Of each worker: for rows inputs (line, token, C), states (line, token, S), a line being what a band has of a token row,
    /// and cell states (sequence, H).
    private let scratch: Scratch
    /// Floats of a token's inputs in it.
    private let ownInputs: Int

    init(_ axis: Axis, of grid: TokenGrid) {
        let configuration = grid.configuration
        let sequences = axis == .rows ? grid.down : grid.across
        self.axis = axis
        self.grid = grid
        height = min(Self.height(axis, sequences: sequences, threads: grid.threads, kernels: grid.kernels), sequences)
        ownInputs = axis == .rows ? configuration.channels : 0
        let tokens = axis == .rows ? height * Self.pitch(grid.across) : grid.down * Self.pitch(height)
        scratch = Scratch(
            items: (sequences + height - 1) / height, threads: grid.threads,
            tokens * (ownInputs + configuration.states) + height * configuration.hidden)
    }

    /// A step of fewer sequences waits for the one before, and what a worker has in hand of more does not stay in its cache. Of
    /// columns more than of rows, since what a step reads of them lies side by side, if each thread still has a band.
    private static func height(_ axis: Axis, sequences: Int, threads: Int, kernels: Kernels) -> Int {
        // AMX multiplies 32 rows at a time.
        if kernels.name == "amx" { return 32 }
        return axis == .columns && sequences / 32 >= threads ? 32 : 16
    }

    /// Tokens from one line of `tokens` to the next in a worker's memory: one more, lest they all fall into the same few places
    /// of a cache.
    private static func pitch(_ tokens: Int) -> Int { tokens + 1 }

    /// Scans with `weights`.
    ///
    /// - Parameters:
    ///   - inputs: Says where what a band scans is, C floats a token. For rows there is memory to put it into, line by line,
    ///     `pitch` tokens from one to the next.
    ///   - finish: Is given the inputs (tokens, C) and the states (tokens, S) of a band's part of a token row, which starts
    ///     at `token` of the image.
    func run(
        _ weights: ScanWeights, inputs: @Sendable (_ band: Band, _ memory: Floats, _ pitch: Int) -> Tokens,
        finish: @Sendable (_ token: Int, _ tokens: Int, _ inputs: Floats, _ states: Floats) -> Void
    ) {
        let s = grid.configuration.states
        let sequences = axis == .rows ? grid.down : grid.across
        parallel((sequences + height - 1) / height, threads: grid.threads, kernels: grid.kernels) { item, worker in
            let own = item * height..<min((item + 1) * height, sequences)
            let band =
                axis == .rows
                ? Band(rows: own, columns: 0..<grid.across) : Band(rows: 0..<grid.down, columns: own)
            let pitch = Self.pitch(band.columns.count)
            let size = band.rows.count * pitch
            let memory = scratch[worker]
            let inputs = inputs(band, memory.slice(0..<size * ownInputs), pitch)
            let states = memory.from(size * ownInputs).slice(0..<size * s)
            let cells = memory.from(size * (ownInputs + s))
            let tokens =
                axis == .rows
                ? Tokens(states, sequence: pitch * s, step: s) : Tokens(states, sequence: s, step: pitch * s)
            for direction in 0..<grid.configuration.directions {
                weights.scan(
                    inputs, sequences: own.count, steps: axis == .rows ? grid.across : grid.down,
                    direction: direction, states: tokens
                ) { _ in (cells, nil) }
            }
            let inputPitch = axis == .rows ? inputs.sequence : inputs.step
            for (line, row) in band.rows.enumerated() {
                finish(
                    row * grid.across + band.columns.lowerBound, band.columns.count,
                    inputs.floats.from(line * inputPitch), states.from(line * pitch * s))
            }
        }
    }
}
