import ArgumentParser
import CTNoise
import CTSupport

extension NoisySet {
    /// The split of a set: the names of the parts and their shares of the groups.
    struct Split {
        let parts: [(name: String, share: Double)]

        /// Parses shares such as `80/10/10`, for training, validation and test.
        init(argument text: String) throws {
            let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map { Double($0) }
            let shares = numbers.compactMap(\.self)
            let sum = shares.reduce(0, +)
            guard shares.count == numbers.count, (2...3).contains(shares.count), sum > 0, sum.isFinite,
                shares.allSatisfy({ $0 >= 0 })
            else {
                throw ValidationError(
                    "expected two or three parts, such as 80/10/10 for train, val and test, not “\(text)”")
            }
            parts = zip(["train", "val", "test"], shares).map { ($0, $1 / sum) }
        }

        /// Returns the part of each group. Each part with a share gets at least one group.
        func assign(_ groups: Set<String>, seed: UInt64) throws(FileError) -> [String: String] {
            let needed = parts.count { $0.share > 0 }
            guard groups.count >= needed else {
                throw FileError(
                    file: "--split", found: Format.count(groups.count, "group"),
                    expected: "at least \(needed), one for each part",
                    advice: "Put each patient into a folder, or pass --group-by file or a pattern of patients' names.")
            }
            // In an order independent of names.
            let order = groups.sorted {
                (NoiseModel.seed(seed, name: "split/" + $0), $0) < (NoiseModel.seed(seed, name: "split/" + $1), $1)
            }
            let wanted = parts.filter { $0.share > 0 }
            var counts = wanted.map { max(1, Int(($0.share * Double(order.count)).rounded())) }
            // The largest parts absorb the rounding error.
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

    /// Equal clean images in several parts of a split, which make figures too good.
    struct Twins {
        /// The first clean file of each image in each part.
        private var found: [Int: [String: String]] = [:]

        mutating func add(_ made: Made) {
            guard let part = made.pair.split else { return }
            found[made.image, default: [:]][part, default: made.pair.clean] =
                min(made.pair.clean, found[made.image]?[part] ?? made.pair.clean)
        }

        /// A warning for some of the images that are in several parts, and one for the others.
        var warnings: [String] {
            let twins = found.values.filter { $0.count > 1 }.map { $0.values.sorted() }.sorted { $0[0] < $1[0] }
            let some = twins.prefix(5).map { "\($0.joined(separator: " and ")) hold the same image, but are apart" }
            let rest = twins.count - some.count
            return rest > 0 ? some + ["\(Format.count(rest, "more image")) in several parts of the split"] : some
        }
    }
}
