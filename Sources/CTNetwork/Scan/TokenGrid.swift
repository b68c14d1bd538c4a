internal import CTSupport

/// Images cut into tokens, and the stages outside the scans, shared by inference and training.
///
/// Tokens are stored as (batch, down, across). Work items depend on the shape alone, so results do not depend on the
/// number of threads.
struct TokenGrid: Sendable {
    /// The number of images.
    let batch: Int
    /// The pixel rows of an image.
    let rows: Int
    /// The pixel columns of an image.
    let columns: Int
    let configuration: NetworkConfiguration
    let threads: Int
    let kernels: Kernels
    /// The windows that each worker is processing.
    private let windows: Scratch

    /// The token rows per work item of mixing, and per work item that sums windows in the head.
    private static let bandHeight = 8

    init(
        batch: Int, rows: Int, columns: Int, configuration: NetworkConfiguration, threads: Int, kernels: Kernels
    ) {
        self.batch = batch
        self.rows = rows
        self.columns = columns
        self.configuration = configuration
        self.threads = threads
        self.kernels = kernels
        let area = configuration.window * configuration.window
        let lines = min(rows / configuration.patch, Self.bandHeight + 2 * Self.reach(configuration))
        windows = Scratch(
            items: batch * (rows / configuration.patch), threads: threads,
            lines * (columns / configuration.patch) * area)
    }

    /// Returns how many token rows a window reaches beyond its own, on either side.
    private static func reach(_ configuration: NetworkConfiguration) -> Int {
        let margin = (configuration.window - configuration.patch) / 2
        return (margin + configuration.patch - 1) / configuration.patch
    }

    /// The token rows of an image.
    var down: Int { rows / configuration.patch }
    /// The tokens of a row.
    var across: Int { columns / configuration.patch }
    /// The tokens of all images.
    var tokens: Int { batch * down * across }
    /// The pixels of a window.
    var area: Int { configuration.window * configuration.window }

    /// The token rows of a work item of about `chunkSize` tokens.
    var linesPerChunk: Int { max(1, chunkSize / across) }

    /// Returns the number of work items of `lines` token rows.
    func items(ofLines lines: Int) -> Int { (batch * down + lines - 1) / lines }

    /// Calls `body(line, windows, item)` with the windows (across, w²) of each token row; beyond the edges of `pixels`
    /// they are reflected or zero. The rows of one of `items(ofLines:)` are processed in order.
    func forEachLine(
        of pixels: Floats, reflect: Bool, linesPerItem: Int = 1,
        _ body: @Sendable (_ line: Int, _ windows: Floats, _ item: Int) -> Void
    ) {
        parallel(items(ofLines: linesPerItem), threads: threads, kernels: kernels) { item, worker in
            for line in item * linesPerItem..<min((item + 1) * linesPerItem, batch * down) {
                gather(line, of: pixels, reflect: reflect, into: windows[worker])
                body(line, windows[worker], item)
            }
        }
    }

    /// Gathers the windows of one token row.
    private func gather(_ line: Int, of pixels: Floats, reflect: Bool, into windows: Floats) {
        let (image, row) = (line / down, line % down)
        kernels.gatherWindows(
            pixels.from(image * rows * columns), rows: rows, columns: columns, patch: configuration.patch,
            window: configuration.window, reflect: reflect, tokens: row * across..<(row + 1) * across, into: windows)
    }

    /// Computes the stream (N, C) from pixels, with packed weights (w², C).
    func embed(_ pixels: Floats, weights: Floats, bias: Floats, into stream: Floats) {
        let (c, across, area) = (configuration.channels, across, area)
        forEachLine(of: pixels, reflect: true) { line, windows, _ in
            kernels.gemm(
                across, c, area, a: windows, lda: area, packed: weights, bias: bias,
                into: stream.from(line * across * c), ldc: c)
        }
    }

    /// `mixed` = `stream` (N, C) plus its depth-wise convolution with `weights` (k², C).
    func mix(_ stream: Floats, weights: Floats, bias: Floats?, into mixed: Floats) {
        let (c, down, across) = (configuration.channels, down, across)
        let bands = (down + Self.bandHeight - 1) / Self.bandHeight
        parallel(batch * bands, threads: threads, kernels: kernels) { item, _ in
            let first = item % bands * Self.bandHeight
            let image = item / bands * down * across * c
            mix(
                first..<min(first + Self.bandHeight, down), of: stream.from(image), weights: weights, bias: bias,
                into: mixed.from(image + first * across * c), pitch: across)
        }
    }

    /// The same for some token rows of one image, on the calling thread; `mixed` is (rows, pitch, C).
    func mix(
        _ rows: Range<Int>, of stream: Floats, weights: Floats, bias: Floats?, into mixed: Floats, pitch: Int
    ) {
        let c = configuration.channels
        kernels.mixRows(
            rows, rows: down, columns: across, channels: c, size: configuration.mixing, stream, weights: weights,
            bias: bias, into: mixed, ldy: pitch * c)
    }

    /// Computes the pixels of noise from the stream, with packed weights (C, w²).
    func head(_ stream: Floats, weights: Floats, bias: Float, into noise: Floats) {
        let (c, area, down, across, patch) = (configuration.channels, area, down, across, configuration.patch)
        let bands = (down + Self.bandHeight - 1) / Self.bandHeight
        parallel(batch * bands, threads: threads, kernels: kernels) { item, worker in
            let image = item / bands
            let band = item % bands * Self.bandHeight..<min((item % bands + 1) * Self.bandHeight, down)
            // Windows of the token rows that reach into the band.
            let reach = Self.reach(configuration)
            let lines = max(band.lowerBound - reach, 0)..<min(band.upperBound + reach, down)
            kernels.gemm(
                lines.count * across, area, c, a: stream.from((image * down + lines.lowerBound) * across * c), lda: c,
                packed: weights, into: windows[worker], ldc: area)
            for row in band.lowerBound * patch..<band.upperBound * patch {
                kernels.sumWindows(
                    windows[worker], firstDown: lines.lowerBound, rows: rows, columns: columns, patch: patch,
                    window: configuration.window, bias: bias, row: row, into: noise.from(image * rows * columns))
            }
        }
    }
}
