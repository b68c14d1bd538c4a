internal import CSupport
internal import Dispatch

/// Runs `body(item, worker)` for each of `items` on up to `threads` threads.
///
/// Items are handed out in order, each to whichever thread is free: their results must not depend on it. No two calls
/// with the same `worker` in `0..<threads` run at once.
///
/// - Parameter inEachWorker: Gets the work of one worker and has to do it, with what comes before and after it on that
///   thread.
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

/// Splits `values` into parts for up to `threads` threads and calls `body` for each: with the index of its first value, how many
/// there are, and where they are.
///
/// - Parameter least: A part has at least as many values, since a thread has to be woken for it.
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

/// Fills `count` rows of `size` floats, each by one call of `body`, which gets zeros.
///
/// - Parameter threads: At most so many work at it.
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

/// Memory of which each worker writes a part of its own.
@safe private struct Memory<Value>: @unchecked Sendable {
    let start: UnsafeMutablePointer<Value>
}
