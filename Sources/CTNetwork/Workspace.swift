internal import Dispatch

/// The memory that one estimate of an image's noise needs.
final class Workspace: Sendable {
    let threads: Int
    let grid: TokenGrid
    let along: ScanGeometry
    let downwards: ScanGeometry
    let pixels: FloatBuffer
    /// (N, C)
    let stream: FloatBuffer
    /// (N, C), empty without mixing.
    let mixed: FloatBuffer
    /// (N, S)
    let states: FloatBuffer
    /// (H) of each sequence that a worker is at.
    let cells: Scratch

    init(_ configuration: NetworkConfiguration, rows: Int, columns: Int, threads: Int, kernels: Kernels) {
        self.threads = threads
        grid = TokenGrid(
            batch: 1, rows: rows, columns: columns, configuration: configuration, threads: threads, kernels: kernels)
        along = .rows(batch: 1, down: grid.down, across: grid.across)
        downwards = .columns(batch: 1, down: grid.down, across: grid.across)
        pixels = FloatBuffer(rows * columns)
        stream = FloatBuffer(grid.tokens * configuration.channels)
        mixed = FloatBuffer(configuration.mixing > 0 ? grid.tokens * configuration.channels : 0)
        states = FloatBuffer(grid.tokens * configuration.states)
        cells = ScanWeights.cells([along, downwards], configuration, threads: threads)
    }
}

/// Workspaces that nobody uses at the moment: slices of one size follow each other, and new memory is slow.
final class WorkspacePool: @unchecked Sendable {
    private var idle: [Workspace] = []
    private let queue = DispatchQueue(label: "workspaces")

    /// An idle one of this shape, or else a new one; idle ones of other shapes are let go.
    func take(rows: Int, columns: Int, threads: Int, orMake make: () -> Workspace) -> Workspace {
        let found: Workspace? = queue.sync {
            idle.removeAll { $0.grid.rows != rows || $0.grid.columns != columns || $0.threads != threads }
            return idle.popLast()
        }
        return found ?? make()
    }

    func putBack(_ workspace: Workspace) {
        // Half a gigabyte is much to keep for the case that another image comes.
        guard workspace.grid.tokens <= 1 << 19 else { return }
        queue.sync { idle.append(workspace) }
    }
}
