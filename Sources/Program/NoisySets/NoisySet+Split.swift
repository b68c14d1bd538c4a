import ArgumentParser
import CTNoise
import CTSupport

extension NoisySet {
    /// How a set is split: names and their parts of the groups.
    struct Split {
        let parts: [(name: String, share: Double)]

        /// Reads parts such as `80/10/10`: for training, validation and test.
        init(argument text: String) throws {
            let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map { Double($0) }
            let shares = numbers.compactMap(\.self)
            let sum = shares.reduce(0, +)
            guard shares.count == numbers.count, (2...3).contains(shares.count), sum > 0, sum.isFinite,
                shares.allSatisfy({ $0 >= 0 })
            else {
                throw ValidationError(
                    "“\(text)” is no split; write two or three parts, such as 80/10/10 for train, val and test")
            }
            parts = zip(["train", "val", "test"], shares).map { ($0, $1 / sum) }
        }

        /// The part of each group. Each part that has a share gets a group.
        func assign(_ groups: Set<String>, seed: UInt64) throws(FileError) -> [String: String] {
            let needed = parts.count { $0.share > 0 }
            guard groups.count >= needed else {
                throw FileError(
                    file: "--split", found: Format.count(groups.count, "group"),
                    expected: "at least \(needed), one for each part",
                    advice: "Put each patient into a folder, or say --group-by file if every file is another patient.")
            }
            // In an order that has nothing to do with names.
            let order = groups.sorted {
                (NoiseModel.seed(seed, name: "split/" + $0), $0) < (NoiseModel.seed(seed, name: "split/" + $1), $1)
            }
            let wanted = parts.filter { $0.share > 0 }
            var counts = wanted.map { max(1, Int(($0.share * Double(order.count)).rounded())) }
            // What rounding took too much or too little, the largest parts give or get.
            while let largest = counts.indices.max(by: { counts[$0] < counts[$1] }) {
                let rest = order.count - counts.reduce(0, +)
                if rest == 0 { break }
                counts[largest] += rest > 0 ? rest : -1
            }
            var result: [String: String] = [:]
            var rest = order[...]
            for (part, count) in zip(wanted, counts) {
                for group in rest.prefix(count) { result[group] = part.name }
                rest = rest.dropFirst(count)
            }
            return result
        }
    }
}
