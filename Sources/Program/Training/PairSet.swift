import CTImageFiles
import CTImages
import CTSupport
import CTTraining

/// A manifest and the folder of its files.
struct PairSet {
    let manifest: Manifest
    let folder: String

    /// Returns the pairs of some splits; `nil` stands for pairs without a split.
    func pairs(_ splits: [String?]) -> [Manifest.Pair] { manifest.pairs.filter { splits.contains($0.split) } }

    /// Returns the files of the pairs of some splits.
    func files(_ splits: [String?]) throws(FileError) -> [InputFile] {
        let files = pairs(splits).flatMap { [$0.clean, $0.noisy] }
        for name in files where FileSystem.kind(FileSystem.join(folder, name)) != .file {
            throw FileError(
                file: FileSystem.join(folder, name), found: "no such file", expected: "a file that the manifest lists",
                advice: "Make the set again: ctdenoise noise CLEAN -o SET --from MANIFEST.")
        }
        return files.map { InputFile(path: FileSystem.join(folder, $0), name: $0) }
    }

    // MARK: - Reading

    /// Reads the pages of the pairs of some splits, by group.
    func slices(_ splits: [String?], reading: ReadingOptions) throws(FileError) -> [String: [TrainingSlices.Pair]] {
        var groups: [String: [TrainingSlices.Pair]] = [:]
        for pair in pairs(splits) {
            let convention = manifest.convention(of: pair)
            let clean = try pages(pair.clean, hash: pair.cleanSHA256, convention, reading)
            let noisy = try pages(pair.noisy, hash: pair.noisySHA256, convention, reading)
            let isPair = zip(clean, noisy).allSatisfy { ($0.width, $0.height) == ($1.width, $1.height) }
            guard clean.count == noisy.count, isPair else {
                throw FileError(
                    file: FileSystem.join(folder, pair.noisy),
                    found: "pages that do not match those of \(pair.clean)",
                    expected: "the same number and sizes of pages", advice: "Make the set again.")
            }
            groups[pair.group, default: []] += zip(clean, noisy).map { TrainingSlices.Pair(clean: $0, noisy: $1) }
        }
        return groups
    }

    /// Reads the pages of a file of the set, which must be the one that the manifest lists.
    private func pages(
        _ name: String, hash: String, _ convention: IntensityConvention?, _ reading: ReadingOptions
    ) throws(FileError) -> [CTSlice] {
        let path = FileSystem.join(folder, name)
        let bytes = try reading.contents(of: path)
        guard SHA256.hex(bytes) == hash else {
            throw FileError(
                file: path, found: "a file that differs from the manifest's",
                expected: "the SHA-256 \(hash)",
                advice: "Make the set again: ctdenoise noise CLEAN -o SET --from MANIFEST.")
        }
        var image = try reading.decode(bytes, of: path)
        if let convention { image.adopt(convention) }
        return image.pages
    }
}
