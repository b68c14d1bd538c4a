internal import CKernels
internal import CTSupport

/// A view of floats owned by a `FloatBuffer`: the operand of a kernel.
///
/// All unsafe memory access of the module is in this file. A view is valid while its `FloatBuffer` lives but does not
/// keep it alive: Swift frees a buffer after its last use, so a function that allocates a buffer declares `defer {
/// extendLifetime(buffer) }` right away. Several threads may write to disjoint views.
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

    /// Returns the view without its first `offset` floats.
    func from(_ offset: Int) -> Floats {
        precondition(offset >= 0 && offset <= count, "\(offset) of \(count)")
        return unsafe Floats(base: base + offset, count: count - offset)
    }

    /// Returns the view of `range`.
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

    /// Copies all floats to an array of the same size.
    func copy(to array: inout [Float]) {
        precondition(array.count == count)
        unsafe array.withUnsafeMutableBufferPointer { unsafe $0.baseAddress?.update(from: base, count: count) }
    }

    /// Adds all floats to an array of the same size.
    func add(to sum: inout [Float]) {
        precondition(sum.count == count)
        for index in 0..<count { unsafe sum[index] += base[index] }
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

/// A buffer that owns floats, aligned to a cache line.
@safe final class FloatBuffer: @unchecked Sendable {
    let floats: Floats

    /// Allocates `count` uninitialized floats.
    init(_ count: Int) {
        precondition(count >= 0)
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
        unsafe floats = Floats(base: bytes.bindMemory(to: Float.self, capacity: max(count, 1)), count: count)
    }

    deinit { unsafe UnsafeMutableRawPointer(floats.pointer).deallocate() }
}

/// The vector kernels of one instruction set, on views.
///
/// Each method calls the C kernel of the same name; `network_kernels.h` documents it.
@safe struct Kernels: @unchecked Sendable {
    private let table: UnsafePointer<ct_kernels>

    /// Returns the kernels in use: the best for this CPU, limited by `CTDENOISE_ISA`.
    static func current(_ precision: Precision) -> Kernels {
        switch precision {
        case .single: single
        case .fast: fast
        }
    }

    private static let single = unsafe Kernels(table: ct_kernels_current(false))
    private static let fast = unsafe Kernels(table: ct_kernels_current(true))

    /// Returns the kernels of each instruction set that this CPU can run, best first; with `fast`, those in plain bf16
    /// where the set has it.
    static func available(fast: Bool = false) -> [Kernels] {
        (0..<UInt32(CT_ISA_COUNT)).reversed().map { ct_isa($0) }.filter(ct_isa_is_available).map { isa in
            unsafe Kernels(table: ct_kernels_for(isa, fast))
        }
    }

    /// Returns the AMX kernels, whether or not this CPU has AMX; `nil` on other architectures than x86-64.
    static func amx(fast: Bool) -> Kernels? {
        let kernels = unsafe Kernels(table: ct_kernels_for(ct_isa_amx, fast))
        return kernels.name == "amx" ? kernels : nil
    }

    /// The instruction set: "amx", "avx512", "avx2" or "baseline".
    var name: String { unsafe String(cString: table.pointee.name) }

    /// The arithmetic of matrix products: "single precision", "bf16, three products for one" or "bf16".
    var precision: String { unsafe String(cString: table.pointee.precision) }

    /// Runs `body`, which calls kernels, on this thread with denormals flushed to zero and AMX set up.
    func work(_ body: () -> Void) {
        let mode = ct_denormals_flush()
        unsafe table.pointee.begin_work?()
        body()
        unsafe table.pointee.end_work?()
        ct_denormals_restore(mode)
    }

    // MARK: Matrix products

    /// Returns the floats of a packed k×n matrix for `gemm`.
    func packedSize(_ k: Int, _ n: Int) -> Int { unsafe table.pointee.packed_size(k, n) }

    func pack(_ k: Int, _ n: Int, _ b: Floats, row: Int, column: Int, into packed: Floats) {
        assert(k == 0 || n == 0 || (k - 1) * row + (n - 1) * column < b.count, "b")
        assert(packedSize(k, n) <= packed.count, "packed")
        unsafe table.pointee.pack(k, n, b.pointer, row, column, packed.pointer)
    }

    func gemm(
        _ m: Int, _ n: Int, _ k: Int, a: Floats, lda: Int, packed: Floats, bias: Floats? = nil, onto: Floats? = nil,
        ldOnto: Int = 0, into c: Floats, ldc: Int
    ) {
        guard m > 0, n > 0 else { return }
        assert((m - 1) * lda + k <= a.count && packedSize(k, n) <= packed.count && n <= bias?.count ?? n)
        assert((m - 1) * ldOnto + n <= onto?.count ?? Int.max && (m - 1) * ldc + n <= c.count)
        unsafe table.pointee.gemm(
            m, n, k, a.pointer, lda, packed.pointer, bias?.pointer, onto?.pointer, ldOnto, c.pointer, ldc)
    }

    func gemmOuter(
        _ m: Int, _ n: Int, _ k: Int, a: Floats, lda: Int, b: Floats, ldb: Int, to c: Floats, ldc: Int
    ) {
        guard m > 0, n > 0 else { return }
        assert(k == 0 || (k - 1) * lda + m <= a.count && (k - 1) * ldb + n <= b.count)
        assert((m - 1) * ldc + n <= c.count)
        unsafe table.pointee.gemm_outer(m, n, k, a.pointer, lda, b.pointer, ldb, c.pointer, ldc)
    }

    // MARK: LSTM

    func lstmPackedSize(inputs: Int, hidden: Int) -> Int { unsafe table.pointee.lstm_packed_size(inputs, hidden) }

    func lstmPack(
        inputs: Int, hidden: Int, inputWeights: Floats, hiddenWeights: Floats, bias: Floats, into packed: Floats
    ) {
        assert(4 * hidden * inputs <= inputWeights.count && 4 * hidden * hidden <= hiddenWeights.count)
        assert(4 * hidden <= bias.count && lstmPackedSize(inputs: inputs, hidden: hidden) <= packed.count)
        unsafe table.pointee.lstm_pack(
            inputs, hidden, inputWeights.pointer, hiddenWeights.pointer, bias.pointer, packed.pointer)
    }

    /// Rows of a matrix: the first one, and the distance between rows in floats.
    struct Rows {
        let start: Floats
        let stride: Int

        func check(_ count: Int, _ width: Int) { assert((count - 1) * stride + width <= start.count) }
    }

    func lstmForward(
        _ n: Int, inputs: Int, hidden: Int, x: Rows, next: Floats?, packed: Floats, before: Floats?, h: Rows,
        cBefore: Floats?, c: Rows, gates: Rows?
    ) {
        x.check(n, inputs)
        h.check(n, hidden)
        c.check(n, hidden)
        gates?.check(n, 4 * hidden)
        assert(lstmPackedSize(inputs: inputs, hidden: hidden) <= packed.count)
        var step = unsafe ct_lstm_step(
            sequences: n, inputs: inputs, hidden: hidden, x: x.start.pointer, next_x: next?.pointer, ldx: x.stride,
            h_before: before?.pointer, h: h.start.pointer, ldh: h.stride, c_before: cBefore?.pointer,
            c: c.start.pointer, ldc: c.stride, gates: gates?.start.pointer, ld_gates: gates?.stride ?? 0,
            packed: packed.pointer)
        unsafe table.pointee.lstm_forward(&step)
    }

    func lstmBackward(
        _ n: Int, hidden: Int, gates: Rows, cBefore: Floats?, c: Rows, dh: Rows, dhAfter: Rows?, dc: Rows, dz: Rows
    ) {
        gates.check(n, 4 * hidden)
        c.check(n, hidden)
        dh.check(n, hidden)
        dhAfter?.check(n, hidden)
        dc.check(n, hidden)
        dz.check(n, 4 * hidden)
        var step = unsafe ct_lstm_step_back(
            sequences: n, hidden: hidden, gates: gates.start.pointer, ld_gates: gates.stride,
            c_before: cBefore?.pointer, c: c.start.pointer, ldc: c.stride, dh: dh.start.pointer, ld_dh: dh.stride,
            dh_after: dhAfter?.start.pointer, ld_dh_after: dhAfter?.stride ?? 0, dc: dc.start.pointer,
            ld_dc: dc.stride, dz: dz.start.pointer, ld_dz: dz.stride)
        unsafe table.pointee.lstm_backward(&step)
    }

    // MARK: Element by element

    func add(_ n: Int, _ width: Int, _ a: Floats, lda: Int, _ b: Floats, ldb: Int, into y: Floats, ldy: Int) {
        assert((n - 1) * lda + width <= a.count && (n - 1) * ldb + width <= b.count)
        assert((n - 1) * ldy + width <= y.count)
        unsafe table.pointee.add(n, width, a.pointer, lda, b.pointer, ldb, y.pointer, ldy)
    }

    func copyRows(_ n: Int, _ width: Int, _ x: Floats, ldx: Int, into y: Floats, ldy: Int) {
        assert((n - 1) * ldx + width <= x.count && (n - 1) * ldy + width <= y.count)
        unsafe table.pointee.copy_rows(n, width, x.pointer, ldx, y.pointer, ldy)
    }

    func prefetchRows(_ n: Int, _ width: Int, _ x: Floats, ldx: Int) {
        assert((n - 1) * ldx + width <= x.count)
        unsafe ct_prefetch_rows(n, width, x.pointer, ldx)
    }

    func subtractRow(_ n: Int, _ width: Int, _ x: Floats, ldx: Int, row: Floats, into y: Floats, ldy: Int) {
        assert((n - 1) * ldx + width <= x.count && width <= row.count && (n - 1) * ldy + width <= y.count)
        unsafe table.pointee.subtract_row(n, width, x.pointer, ldx, row.pointer, y.pointer, ldy)
    }

    func addColumnSums(_ n: Int, _ width: Int, _ x: Floats, ld: Int, to sums: Floats) {
        assert((n - 1) * ld + width <= x.count && width <= sums.count)
        unsafe table.pointee.column_sums(n, width, x.pointer, ld, sums.pointer)
    }

    func rowDots(_ n: Int, _ width: Int, _ a: Floats, lda: Int, _ b: Floats, ldb: Int, into dots: Floats) {
        assert((n - 1) * lda + width <= a.count && (n - 1) * ldb + width <= b.count && n <= dots.count)
        unsafe table.pointee.row_dots(n, width, a.pointer, lda, b.pointer, ldb, dots.pointer)
    }

    // MARK: Convolutions

    func mixRows(
        _ own: Range<Int>, rows: Int, columns: Int, channels: Int, size: Int, _ x: Floats, weights: Floats,
        bias: Floats?, into y: Floats, ldy: Int
    ) {
        assert(own.lowerBound >= 0 && own.upperBound <= rows && rows * columns * channels <= x.count)
        assert(size * size * channels <= weights.count && (own.count - 1) * ldy + columns * channels <= y.count)
        unsafe table.pointee.mix_rows(
            rows, columns, channels, size, own.lowerBound, own.count, x.pointer, weights.pointer, bias?.pointer,
            y.pointer, ldy)
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
            image.pointer, rows, columns, patch, window, reflect, tokens.lowerBound, tokens.count, windows.pointer)
    }

    /// Sums overlapping windows into one row of pixels.
    ///
    /// - Parameter firstDown: The row of tokens that `windows` starts with.
    func sumWindows(
        _ windows: Floats, firstDown: Int, rows: Int, columns: Int, patch: Int, window: Int, bias: Float, row: Int,
        into image: Floats
    ) {
        assert(rows * columns <= image.count)
        unsafe ct_windows_sum_row(
            windows.pointer, firstDown, rows, columns, patch, window, bias, row, image.pointer)
    }
}

/// Runs `body(item, worker)`, which calls `kernels`, for each item on up to `threads` threads, as `CTSupport.parallel`.
func parallel(
    _ items: Int, threads: Int, kernels: Kernels, _ body: @Sendable (_ item: Int, _ worker: Int) -> Void
) {
    CTSupport.parallel(items, threads: threads, inEachWorker: kernels.work, body)
}

/// Scratch memory for each worker of `parallel(_:threads:kernels:_:)`.
struct Scratch: Sendable {
    private let buffer: FloatBuffer
    private let share: Int

    /// Allocates `count` floats for each worker of at most `items` items on `threads` threads.
    init(items: Int, threads: Int, _ count: Int) {
        share = (count + 15) / 16 * 16
        buffer = FloatBuffer(min(items, threads) * share)
    }

    /// The memory of a worker, valid while this value lives.
    subscript(worker: Int) -> Floats { buffer.floats.slice(worker * share..<(worker + 1) * share) }
}
