import Foundation
import TestSupport
import Testing

@testable import CTNetwork

extension Kernels: CustomTestStringConvertible {
    /// The instruction set.
    public var testDescription: String { name }
}

/// Every kernel of every instruction set that this CPU has, against loops in `Double`.
///
/// Operands start one float beyond a cache line and rows have padding, so that nothing is aligned; whole buffers
/// are compared, so that a kernel that writes into the padding fails.
@Suite struct KernelTests {
    /// Memory for the operands of one call.
    final class Arena {
        private var buffers: [FloatBuffer] = []
        private var generator = TestGenerator(seed: 7)

        /// A view of random floats, misaligned.
        func random(_ count: Int, in range: ClosedRange<Float> = -1...1) -> Floats {
            place(generator.floats(count, in: range))
        }

        func place(_ values: [Float]) -> Floats {
            let buffer = FloatBuffer(values.count + 1)
            buffers.append(buffer)
            buffer.floats.from(1).copy(values)
            return buffer.floats.from(1)
        }
    }

    /// The padding between rows.
    static let gap = 3

    /// Numbers of columns around those of vectors and of tiles.
    static let widths = [1, 2, 3, 4, 5, 7, 8, 11, 15, 16, 17, 20, 31, 33, 40]

    private func doubles(_ floats: Floats) -> [Double] { floats.array.map(Double.init) }

    // MARK: - Matrix product

    @Test(arguments: Kernels.available, [false, true])
    func `Matrix products, any size, transposed or not`(kernels: Kernels, accumulate: Bool) {
        var worst = 0.0
        for m in [1, 2, 3, 5, 6, 7, 12, 13] {
            for n in Self.widths + [48, 64, 65, 80, 111] {
                for k in [0, 1, 2, 13] {
                    for transposed in [false, true] {
                        let arena = Arena()
                        defer { extendLifetime(arena) }
                        let (ldb, ldc) = (n + Self.gap, n + Self.gap)
                        let (row, column) = transposed ? (1, m + Self.gap) : (k + Self.gap, 1)
                        let a = arena.random((m + Self.gap) * (k + Self.gap))
                        let (b, c) = (arena.random(max(k, 1) * ldb), arena.random(m * ldc))
                        let (left, right) = (doubles(a), doubles(b))
                        var expected = doubles(c)
                        for i in 0..<m {
                            for j in 0..<n {
                                var sum = accumulate ? expected[i * ldc + j] : 0
                                for p in 0..<k { sum += left[i * row + p * column] * right[p * ldb + j] }
                                expected[i * ldc + j] = sum
                            }
                        }
                        kernels.gemm(
                            m, n, k, a: a, row: row, column: column, b: b, ldb: ldb, into: c, ldc: ldc,
                            accumulate: accumulate)
                        worst = max(worst, worstError(c.array, expected))
                    }
                }
            }
        }
        #expect(worst < 1e-6)
    }

    // MARK: - LSTM

    /// Where the cell state before a step is.
    enum Before: CaseIterable { case none, elsewhere, inPlace }

    @Test(arguments: Kernels.available, Before.allCases)
    func `LSTM steps forward and backward`(kernels: Kernels, before: Before) {
        func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
        func hyperbolic(_ x: Double) -> Double { 2 / (1 + exp(-2 * x)) - 1 }
        var worst = 0.0
        for hidden in Self.widths {
            for n in [1, 3] {
                let arena = Arena()
                defer { extendLifetime(arena) }
                let (ldz, ld) = (4 * hidden + Self.gap, hidden + Self.gap)
                let z = arena.random(n * ldz, in: -6...6)
                let (c, h) = (arena.random(n * ld, in: -2...2), arena.random(n * ld))
                let old: Floats? =
                    switch before {
                    case .none: nil
                    case .elsewhere: arena.random(n * ld, in: -2...2)
                    case .inPlace: c
                    }
                let (pre, previous) = (doubles(z), old.map(doubles))
                var (gates, cells, states) = (pre, doubles(c), doubles(h))
                for s in 0..<n {
                    for unit in 0..<hidden {
                        let at = s * ldz + unit
                        gates[at] = sigmoid(pre[at])
                        gates[at + hidden] = sigmoid(pre[at + hidden])
                        gates[at + 2 * hidden] = hyperbolic(pre[at + 2 * hidden])
                        gates[at + 3 * hidden] = sigmoid(pre[at + 3 * hidden])
                        let own = s * ld + unit
                        cells[own] =
                            gates[at] * gates[at + 2 * hidden] + gates[at + hidden] * (previous?[own] ?? 0)
                        states[own] = gates[at + 3 * hidden] * hyperbolic(cells[own])
                    }
                }
                let untouched = arena.place(z.array)
                let (c2, h2) = (arena.place(c.array), arena.place(h.array))
                kernels.lstmForward(
                    n, hidden: hidden, z: untouched, ldz: ldz, before: before == .inPlace ? c2 : old, ldBefore: ld,
                    c: c2, ldc: ld, h: h2, ldh: ld, save: false)
                kernels.lstmForward(
                    n, hidden: hidden, z: z, ldz: ldz, before: old, ldBefore: ld, c: c, ldc: ld, h: h, ldh: ld,
                    save: true)
                worst = max(worst, worstError(z.array, gates), worstError(c.array, cells), worstError(h.array, states))
                #expect(untouched.array == pre.map(Float.init))
                #expect(c2.array == c.array && h2.array == h.array)

                // Backward wants the state before, so it cannot have been overwritten.
                guard before != .inPlace else { continue }
                let (dh, dc) = (arena.random(n * ld), arena.random(n * ld))
                let dStates = doubles(dh)
                var (dGates, dCells) = (gates, doubles(dc))
                for s in 0..<n {
                    for unit in 0..<hidden {
                        let (at, own) = (s * ldz + unit, s * ld + unit)
                        let (i, f, g, o) = (
                            gates[at], gates[at + hidden], gates[at + 2 * hidden], gates[at + 3 * hidden]
                        )
                        let y = hyperbolic(cells[own])
                        let d = dCells[own] + dStates[own] * o * (1 - y * y)
                        dGates[at] = d * g * i * (1 - i)
                        dGates[at + hidden] = d * (previous?[own] ?? 0) * f * (1 - f)
                        dGates[at + 2 * hidden] = d * i * (1 - g * g)
                        dGates[at + 3 * hidden] = dStates[own] * y * o * (1 - o)
                        dCells[own] = d * f
                    }
                }
                kernels.lstmBackward(
                    n, hidden: hidden, gates: z, ldGates: ldz, before: old, ldBefore: ld, c: c, ldc: ld, dh: dh,
                    ldDH: ld, dc: dc, ldDC: ld)
                worst = max(worst, worstError(z.array, dGates), worstError(dc.array, dCells))
            }
        }
        #expect(worst < 1e-6)
    }

    @Test(arguments: Kernels.available)
    func `LSTM steps saturate instead of overflowing`(kernels: Kernels) {
        let arena = Arena()
        defer { extendLifetime(arena) }
        let extremes: [Float] = [-.infinity, -3e38, -1e4, -88, 88, 1e4, 3e38, .infinity]
        for value in extremes {
            let z = arena.place([value, -value, value, value])
            let (c, h) = (arena.place([1e20]), arena.place([0]))
            kernels.lstmForward(
                1, hidden: 1, z: z, ldz: 4, before: c, ldBefore: 1, c: c, ldc: 1, h: h, ldh: 1, save: true)
            let open: Float = value > 0 ? 1 : 0
            let expected = [open, 1 - open, value > 0 ? 1 : -1, open]
            #expect(worstError(z.array, expected) < 1e-6, "\(value)")
            // Open: forget 1e20, remember 1. Shut: keep 1e20, show nothing of it.
            #expect(c[0] == (value > 0 ? 1 : 1e20), "\(value)")
            #expect(abs(h[0] - open * Float(tanh(1.0))) < 1e-6, "\(value)")
        }
    }

    // MARK: - Column by column

    @Test(arguments: Kernels.available)
    func `Affine maps, sums and moments of columns`(kernels: Kernels) {
        var worst = 0.0
        for width in Self.widths {
            for n in [1, 2, 7] {
                let arena = Arena()
                defer { extendLifetime(arena) }
                let ld = width + Self.gap
                let (x, other, y) = (arena.random(n * ld), arena.random(n * ld), arena.random(n * ld))
                let (scale, shift) = (arena.random(width), arena.random(width))
                let (values, others) = (doubles(x), doubles(other))
                let (factors, terms) = (doubles(scale), doubles(shift))
                func each(_ start: [Double], _ value: (Int, Int) -> Double) -> [Double] {
                    var result = start
                    for s in 0..<n { for j in 0..<width { result[s * ld + j] = value(s * ld + j, j) } }
                    return result
                }
                kernels.affine(n, width, x, ld: ld, scale: scale, shift: shift, into: y, ldy: ld)
                worst = max(worst, worstError(y.array, each(doubles(y)) { values[$0] * factors[$1] + terms[$1] }))
                kernels.affine(n, width, x, ld: ld, scale: nil, shift: shift, into: y, ldy: ld)
                worst = max(worst, worstError(y.array, each(doubles(y)) { values[$0] + terms[$1] }))
                kernels.add(n, width, x, lda: ld, other, ldb: ld, into: y, ldy: ld)
                worst = max(worst, worstError(y.array, each(doubles(y)) { at, _ in values[at] + others[at] }))

                let sums = arena.random(width + Self.gap)
                var expectedSums = doubles(sums)
                for s in 0..<n { for j in 0..<width { expectedSums[j] += values[s * ld + j] } }
                kernels.addColumnSums(n, width, x, ld: ld, to: sums)
                worst = max(worst, worstError(sums.array, expectedSums))

                let (mean, squares) = (arena.random(width + Self.gap), arena.random(width + Self.gap))
                var (means, deviations) = (doubles(mean), doubles(squares))
                for j in 0..<width {
                    means[j] = (0..<n).reduce(0) { $0 + values[$1 * ld + j] } / Double(n)
                    deviations[j] = (0..<n).reduce(0) {
                        $0 + (values[$1 * ld + j] - means[j]) * (values[$1 * ld + j] - means[j])
                    }
                }
                kernels.columnMoments(n, width, x, ld: ld, mean: mean, squares: squares)
                worst = max(worst, worstError(mean.array, means), worstError(squares.array, deviations))
            }
        }
        #expect(worst < 1e-6)
    }

    @Test(arguments: Kernels.available)
    func `Normalization backward`(kernels: Kernels) {
        var worst = 0.0
        for width in Self.widths {
            for n in [1, 2, 7] {
                let arena = Arena()
                defer { extendLifetime(arena) }
                let ld = width + Self.gap
                let (dy, x) = (arena.random(n * ld), arena.random(n * ld))
                let (mean, rstd, gain) = (arena.random(width), arena.random(width, in: 0.5...2), arena.random(width))
                let (sums, products) = (arena.random(width + Self.gap), arena.random(width + Self.gap))
                let (meanDY, meanDYX) = (arena.random(width), arena.random(width))
                let (d, values) = (doubles(dy), doubles(x))
                let (m, r, g) = (doubles(mean), doubles(rstd), doubles(gain))
                let (takeSum, takeProduct) = (doubles(meanDY), doubles(meanDYX))
                var (expectedSums, expectedProducts, expected) = (doubles(sums), doubles(products), d)
                for s in 0..<n {
                    for j in 0..<width {
                        let at = s * ld + j
                        let normalized = (values[at] - m[j]) * r[j]
                        expectedSums[j] += d[at]
                        expectedProducts[j] += d[at] * normalized
                        expected[at] = g[j] * (d[at] - takeSum[j] - normalized * takeProduct[j])
                    }
                }
                kernels.addNormSums(
                    n, width, dy: dy, x: x, ld: ld, mean: mean, rstd: rstd, to: sums, products: products)
                kernels.normBackward(
                    n, width, dy: dy, x: x, ld: ld, mean: mean, rstd: rstd, gain: gain, meanDY: meanDY,
                    meanDYX: meanDYX)
                worst = max(
                    worst, worstError(sums.array, expectedSums), worstError(products.array, expectedProducts),
                    worstError(dy.array, expected))
            }
        }
        #expect(worst < 1e-6)
    }

    // MARK: - Grids

    @Test(arguments: Kernels.available, [1, 3, 5])
    func `Depth-wise convolution and the gradient of its weights`(kernels: Kernels, size: Int) {
        var worst = 0.0
        for (rows, columns) in [(1, 1), (1, 4), (3, 2), (6, 5)] {
            for channels in [1, 3, 4, 8, 13, 16, 21] {
                let arena = Arena()
                defer { extendLifetime(arena) }
                let count = rows * columns * channels
                let (x, y, weights, bias) = (
                    arena.random(count), arena.random(count), arena.random(size * size * channels),
                    arena.random(channels)
                )
                let dWeights = arena.random(size * size * channels)
                let (values, taps, terms, d) = (doubles(x), doubles(weights), doubles(bias), doubles(y))
                var (expected, expectedBare, expectedD) = (values, values, doubles(dWeights))
                for row in 0..<rows {
                    for column in 0..<columns {
                        for channel in 0..<channels {
                            let own = (row * columns + column) * channels + channel
                            for u in 0..<size {
                                for v in 0..<size {
                                    let (i, j) = (row + u - size / 2, column + v - size / 2)
                                    guard (0..<rows).contains(i), (0..<columns).contains(j) else { continue }
                                    let tap = (u * size + v) * channels + channel
                                    let from = (i * columns + j) * channels + channel
                                    expectedBare[own] += taps[tap] * values[from]
                                    expectedD[tap] += d[own] * values[from]
                                }
                            }
                            expected[own] = expectedBare[own] + terms[channel]
                        }
                    }
                }
                kernels.addMixWeights(
                    rows: rows, columns: columns, channels: channels, size: size, x, dy: y, to: dWeights)
                worst = max(worst, worstError(dWeights.array, expectedD))
                for (bias, expected) in [(bias, expected), (nil, expectedBare)] {
                    for row in 0..<rows {
                        kernels.mixRow(
                            row, rows: rows, columns: columns, channels: channels, size: size, x, weights: weights,
                            bias: bias, into: y)
                    }
                    worst = max(worst, worstError(y.array, expected))
                }
            }
        }
        #expect(worst < 1e-6)
    }

    @Test(arguments: [(1, 1), (1, 3), (1, 7), (2, 2), (2, 6), (4, 4), (4, 8)])
    func `Windows are gathered mirrored or with zeros, and added up again`(patch: Int, window: Int) {
        let kernels = Kernels.current
        let margin = (window - patch) / 2
        for (down, across) in [(1, 1), (1, 3), (4, 2)] {
            let (rows, columns, area) = (down * patch, across * patch, window * window)
            let arena = Arena()
            defer { extendLifetime(arena) }
            let image = arena.random(rows * columns)
            let pixels = image.array
            func mirrored(_ index: Int, _ count: Int) -> Int {
                let period = max(2 * (count - 1), 1)
                let folded = ((index % period) + period) % period
                return folded < count ? folded : period - folded
            }
            for reflect in [false, true] {
                let windows = arena.random(down * across * area)
                // In two calls, as threads do.
                let middle = down * across / 2
                for range in [0..<middle, middle..<down * across] {
                    kernels.gatherWindows(
                        image, rows: rows, columns: columns, patch: patch, window: window, reflect: reflect,
                        tokens: range, into: windows.from(range.lowerBound * area))
                }
                let expected: [Float] = (0..<down * across * area).map { index in
                    let (token, u, v) = (index / area, index % area / window, index % window)
                    let (row, column) = (
                        token / across * patch - margin + u, token % across * patch - margin + v
                    )
                    if reflect { return pixels[mirrored(row, rows) * columns + mirrored(column, columns)] }
                    let inside = (0..<rows).contains(row) && (0..<columns).contains(column)
                    return inside ? pixels[row * columns + column] : 0
                }
                #expect(windows.array == expected, "\(down)×\(across), \(reflect)")
            }
            let windows = arena.random(down * across * area)
            var sum = [Double](repeating: 0.25, count: rows * columns)
            for (index, value) in windows.array.enumerated() {
                let (token, u, v) = (index / area, index % area / window, index % window)
                let (row, column) = (token / across * patch - margin + u, token % across * patch - margin + v)
                guard (0..<rows).contains(row), (0..<columns).contains(column) else { continue }
                sum[row * columns + column] += Double(value)
            }
            for row in 0..<rows {
                kernels.sumWindows(
                    windows, rows: rows, columns: columns, patch: patch, window: window, bias: 0.25, row: row,
                    into: image)
            }
            #expect(worstError(image.array, sum) < 1e-6, "\(down)×\(across)")
        }
    }

    @Test func `The instruction set with vectors of four floats is everywhere`() {
        #expect(Kernels.available.last?.name == "baseline")
        #expect(Kernels.available.map(\.name).contains(Kernels.current.name))
    }
}
