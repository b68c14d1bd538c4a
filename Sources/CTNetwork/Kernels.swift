internal import CKernels
internal import Dispatch

/// Floats in memory that somebody else owns: the operand of a kernel.
///
/// This file is the module's only door to unsafe memory. A view stays valid as long as its
/// ``FloatBuffer``, which it does not keep alive: Swift frees a buffer after the last mention of it, so a function
/// with a buffer of its own says `defer { extendLifetime(buffer) }` at once. Views of disjoint parts may be
/// written by several threads.
@safe struct Floats: @unchecked Sendable {
    private let base: UnsafeMutablePointer<Float>
    let count: Int

    fileprivate init(base: UnsafeMutablePointer<Float>, count: Int) {
        unsafe self.base = base
        self.count = count
    }

    fileprivate var pointer: UnsafeMutablePointer<Float> { unsafe base }

    subscript(index: Int) -> Float {
        get {
            assert(index >= 0 && index < count, "\(index) of \(count)")
            return unsafe base[index]
        }
        nonmutating set {
            assert(index >= 0 && index < count, "\(index) of \(count)")
            unsafe base[index] = newValue
        }
    }

    /// The view without its first `offset` floats.
    func from(_ offset: Int) -> Floats {
        precondition(offset >= 0 && offset <= count, "\(offset) of \(count)")
        return unsafe Floats(base: base + offset, count: count - offset)
    }

    /// The part at `range`.
    func slice(_ range: Range<Int>) -> Floats {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count)")
        return unsafe Floats(base: base + range.lowerBound, count: range.count)
    }

    func fill(_ value: Float) { unsafe base.update(repeating: value, count: count) }

    func copy(_ values: [Float]) {
        precondition(values.count <= count, "\(values.count) floats into \(count)")
        unsafe values.withUnsafeBufferPointer { source in
            guard let first = source.baseAddress else { return }
            unsafe base.update(from: first, count: source.count)
        }
    }

    /// Copies the first `count` floats of `other`.
    func copy(_ other: Floats, _ count: Int) {
        assert(count <= self.count && count <= other.count)
        unsafe base.update(from: other.base, count: count)
    }

    var array: [Float] { unsafe Array(UnsafeBufferPointer(start: base, count: count)) }

    /// Writes the transpose of a `rows`×`columns` matrix.
    func copyTransposed(of matrix: Floats, rows: Int, columns: Int) {
        precondition(count >= rows * columns && matrix.count >= rows * columns)
        for row in 0..<rows {
            for column in 0..<columns { self[column * rows + row] = matrix[row * columns + column] }
        }
    }
}

/// Owns floats, aligned to a cache line.
@safe final class FloatBuffer: @unchecked Sendable {
    let floats: Floats

    /// Allocates `count` floats, not set to anything.
    init(_ count: Int) {
        precondition(count >= 0)
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
        unsafe floats = Floats(base: bytes.bindMemory(to: Float.self, capacity: max(count, 1)), count: count)
    }

    deinit { unsafe UnsafeMutableRawPointer(floats.pointer).deallocate() }
}

/// The vector kernels of one instruction set, over views.
///
/// Each method is the C kernel of the same name in `kernels.h`, which says what it computes.
@safe struct Kernels: @unchecked Sendable {
    private let table: UnsafePointer<ct_kernels>

    /// The kernels in use: the best of this CPU, or those that `CTDENOISE_ISA` names.
    static let current = unsafe Kernels(table: ct_kernels_current())

    /// All kernels that this CPU can run, best first.
    static var available: [Kernels] {
        var list: [UnsafePointer<ct_kernels>?] = unsafe [nil, nil, nil]
        let count = unsafe Int(ct_kernels_available(&list, 3))
        return unsafe list.prefix(count).compactMap { table in unsafe table.map { unsafe Kernels(table: $0) } }
    }

    /// The instruction set: "avx512", "avx2" or "baseline".
    var name: String { unsafe String(cString: table.pointee.name) }

    func gemm(
        _ m: Int, _ n: Int, _ k: Int, a: Floats, row: Int, column: Int = 1, b: Floats, ldb: Int,
        into c: Floats, ldc: Int, accumulate: Bool
    ) {
        guard m > 0, n > 0 else { return }
        assert(k == 0 || (m - 1) * row + (k - 1) * column < a.count, "a")
        assert(k == 0 || (k - 1) * ldb + n <= b.count, "b")
        assert((m - 1) * ldc + n <= c.count, "c")
        unsafe table.pointee.gemm(m, n, k, a.pointer, row, column, b.pointer, ldb, c.pointer, ldc, accumulate)
    }

    func lstmForward(
        _ n: Int, hidden: Int, z: Floats, ldz: Int, before: Floats?, ldBefore: Int, c: Floats, ldc: Int,
        h: Floats, ldh: Int, save: Bool
    ) {
        assert((n - 1) * ldz + 4 * hidden <= z.count && (n - 1) * ldc + hidden <= c.count)
        assert((n - 1) * ldh + hidden <= h.count)
        unsafe table.pointee.lstm_forward(
            n, hidden, z.pointer, ldz, before?.pointer, ldBefore, c.pointer, ldc, h.pointer, ldh, save)
    }

    func lstmBackward(
        _ n: Int, hidden: Int, gates: Floats, ldGates: Int, before: Floats?, ldBefore: Int, c: Floats, ldc: Int,
        dh: Floats, ldDH: Int, dc: Floats, ldDC: Int
    ) {
        assert((n - 1) * ldGates + 4 * hidden <= gates.count && (n - 1) * ldc + hidden <= c.count)
        assert((n - 1) * ldDH + hidden <= dh.count && (n - 1) * ldDC + hidden <= dc.count)
        unsafe table.pointee.lstm_backward(
            n, hidden, gates.pointer, ldGates, before?.pointer, ldBefore, c.pointer, ldc, dh.pointer, ldDH,
            dc.pointer, ldDC)
    }

    func affine(
        _ n: Int, _ width: Int, _ x: Floats, ld: Int, scale: Floats?, shift: Floats, into y: Floats, ldy: Int
    ) {
        assert((n - 1) * ld + width <= x.count && (n - 1) * ldy + width <= y.count && width <= shift.count)
        unsafe table.pointee.affine(n, width, x.pointer, ld, scale?.pointer, shift.pointer, y.pointer, ldy)
    }

    func add(_ n: Int, _ width: Int, _ a: Floats, lda: Int, _ b: Floats, ldb: Int, into y: Floats, ldy: Int) {
        assert((n - 1) * lda + width <= a.count && (n - 1) * ldb + width <= b.count)
        assert((n - 1) * ldy + width <= y.count)
        unsafe table.pointee.add(n, width, a.pointer, lda, b.pointer, ldb, y.pointer, ldy)
    }

    func addColumnSums(_ n: Int, _ width: Int, _ x: Floats, ld: Int, to sums: Floats) {
        assert((n - 1) * ld + width <= x.count && width <= sums.count)
        unsafe table.pointee.column_sums(n, width, x.pointer, ld, sums.pointer)
    }

    func columnMoments(_ n: Int, _ width: Int, _ x: Floats, ld: Int, mean: Floats, squares: Floats) {
        assert((n - 1) * ld + width <= x.count && width <= mean.count && width <= squares.count)
        unsafe table.pointee.column_moments(n, width, x.pointer, ld, mean.pointer, squares.pointer)
    }

    func addNormSums(
        _ n: Int, _ width: Int, dy: Floats, x: Floats, ld: Int, mean: Floats, rstd: Floats, to sums: Floats,
        products: Floats
    ) {
        assert((n - 1) * ld + width <= min(x.count, dy.count) && width <= min(sums.count, products.count))
        unsafe table.pointee.norm_sums(
            n, width, dy.pointer, ld, x.pointer, ld, mean.pointer, rstd.pointer, sums.pointer, products.pointer)
    }

    func normBackward(
        _ n: Int, _ width: Int, dy: Floats, x: Floats, ld: Int, mean: Floats, rstd: Floats, gain: Floats,
        meanDY: Floats, meanDYX: Floats
    ) {
        assert((n - 1) * ld + width <= min(x.count, dy.count) && width <= min(meanDY.count, meanDYX.count))
        unsafe table.pointee.norm_backward(
            n, width, dy.pointer, ld, x.pointer, ld, mean.pointer, rstd.pointer, gain.pointer, meanDY.pointer,
            meanDYX.pointer)
    }

    func mixRow(
        _ row: Int, rows: Int, columns: Int, channels: Int, size: Int, _ x: Floats, weights: Floats, bias: Floats?,
        into y: Floats
    ) {
        assert(row < rows && rows * columns * channels <= min(x.count, y.count))
        assert(size * size * channels <= weights.count)
        unsafe table.pointee.mix_row(
            rows, columns, channels, size, row, x.pointer, weights.pointer, bias?.pointer, y.pointer)
    }

    func addMixWeights(
        rows: Int, columns: Int, channels: Int, size: Int, _ x: Floats, dy: Floats, to weights: Floats
    ) {
        assert(rows * columns * channels <= min(x.count, dy.count) && size * size * channels <= weights.count)
        unsafe table.pointee.mix_weights(
            rows, columns, channels, size, x.pointer, dy.pointer, weights.pointer)
    }

    func gatherWindows(
        _ image: Floats, rows: Int, columns: Int, patch: Int, window: Int, reflect: Bool, tokens: Range<Int>,
        into windows: Floats
    ) {
        assert(rows * columns <= image.count && tokens.count * window * window <= windows.count)
        unsafe ct_windows_gather(
            image.pointer, rows, columns, patch, window, reflect, tokens.lowerBound, tokens.count, windows.pointer,
            window * window)
    }

    func sumWindows(
        _ windows: Floats, rows: Int, columns: Int, patch: Int, window: Int, bias: Float, row: Int, into image: Floats
    ) {
        assert(rows * columns <= image.count)
        assert(rows / patch * (columns / patch) * window * window <= windows.count)
        unsafe ct_windows_sum_row(
            windows.pointer, window * window, rows, columns, patch, window, bias, row, image.pointer)
    }
}

/// Runs `body` for each item on up to `threads` threads, denormals flushed to zero.
///
/// Items are handed out in order, each to whichever thread is free: their results must not depend on it.
func parallel(_ items: Int, threads: Int, _ body: @Sendable (Int) -> Void) {
    let workers = min(items, threads)
    guard workers > 1 else {
        let mode = ct_denormals_flush()
        for item in 0..<items { body(item) }
        ct_denormals_restore(mode)
        return
    }
    let counter = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    unsafe counter.initialize(to: 0)
    defer { unsafe counter.deallocate() }
    nonisolated(unsafe) let shared = unsafe counter
    DispatchQueue.concurrentPerform(iterations: workers) { _ in
        let mode = ct_denormals_flush()
        while true {
            let item = unsafe ct_take(shared)
            guard item < items else { break }
            body(item)
        }
        ct_denormals_restore(mode)
    }
}
