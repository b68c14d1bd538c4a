import CTImageFiles
import CTImages
import CTSupport
import CTTraining

/// A manifest, and where its files are.
struct PairSet {
    let manifest: Manifest
    let folder: String

    /// The pairs of a split; `nil` is that of those that are not split.
    func pairs(_ splits: [String?]) -> [Manifest.Pair] { manifest.pairs.filter { splits.contains($0.split) } }

    /// The files of these pairs.
    func files(_ splits: [String?]) throws(FileError) -> [InputFile] {
        let files = pairs(splits).flatMap { [$0.clean, $0.noisy] }
        for name in files where FileSystem.kind(FileSystem.join(folder, name)) != .file {
            throw FileError(
                file: FileSystem.join(folder, name), found: "no such file", expected: "one that the manifest lists",
                advice: "Make the set again: ctdenoise noise CLEAN -o SET --from MANIFEST.")
        }
        return files.map { InputFile(path: FileSystem.join(folder, $0), name: $0) }
    }

    // MARK: - Reading

    /// The pages of the pairs of some splits, by group.
    func slices(_ splits: [String?], reading: ReadingOptions) throws(FileError) -> [String: [TrainingSlices.Pair]] {
        var groups: [String: [TrainingSlices.Pair]] = [:]
        for pair in pairs(splits) {
            let clean = try pages(pair.clean, hash: pair.cleanSHA256, reading)
            let noisy = try pages(pair.noisy, hash: pair.noisySHA256, reading)
            let isPair = zip(clean, noisy).allSatisfy { ($0.width, $0.height) == ($1.width, $1.height) }
            guard clean.count == noisy.count, isPair,
                (clean + noisy).allSatisfy({ $0.samples.allSatisfy(\.isFinite) })
            else {
                throw FileError(
                    file: FileSystem.join(folder, pair.noisy),
                    found: "pages that do not go with those of \(pair.clean), or samples that are no numbers",
                    expected: "as many pages of the same sizes", advice: "Make the set again.")
            }
            groups[pair.group, default: []] += zip(clean, noisy).map { TrainingSlices.Pair(clean: $0, noisy: $1) }
        }
        return groups
    }

    /// The pages of a file of the set, which has to be the one that the manifest lists.
    private func pages(_ name: String, hash: String, _ reading: ReadingOptions) throws(FileError) -> [CTSlice] {
        let path = FileSystem.join(folder, name)
        let bytes = try reading.contents(of: path)
        guard SHA256.hex(bytes) == hash else {
            throw FileError(
                file: path, found: "another file than the one that the manifest lists",
                expected: "one with the SHA-256 \(hash)",
                advice: "Make the set again: ctdenoise noise CLEAN -o SET --from MANIFEST.")
        }
        var pages = try reading.decode(bytes, of: path).pages
        if let scale = manifest.scale { for page in pages.indices { pages[page].scale = scale } }
        return pages
    }
}
