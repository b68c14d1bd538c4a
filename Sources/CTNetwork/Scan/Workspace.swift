internal import Dispatch

/// The memory needed to estimate the noise of one image.
final class Workspace: Sendable {
    let grid: TokenGrid
    let rows: BandedScan
    let columns: BandedScan
    let scratch: Scratch
    let pixels: FloatBuffer
    /// (N, C): the input of a row scan.
    let stream: FloatBuffer
    /// (N, C): the output of a row scan. Separate, since mixing still reads rows whose neighbours are already scanned.
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

/// Idle workspaces, kept so that slices of one size reuse memory.
final class WorkspacePool: @unchecked Sendable {
    private var idle: [Workspace] = []
    private let queue = DispatchQueue(label: "workspaces")

    /// Returns an idle workspace of this shape, or a new one. Idle workspaces of other shapes are freed, except that of
    /// the transpose, since some slices are processed both ways.
    func take(rows: Int, columns: Int, threads: Int, orMake make: () -> Workspace) -> Workspace {
        let found: Workspace? = queue.sync {
            let shapes = [[rows, columns], [columns, rows]]
            idle.removeAll { $0.grid.threads != threads || !shapes.contains([$0.grid.rows, $0.grid.columns]) }
            return idle.firstIndex { $0.grid.rows == rows }.map { idle.remove(at: $0) }
        }
        return found ?? make()
    }

    func putBack(_ workspace: Workspace) {
        // Larger ones are not worth keeping in case another image comes.
        guard workspace.grid.tokens <= 1 << 19 else { return }
        queue.sync { idle.append(workspace) }
    }
}
