internal import CSupport
internal import Dispatch

/// Calls `body(item, worker)` for each of `items` items on up to `threads` threads.
///
/// Items are started in order, each on the next free thread, so results must not depend on the assignment. Calls with
/// the same `worker`, in `0..<threads`, never overlap.
///
/// - Parameters:
///   - items: The number of items.
///   - threads: The maximum number of threads.
///   - inEachWorker: A function that receives the work of one worker and must call it; it can set up and tear down the
///     thread around that call.
///   - body: The work on one item.
package func parallel(
    _ items: Int, threads: Int, inEachWorker: @escaping @Sendable (() -> Void) -> Void = { $0() },
    _ body: @Sendable (_ item: Int, _ worker: Int) -> Void
) {
    let workers = min(items, threads)
    guard workers > 1 else {
        inEachWorker {
            for item in 0..<items { body(item, 0) }
        }
        return
    }
    unsafe withUnsafeTemporaryAllocation(of: Int.self, capacity: 1) { counter in
        guard let counter = counter.baseAddress else { return }
        unsafe counter.initialize(to: 0)
        nonisolated(unsafe) let shared = unsafe counter
        DispatchQueue.concurrentPerform(iterations: workers) { worker in
            inEachWorker {
                while true {
                    let item = unsafe ct_take(shared)
                    guard item < items else { break }
                    body(item, worker)
                }
            }
        }
    }
}

/// Splits `values` into parts for up to `threads` threads and calls `body` for each part.
///
/// - Parameters:
///   - values: The values, which `body` may change.
///   - least: The minimum number of values per part, since waking a thread has a cost.
///   - threads: The maximum number of threads.
///   - body: A function that receives the index of the part's first value, the number of its values, and their address.
package func parallel<Value: Sendable>(
    over values: inout [Value], least: Int, threads: Int,
    _ body: @Sendable (_ first: Int, _ count: Int, _ part: UnsafeMutablePointer<Value>) -> Void
) {
    let parts = max(1, min(threads, values.count / max(least, 1)))
    unsafe values.withUnsafeMutableBufferPointer { values in
        guard let start = values.baseAddress else { return }
        let (count, memory) = (values.count, unsafe Memory(start: start))
        parallel(parts, threads: parts) { part, _ in
            let (first, end) = (part * count / parts, (part + 1) * count / parts)
            unsafe body(first, end - first, memory.start + first)
        }
    }
}

/// Returns `count` rows of `size` floats, each filled by one call of `body`.
///
/// - Parameters:
///   - count: The number of rows.
///   - size: The number of floats in a row.
///   - threads: The maximum number of threads.
///   - body: A function that receives the index of a row and the address of its floats, which are zero.
package func parallel(
    rows count: Int, of size: Int, threads: Int, _ body: @Sendable (Int, UnsafeMutablePointer<Float>) -> Void
) -> [Float] {
    var result = [Float](repeating: 0, count: count * size)
    unsafe result.withUnsafeMutableBufferPointer { result in
        guard let start = result.baseAddress else { return }
        let memory = unsafe Memory(start: start)
        parallel(count, threads: max(threads, 1)) { row, _ in unsafe body(row, memory.start + row * size) }
    }
    return result
}

/// Memory of which each worker writes a separate part.
@safe private struct Memory<Value>: @unchecked Sendable {
    let start: UnsafeMutablePointer<Value>
}
