/// Images cut into tokens, and the stages that work on them apart from the scans: the same for inference and training.
///
/// Tokens lie in memory as (batch, down, across). Work is cut into items by the shape alone: results do not depend on
/// the number of threads.
struct TokenGrid: Sendable {
    /// Images.
    let batch: Int
    /// Pixel rows of an image.
    let rows: Int
    /// Pixel columns of an image.
    let columns: Int
    let configuration: NetworkConfiguration
    let threads: Int
    let kernels: Kernels
    /// Windows of the tokens that a worker is at.
    private let windows: Scratch

    /// Rows of tokens that a work item of the head puts together.
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
        let lines = Self.bandHeight + 2 * ((configuration.window - 1) / configuration.patch + 1)
        windows = Scratch(
            items: batch * (rows / configuration.patch), threads: threads,
            lines * (columns / configuration.patch) * area)
    }

    /// Rows of tokens of an image.
    var down: Int { rows / configuration.patch }
    /// Tokens of a row.
    var across: Int { columns / configuration.patch }
    /// Tokens of all images.
    var tokens: Int { batch * down * across }
    /// Pixels of a window.
    var area: Int { configuration.window * configuration.window }

    /// Gives `body(line, windows, worker)` the windows (across, w²) that each row of tokens sees of `pixels`, which end in their
    /// reflection or in zeros.
    func forEachLine(
        of pixels: Floats, reflect: Bool, _ body: @Sendable (_ line: Int, _ windows: Floats, _ worker: Int) -> Void
    ) {
        parallel(batch * down, threads: threads, kernels: kernels) { line, worker in
            let (image, row) = (line / down, line % down)
            kernels.gatherWindows(
                pixels.from(image * rows * columns), rows: rows, columns: columns, patch: configuration.patch,
                window: configuration.window, reflect: reflect, tokens: row * across..<(row + 1) * across,
                into: windows[worker])
            body(line, windows[worker], worker)
        }
    }

    /// From pixels to the stream (N, C), with packed weights (w², C).
    func embed(_ pixels: Floats, weights: Floats, bias: Floats, into stream: Floats) {
        let (c, across, area) = (configuration.channels, across, area)
        forEachLine(of: pixels, reflect: true) { line, windows, _ in
            kernels.gemm(
                across, c, area, a: windows, lda: area, packed: weights, bias: bias,
                into: stream.from(line * across * c), ldc: c)
        }
    }

    /// `stream` (N, C) plus its depth-wise convolution with `weights` (k², C).
    func mix(_ stream: Floats, weights: Floats, bias: Floats?, into mixed: Floats) {
        let (c, down, across) = (configuration.channels, down, across)
        parallel(batch * down, threads: threads, kernels: kernels) { line, _ in
            let image = line / down * down * across * c
            kernels.mixRow(
                line % down, rows: down, columns: across, channels: c, size: configuration.mixing, stream.from(image),
                weights: weights, bias: bias, into: mixed.from(image))
        }
    }

    /// From the stream to pixels of noise, with packed weights (C, w²).
    func head(_ stream: Floats, weights: Floats, bias: Float, into noise: Floats) {
        let (c, area, down, across, patch) = (configuration.channels, area, down, across, configuration.patch)
        let bands = (down + Self.bandHeight - 1) / Self.bandHeight
        parallel(batch * bands, threads: threads, kernels: kernels) { item, worker in
            let image = item / bands
            let band = item % bands * Self.bandHeight..<min((item % bands + 1) * Self.bandHeight, down)
            // Windows of the token rows that reach into the band.
            let margin = (configuration.window - patch) / 2
            let reach = (margin + patch - 1) / patch
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
