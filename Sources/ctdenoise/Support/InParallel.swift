/// Works on `items`, at most `jobs` at a time, and hands on the results in their order.
func inParallel<Item: Sendable, Result: Sendable>(
    _ items: [Item], jobs: Int, _ work: @escaping @Sendable (Item) -> Result, each: (Item, Result) -> Void
) async {
    await withTaskGroup(of: (Int, Result).self) { group in
        // What is done before its turn waits; a few more than jobs are begun, or a slow one would keep all waiting.
        var waiting: [Int: Result] = [:]
        var (begun, handed) = (0, 0)
        func begin() {
            guard begun < items.count else { return }
            let index = begun
            begun += 1
            group.addTask { (index, work(items[index])) }
        }
        for _ in 0..<max(jobs, 1) { begin() }
        while let (index, result) = await group.next() {
            waiting[index] = result
            while let result = waiting.removeValue(forKey: handed) {
                each(items[handed], result)
                handed += 1
            }
            begin()
        }
    }
}
