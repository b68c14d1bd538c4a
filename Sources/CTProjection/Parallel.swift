internal import Dispatch

/// Fills `count` rows of `size` floats, each by one call of `body`, which gets zeros.
///
/// - Parameter threads: At most so many work at it.
func inParallel(
    _ count: Int, of size: Int, threads: Int, _ body: @Sendable (Int, UnsafeMutablePointer<Float>) -> Void
) -> [Float] {
    var result = [Float](repeating: 0, count: count * size)
    unsafe result.withUnsafeMutableBufferPointer { result in
        guard let start = result.baseAddress else { return }
        let rows = unsafe Rows(start: start)
        let workers = min(max(threads, 1), count)
        DispatchQueue.concurrentPerform(iterations: workers) { worker in
            for index in stride(from: worker, to: count, by: workers) { unsafe body(index, rows.start + index * size) }
        }
    }
    return result
}

/// Memory of which each worker writes rows of its own.
@safe private struct Rows: @unchecked Sendable {
    let start: UnsafeMutablePointer<Float>
}
