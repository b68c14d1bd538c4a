import AMXEmulator
import Foundation
import TestSupport
import Testing

@testable import CTNetwork

extension Kernels: CustomTestStringConvertible {
    /// The instruction set and its arithmetic.
    public var testDescription: String { "\(name), \(precision)" }

    /// Every variant that can run here, AMX in software if need be.
    static let tested: [Kernels] = {
        var all: [Kernels] = []
        for fast in [false, true] {
            var more = available(fast: fast)
            if amx_emulator_install(), let amx = amx(fast: fast) { more.append(amx) }
            for kernels in more where !all.contains(where: { $0.testDescription == kernels.testDescription }) {
                all.append(kernels)
            }
        }
        return all
    }()

    /// Those that training may use: the best here, and AMX.
    static let forTraining = tested.filter {
        $0.precision != "bf16" && [current(.single).name, "amx"].contains($0.name)
    }

    /// By how much larger the errors of a whole network may be than with single precision throughout.
    var allowance: Double { precision == "single precision" ? 1 : 5 }

    /// The largest error for a kernel that multiplies matrices, if it is `single` in that precision.
    func tolerance(_ single: Double) -> Double {
        switch precision {
        case "single precision": single
        case "bf16": 0.04
        default: 1e-4
        }
    }
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

    // MARK: - Matrix products

    /// Rows, columns and summands of products: around vectors, then around tiles and what is multiplied at a time.
    static let products =
        [1, 2, 3, 5, 6, 7, 12, 13].flatMap { m in
            (widths + [48, 64, 65, 80, 111]).flatMap { n in [0, 1, 2, 13].map { k in (m: m, n: n, k: k) } }
        } + [(16, 32, 32), (17, 97, 33), (33, 33, 65), (50, 17, 40), (70, 3, 129), (3, 20, 257)]

    @Test(arguments: Kernels.tested)
    func `Products and steps longer than any buffer`(kernels: Kernels) {
        let arena = Arena()
        defer { extendLifetime(arena) }
        let (m, n, k) = (19, 20, 1100)
        let (a, b, c) = (arena.random(m * k), arena.random(k * n), arena.random(m * n))
        let packed = arena.random(kernels.packedSize(k, n))
        kernels.pack(k, n, b, row: n, column: 1, into: packed)
        kernels.gemm(m, n, k, a: a, lda: k, packed: packed, into: c, ldc: n)
        let (left, right) = (doubles(a), doubles(b))
        let expected = (0..<m * n).map { index in
            (0..<k).reduce(0.0) { $0 + left[index / n * k + $1] * right[$1 * n + index % n] }
        }
        #expect(worstError(c.array, expected) < kernels.tolerance(1e-6))

        // A unit is enough: it is the inputs that fill the buffer.
        let (sequences, inputs) = (50, 1000)
        let (x, weights) = (arena.random(sequences * inputs), arena.random(4 * inputs, in: -0.1...0.1))
        let recurrent = arena.place([0, 0, 0, 0])
        let lstm = arena.random(kernels.lstmPackedSize(inputs: inputs, hidden: 1))
        kernels.lstmPack(
            inputs: inputs, hidden: 1, inputWeights: weights, hiddenWeights: recurrent, bias: recurrent, into: lstm)
        let (h, cells, gates) = (arena.random(sequences), arena.random(sequences), arena.random(4 * sequences))
        kernels.lstmForward(
            sequences, inputs: inputs, hidden: 1, x: Kernels.Rows(start: x, stride: inputs), next: nil, packed: lstm,
            before: nil, h: Kernels.Rows(start: h, stride: 1), cBefore: nil, c: Kernels.Rows(start: cells, stride: 1),
            gates: Kernels.Rows(start: gates, stride: 4))
        let (seen, factors) = (doubles(x), doubles(weights))
        let activated = (0..<4 * sequences).map { index in
            let (row, gate) = (index / 4, index % 4)
            let sum = (0..<inputs).reduce(0.0) { $0 + seen[row * inputs + $1] * factors[gate * inputs + $1] }
            return gate == 2 ? tanh(sum) : 1 / (1 + exp(-sum))
        }
        #expect(worstError(gates.array, activated) < kernels.tolerance(2e-6))
    }

    /// What a product starts from.
    enum Start: CaseIterable { case zero, bias, elsewhere, inPlace }

    @Test(arguments: Kernels.tested, Start.allCases)
    func `Products by packed matrices of any size`(kernels: Kernels, start: Start) {
        var worst = 0.0
        for (m, n, k) in Self.products {
            for transposed in [false, true] {
                let arena = Arena()
                defer { extendLifetime(arena) }
                let (lda, ldc) = (k + Self.gap, n + Self.gap)
                let (row, column) = transposed ? (1, k + Self.gap) : (n + Self.gap, 1)
                let a = arena.random(m * lda)
                let b = arena.random((n + Self.gap) * (k + Self.gap))
                let c = arena.random(m * ldc)
                let (bias, other) = (arena.random(n), arena.random(m * (ldc + 1)))
                let onto = start == .inPlace ? c : start == .elsewhere ? other : nil
                let ldOnto = start == .elsewhere ? ldc + 1 : ldc
                let (left, right, terms, base) = (doubles(a), doubles(b), doubles(bias), onto.map(doubles))
                var expected = doubles(c)
                for i in 0..<m {
                    for j in 0..<n {
                        var sum = (base?[i * ldOnto + j] ?? 0) + (start == .bias ? terms[j] : 0)
                        for p in 0..<k { sum += left[i * lda + p] * right[p * row + j * column] }
                        expected[i * ldc + j] = sum
                    }
                }
                let packed = arena.random(kernels.packedSize(k, n))
                kernels.pack(k, n, b, row: row, column: column, into: packed)
                kernels.gemm(
                    m, n, k, a: a, lda: lda, packed: packed, bias: start == .bias ? bias : nil, onto: onto,
                    ldOnto: ldOnto, into: c, ldc: ldc)
                worst = max(worst, worstError(c.array, expected))
            }
        }
        #expect(worst < kernels.tolerance(1e-6))
    }

    /// Rows, columns and summands of transposed products.
    static let outerProducts =
        [1, 2, 3, 5, 6, 7, 12, 13].flatMap { m in
            (widths + [48, 65]).flatMap { n in [0, 1, 9, 12].map { k in (m: m, n: n, k: k) } }
        } + [(16, 32, 32), (33, 50, 35), (17, 129, 33), (257, 3, 40), (20, 17, 210), (48, 64, 192), (5, 6, 1600)]

    @Test(arguments: Kernels.tested)
    func `Transposed products`(kernels: Kernels) {
        var worst = 0.0
        for (m, n, k) in Self.outerProducts {
            let arena = Arena()
            defer { extendLifetime(arena) }
            let (lda, ldb, ldc) = (m + Self.gap, n + Self.gap, n + Self.gap)
            let (a, b, c) = (arena.random(k * lda), arena.random(k * ldb), arena.random(m * ldc))
            let (left, right) = (doubles(a), doubles(b))
            var expected = doubles(c)
            for p in 0..<k {
                for i in 0..<m {
                    for j in 0..<n { expected[i * ldc + j] += left[p * lda + i] * right[p * ldb + j] }
                }
            }
            kernels.gemmOuter(m, n, k, a: a, lda: lda, b: b, ldb: ldb, to: c, ldc: ldc)
            worst = max(worst, worstError(c.array, expected))
        }
        #expect(worst < kernels.tolerance(1e-6))
    }

    // MARK: - LSTM

    /// Where the cell state before a step is.
    enum Before: CaseIterable { case none, elsewhere, inPlace }

    /// Sequences, inputs and hidden units of LSTM steps: around the sizes of vectors, of tiles and of blocks.
    static let steps =
        widths.flatMap { hidden in
            [(1, 0), (1, 5), (3, 2), (7, 3), (14, 1)].map { (n: $0.0, inputs: $0.1, hidden: hidden) }
        } + [(16, 32, 16), (33, 33, 32), (50, 5, 33), (17, 65, 17), (70, 31, 3)]

    @Test(arguments: Kernels.tested, Before.allCases)
    func `LSTM steps forward and backward`(kernels: Kernels, before: Before) {
        func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
        func hyperbolic(_ x: Double) -> Double { 2 / (1 + exp(-2 * x)) - 1 }
        var worst = 0.0
        for (n, inputs, hidden) in Self.steps {
            let arena = Arena()
            defer { extendLifetime(arena) }
            let (ldx, ldz, ld, ldh) = (
                inputs + Self.gap, 4 * hidden + Self.gap, hidden + Self.gap, hidden + Self.gap + 1
            )
            let (x, z) = (arena.random(n * ldx, in: -2...2), arena.random(n * ldz))
            let (c, h) = (arena.random(n * ld, in: -2...2), arena.random(n * ldh))
            let old: Floats? =
                switch before {
                case .none: nil
                case .elsewhere: arena.random(n * ld, in: -2...2)
                case .inPlace: c
                }
            let last = before == .none ? nil : arena.random(n * ldh)
            let inputWeights = arena.random(4 * hidden * inputs)
            let hiddenWeights = arena.random(4 * hidden * hidden)
            let bias = arena.random(4 * hidden, in: -3...3)
            let packed = arena.random(kernels.lstmPackedSize(inputs: inputs, hidden: hidden))
            kernels.lstmPack(
                inputs: inputs, hidden: hidden, inputWeights: inputWeights, hiddenWeights: hiddenWeights,
                bias: bias,
                into: packed)
            let (w, u, terms, seen) = (doubles(inputWeights), doubles(hiddenWeights), doubles(bias), doubles(x))
            let (previous, remembered) = (old.map(doubles), last.map(doubles))
            var (gates, cells, states) = (doubles(z), doubles(c), doubles(h))
            for s in 0..<n {
                for unit in 0..<hidden {
                    func gate(_ number: Int) -> Double {
                        let row = number * hidden + unit
                        var sum = terms[row]
                        for p in 0..<inputs { sum += w[row * inputs + p] * seen[s * ldx + p] }
                        if let remembered {
                            for p in 0..<hidden { sum += u[row * hidden + p] * remembered[s * ldh + p] }
                        }
                        return sum
                    }
                    let at = s * ldz + unit
                    gates[at] = sigmoid(gate(0))
                    gates[at + hidden] = sigmoid(gate(1))
                    gates[at + 2 * hidden] = hyperbolic(gate(2))
                    gates[at + 3 * hidden] = sigmoid(gate(3))
                    let own = s * ld + unit
                    cells[own] =
                        gates[at] * gates[at + 2 * hidden] + gates[at + hidden] * (previous?[own] ?? 0)
                    states[s * ldh + unit] = gates[at + 3 * hidden] * hyperbolic(cells[own])
                }
            }
            let (c2, h2) = (arena.place(c.array), arena.place(h.array))
            func step(_ c: Floats, _ h: Floats, before cBefore: Floats?, gates: Floats?) {
                kernels.lstmForward(
                    n, inputs: inputs, hidden: hidden, x: Kernels.Rows(start: x, stride: ldx),
                    next: gates == nil ? x : nil, packed: packed, before: last,
                    h: Kernels.Rows(start: h, stride: ldh), cBefore: cBefore,
                    c: Kernels.Rows(start: c, stride: ld),
                    gates: gates.map { Kernels.Rows(start: $0, stride: ldz) })
            }
            step(c2, h2, before: before == .inPlace ? c2 : old, gates: nil)
            step(c, h, before: old, gates: z)
            worst = max(worst, worstError(z.array, gates), worstError(c.array, cells), worstError(h.array, states))
            #expect(c2.array == c.array && h2.array == h.array)

            // Backward wants the state before, so it cannot have been overwritten.
            guard before != .inPlace else { continue }
            let (dh, after, dc) = (arena.random(n * ld), arena.random(n * ldh), arena.random(n * ld))
            let dz = arena.random(n * (ldz + 1))
            var (dGates, dCells) = (doubles(dz), doubles(dc))
            let (own, later) = (doubles(dh), doubles(after))
            for s in 0..<n {
                for unit in 0..<hidden {
                    let (at, to, cell) = (s * ldz + unit, s * (ldz + 1) + unit, s * ld + unit)
                    let (i, f, g, o) = (
                        gates[at], gates[at + hidden], gates[at + 2 * hidden], gates[at + 3 * hidden]
                    )
                    let y = hyperbolic(cells[cell])
                    let dState = own[cell] + (last == nil ? 0 : later[s * ldh + unit])
                    let d = dCells[cell] + dState * o * (1 - y * y)
                    dGates[to] = d * g * i * (1 - i)
                    dGates[to + hidden] = d * (previous?[cell] ?? 0) * f * (1 - f)
                    dGates[to + 2 * hidden] = d * i * (1 - g * g)
                    dGates[to + 3 * hidden] = dState * y * o * (1 - o)
                    dCells[cell] = d * f
                }
            }
            kernels.lstmBackward(
                n, hidden: hidden, gates: Kernels.Rows(start: z, stride: ldz), cBefore: old,
                c: Kernels.Rows(start: c, stride: ld), dh: Kernels.Rows(start: dh, stride: ld),
                dhAfter: last == nil ? nil : Kernels.Rows(start: after, stride: ldh),
                dc: Kernels.Rows(start: dc, stride: ld), dz: Kernels.Rows(start: dz, stride: ldz + 1))
            worst = max(worst, worstError(dz.array, dGates), worstError(dc.array, dCells))
        }
        #expect(worst < kernels.tolerance(3e-6))
    }

    @Test(arguments: Kernels.tested)
    func `LSTM steps saturate instead of overflowing`(kernels: Kernels) {
        // A cell state is at most the number of steps.
        let most: Float = 1e5
        for value: Float in [-.infinity, -3e38, -1e4, -88, 88, 1e4, 3e38, .infinity] {
            let arena = Arena()
            defer { extendLifetime(arena) }
            let packed = arena.random(kernels.lstmPackedSize(inputs: 0, hidden: 1))
            let nothing = arena.place([0, 0, 0, 0])
            kernels.lstmPack(
                inputs: 0, hidden: 1, inputWeights: nothing, hiddenWeights: nothing,
                bias: arena.place([value, -value, value, value]), into: packed)
            let (c, h, z) = (arena.place([most]), arena.place([0]), arena.place([0, 0, 0, 0]))
            kernels.lstmForward(
                1, inputs: 0, hidden: 1, x: Kernels.Rows(start: nothing, stride: 0), next: nil, packed: packed,
                before: nil, h: Kernels.Rows(start: h, stride: 1), cBefore: c, c: Kernels.Rows(start: c, stride: 1),
                gates: Kernels.Rows(start: z, stride: 4))
            let open: Float = value > 0 ? 1 : 0
            let expected = [open, 1 - open, value > 0 ? 1 : -1, open]
            #expect(worstError(z.array, expected) < 1e-6, "\(value)")
            // Open: forget all, remember 1. Shut: keep all, show nothing of it.
            #expect(abs(c[0] - (value > 0 ? 1 : most)) <= 1e-6 * max(c[0], 1), "\(value)")
            #expect(abs(h[0] - open * Float(tanh(1.0))) < 1e-6, "\(value)")
        }
    }

    // MARK: - Column by column

    @Test(arguments: Kernels.tested)
    func `Copies and sums of matrices, sums of columns, differences from a row, products of rows`(kernels: Kernels) {
        var worst = 0.0
        for width in Self.widths {
            for n in [1, 2, 7] {
                let arena = Arena()
                defer { extendLifetime(arena) }
                let ld = width + Self.gap
                let (x, other, y) = (arena.random(n * ld), arena.random(n * ld), arena.random(n * ld))
                let row = arena.random(width)
                let (values, others, terms) = (doubles(x), doubles(other), doubles(row))
                func each(_ start: [Double], _ value: (Int, Int) -> Double) -> [Double] {
                    var result = start
                    for s in 0..<n { for j in 0..<width { result[s * ld + j] = value(s * ld + j, j) } }
                    return result
                }
                kernels.subtractRow(n, width, x, ldx: ld, row: row, into: y, ldy: ld)
                worst = max(worst, worstError(y.array, each(doubles(y)) { values[$0] - terms[$1] }))
                kernels.prefetchRows(n, width, x, ldx: ld)
                kernels.copyRows(n, width, x, ldx: ld, into: y, ldy: ld)
                worst = max(worst, worstError(y.array, each(doubles(y)) { at, _ in values[at] }))
                kernels.add(n, width, x, lda: ld, other, ldb: ld, into: y, ldy: ld)
                worst = max(worst, worstError(y.array, each(doubles(y)) { at, _ in values[at] + others[at] }))

                let sums = arena.random(width + Self.gap)
                var expectedSums = doubles(sums)
                for s in 0..<n { for j in 0..<width { expectedSums[j] += values[s * ld + j] } }
                kernels.addColumnSums(n, width, x, ld: ld, to: sums)
                worst = max(worst, worstError(sums.array, expectedSums))

                let (dots, dotsOfOne) = (arena.random(n + Self.gap), arena.random(n + Self.gap))
                var (expectedDots, expectedOfOne) = (doubles(dots), doubles(dotsOfOne))
                for s in 0..<n {
                    expectedDots[s] = (0..<width).reduce(0) { $0 + values[s * ld + $1] * others[s * ld + $1] }
                    expectedOfOne[s] = (0..<width).reduce(0) { $0 + values[s * ld + $1] * terms[$1] }
                }
                kernels.rowDots(n, width, x, lda: ld, other, ldb: ld, into: dots)
                kernels.rowDots(n, width, x, lda: ld, row, ldb: 0, into: dotsOfOne)
                worst = max(worst, worstError(dots.array, expectedDots), worstError(dotsOfOne.array, expectedOfOne))
            }
        }
        #expect(worst < 1e-6)
    }

    // MARK: - Grids

    @Test(arguments: Kernels.available(), [1, 3, 5])
    func `Depth-wise convolution and the gradient of its weights`(kernels: Kernels, size: Int) {
        var worst = 0.0
        for (rows, columns) in [(1, 1), (1, 4), (3, 2), (6, 5), (2, 27)] {
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
                let width = columns * channels
                for (bias, expected) in [(bias, expected), (nil, expectedBare)] {
                    for first in 0..<rows {
                        let mixed = arena.random((rows - first) * (width + Self.gap))
                        var wanted = doubles(mixed)
                        for row in first..<rows {
                            let start = (row - first) * (width + Self.gap)
                            wanted.replaceSubrange(
                                start..<start + width, with: expected[row * width..<(row + 1) * width])
                        }
                        kernels.mixRows(
                            first..<rows, rows: rows, columns: columns, channels: channels, size: size, x,
                            weights: weights, bias: bias, into: mixed, ldy: width + Self.gap)
                        worst = max(worst, worstError(mixed.array, wanted))
                    }
                }
            }
        }
        #expect(worst < 1e-6)
    }

    @Test(arguments: [(1, 1), (1, 3), (1, 7), (2, 2), (2, 6), (4, 4), (4, 8)])
    func `Windows are gathered mirrored or with zeros, and added up again`(patch: Int, window: Int) {
        let kernels = Kernels.current(.single)
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
                // With only the windows of token rows that reach this far.
                let first = max((row + margin - window + patch) / patch, 0)
                kernels.sumWindows(
                    windows.from(first * across * area), firstDown: first, rows: rows, columns: columns, patch: patch,
                    window: window, bias: 0.25, row: row, into: image)
            }
            #expect(worstError(image.array, sum) < 1e-6, "\(down)×\(across)")
        }
    }

    @Test func `The instruction set with vectors of four floats is everywhere`() {
        #expect(Kernels.available().last?.name == "baseline")
        #expect(Kernels.available().map(\.name).contains(Kernels.current(.single).name))
    }
}
