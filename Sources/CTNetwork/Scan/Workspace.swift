internal import Dispatch

/// The memory that one estimate of an image's noise needs.
final class Workspace: Sendable {
    let grid: TokenGrid
    let rows: BandedScan
    let columns: BandedScan
    let scratch: Scratch
    let pixels: FloatBuffer
    /// (N, C): before a row scan.
    let stream: FloatBuffer
    /// (N, C): after it, since rows are mixed with their neighbours while others are finished already.
    let scanned: FloatBuffer

    init(_ configuration: NetworkConfiguration, rows: Int, columns: Int, threads: Int, kernels: Kernels) {
        grid = TokenGrid(
            batch: 1, rows: rows, columns: columns, configuration: configuration, threads: threads, kernels: kernels)
        self.rows = BandedScan(.rows, of: grid)
        self.columns = BandedScan(.columns, of: grid)
        scratch = BandedScan.scratch([self.rows, self.columns], threads: threads)
        pixels = FloatBuffer(rows * columns)
        stream = FloatBuffer(grid.tokens * configuration.channels)
        scanned = FloatBuffer(grid.tokens * configuration.channels)
    }
}

/// Workspaces that nobody uses at the moment: slices of one size follow each other, and new memory is slow.
final class WorkspacePool: @unchecked Sendable {
    private var idle: [Workspace] = []
    private let queue = DispatchQueue(label: "workspaces")

    /// An idle one of this shape, or else a new one; idle ones of other shapes are let go, but for that of the transpose, since
    /// some slices are looked at both ways.
    func take(rows: Int, columns: Int, threads: Int, orMake make: () -> Workspace) -> Workspace {
        let found: Workspace? = queue.sync {
            let shapes = [[rows, columns], [columns, rows]]
            idle.removeAll { $0.grid.threads != threads || !shapes.contains([$0.grid.rows, $0.grid.columns]) }
            return idle.firstIndex { $0.grid.rows == rows }.map { idle.remove(at: $0) }
        }
        return found ?? make()
    }

    func putBack(_ workspace: Workspace) {
        // More is much to keep for the case that another image comes.
        guard workspace.grid.tokens <= 1 << 19 else { return }
        queue.sync { idle.append(workspace) }
    }
}
