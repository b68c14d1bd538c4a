import CTSupport

/// Files to compare: those of the same name in folders, or files of any name.
struct Pairs {
    struct Pair: Sendable {
        let name: String
        let reference: String
        let test: String
        let baseline: String?
    }

    private(set) var pairs: [Pair] = []
    private(set) var skipped: [String] = []
    private(set) var failures: [FileError] = []

    init(reference: String, test: String, baseline: String?) {
        let paths = [reference, test] + (baseline.map { [$0] } ?? [])
        let found = paths.map { InputFiles([$0]) }
        skipped = found.flatMap(\.skipped)
        failures = found.flatMap(\.failures)
        guard !paths.contains(where: { FileSystem.kind($0) == .missing }) else { return }

        let folders = paths.filter { FileSystem.kind($0) == .folder }
        if folders.isEmpty {
            // Names of single files need not match.
            pairs = [
                Pair(
                    name: FileSystem.lastComponent(test), reference: reference, test: test, baseline: baseline)
            ]
            return
        }
        guard folders.count == paths.count else {
            let file = paths.first { FileSystem.kind($0) == .file } ?? reference
            failures.append(
                FileError(
                    file: file, found: "a file together with the folder \(folders[0])",
                    expected: "only files, or only folders",
                    advice: "Pass the file in that folder."))
            return
        }
        let byName = Self.matched(
            found.map { found in
                Dictionary(found.files.map { ($0.name, $0.path) }, uniquingKeysWith: { first, _ in first })
            })
        for name in Set(byName.flatMap(\.keys)).sorted() {
            let partners = byName.map { $0[name] }
            guard let reference = partners[0], let test = partners[1], paths.count < 3 || partners[2] != nil else {
                // The baseline may contain further files.
                if partners[0] == nil && partners[1] == nil { continue }
                let known = Set(failures.map(\.file))
                for (index, partner) in partners.enumerated() where partner == nil {
                    // Its failure has been reported.
                    if known.contains(FileSystem.join(paths[index], name)) { continue }
                    failures.append(
                        FileError(
                            file: FileSystem.join(paths[index], name), found: "no such file",
                            expected: "the partner of \(partners.compactMap(\.self).first ?? name)",
                            advice: "Create it, or compare folders with the same file names."))
                }
                continue
            }
            pairs.append(
                Pair(name: name, reference: reference, test: test, baseline: partners.count > 2 ? partners[2] : nil))
        }
        if pairs.isEmpty && failures.isEmpty {
            failures.append(InputFiles.none(in: [reference]))
        }
    }

    /// A name without the ending of an image file, regardless of case.
    static func stem(_ name: String) -> String { FileSystem.withoutEnding(name).lowercased() }

    /// Gives files whose partners have another format, or other upper and lower case, the name of the reference, where
    /// only one file of each folder has that name without its ending.
    private static func matched(_ folders: [[String: String]]) -> [[String: String]] {
        let names = folders.map { folder in Dictionary(grouping: folder.keys, by: stem) }
        return folders.indices.map { index in
            var result: [String: String] = [:]
            for (name, path) in folders[index] {
                let (own, reference) = (names[index][stem(name)] ?? [], names[0][stem(name)] ?? [])
                let isUnique = own.count == 1 && reference.count == 1 && folders[0][name] == nil
                result[isUnique ? reference[0] : name] = path
            }
            return result
        }
    }
}
