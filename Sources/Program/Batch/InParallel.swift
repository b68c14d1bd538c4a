/// Processes `items`, at most `jobs` at a time, and passes the results to `each` in order.
func inParallel<Item: Sendable, Result: Sendable>(
    _ items: [Item], jobs: Int, _ work: @escaping @Sendable (Item) async -> Result, each: (Item, Result) -> Void
) async {
    let jobs = max(jobs, 1)
    await withTaskGroup(of: (Int, Result).self) { group in
        // Results that finish early wait for their turn; only a few may, because they can be large.
        var waiting: [Int: Result] = [:]
        var (begun, working, handed) = (0, 0, 0)
        func begin() {
            while begun < items.count, working < jobs, begun < handed + 2 * jobs {
                let index = begun
                begun += 1
                working += 1
                group.addTask { (index, await work(items[index])) }
            }
        }
        begin()
        while let (index, result) = await group.next() {
            working -= 1
            waiting[index] = result
            while let result = waiting.removeValue(forKey: handed) {
                each(items[handed], result)
                handed += 1
            }
            begin()
        }
    }
}
