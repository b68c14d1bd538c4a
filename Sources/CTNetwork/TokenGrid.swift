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

    /// Rows of tokens of an image.
    var down: Int { rows / configuration.patch }
    /// Tokens of a row.
    var across: Int { columns / configuration.patch }
    /// Tokens of all images.
    var tokens: Int { batch * down * across }
    /// Pixels of a window.
    var area: Int { configuration.window * configuration.window }

    /// The windows (N, w²) that the tokens see of `pixels`, which end in their reflection or in zeros.
    func gather(_ pixels: Floats, reflect: Bool, into windows: Floats) {
        parallel(batch * down, threads: threads) { line in gather(line, of: pixels, reflect: reflect, into: windows) }
    }

    /// The windows of one row of tokens.
    private func gather(_ line: Int, of pixels: Floats, reflect: Bool, into windows: Floats) {
        let (image, row) = (line / down, line % down)
        kernels.gatherWindows(
            pixels.from(image * rows * columns), rows: rows, columns: columns, patch: configuration.patch,
            window: configuration.window, reflect: reflect, tokens: row * across..<(row + 1) * across,
            into: windows.from(line * across * area))
    }

    /// From pixels to the stream (N, C), through `windows` (N, w²), with weights (w², C).
    func embed(_ pixels: Floats, windows: Floats, weights: Floats, bias: Floats, into stream: Floats) {
        let (c, across, area) = (configuration.channels, across, area)
        parallel(batch * down, threads: threads) { line in
            gather(line, of: pixels, reflect: true, into: windows)
            let output = stream.from(line * across * c)
            for token in 0..<across { output.from(token * c).copy(bias, c) }
            kernels.gemm(
                across, c, area, a: windows.from(line * across * area), row: area, b: weights, ldb: c, into: output,
                ldc: c, accumulate: true)
        }
    }

    /// `stream` (N, C) plus its depth-wise convolution with `weights` (k², C).
    func mix(_ stream: Floats, weights: Floats, bias: Floats?, into mixed: Floats) {
        let (c, down, across) = (configuration.channels, down, across)
        parallel(batch * down, threads: threads) { line in
            let image = line / down * down * across * c
            kernels.mixRow(
                line % down, rows: down, columns: across, channels: c, size: configuration.mixing, stream.from(image),
                weights: weights, bias: bias, into: mixed.from(image))
        }
    }

    /// From the stream to pixels of noise, through `windows` (N, w²), with weights (C, w²).
    func head(_ stream: Floats, windows: Floats, weights: Floats, bias: Float, into noise: Floats) {
        let (c, area, perImage) = (configuration.channels, area, down * across)
        inChunks(of: tokens, threads: threads) { _, chunk in
            kernels.gemm(
                chunk.count, area, c, a: stream.from(chunk.lowerBound * c), row: c, b: weights, ldb: area,
                into: windows.from(chunk.lowerBound * area), ldc: area, accumulate: false)
        }
        parallel(batch * rows, threads: threads) { line in
            let image = line / rows
            kernels.sumWindows(
                windows.from(image * perImage * area), rows: rows, columns: columns, patch: configuration.patch,
                window: configuration.window, bias: bias, row: line % rows, into: noise.from(image * rows * columns))
        }
    }
}
