import CTNoise
import CTSupport

extension NoisySet {
    /// Returns the plans for a number of realisations of each file, with strengths drawn from templates.
    static func plans(
        _ files: [InputFile], noise templates: [NoiseTemplate], realisations: Int, seed: UInt64, split: Split?,
        groupBy: Grouping
    ) throws -> [Plan] {
        let groups = try groupBy.groups(of: files)
        let parts = try split?.assign(Set(groups), seed: seed) ?? [:]
        return try zip(files, groups).flatMap { file, group in
            try (1...realisations).map { realisation in
                // The first realisation equals a single one.
                let fileSeed = NoiseModel.seed(seed, name: realisation == 1 ? file.name : "\(file.name)#\(realisation)")
                let draws = CounterRandom(seed: fileSeed, stream: .max)
                let steps = templates.enumerated().map { $1.draw(from: draws, at: UInt64(100 * $0)) }
                let part = parts[group]
                let name = realisations == 1 ? file.name : FileSystem.numbered(file.name, realisation)
                let folder = part.map { $0 + "/" } ?? ""
                return Plan(
                    source: file, group: group, split: part, realisation: realisation, seed: fileSeed,
                    noise: try NoiseModel(steps), clean: "\(folder)clean/\(name)", noisy: "\(folder)noisy/\(name)",
                    expected: nil)
            }
        }
    }

    /// Returns the plans to make the set of a manifest again.
    static func plans(_ manifest: Manifest, from files: [InputFile]) throws(FileError) -> [Plan] {
        var sources: [String: InputFile] = [:]
        for file in files { sources[file.name] = file }
        var plans: [Plan] = []
        for pair in manifest.pairs {
            guard let source = sources[pair.source] else {
                throw FileError(
                    file: pair.source, found: "no such file among the inputs",
                    expected: "the source files of the manifest",
                    advice: "Pass the folder that the set was made from.")
            }
            plans.append(
                Plan(
                    source: source, group: pair.group, split: pair.split, realisation: pair.realisation,
                    seed: UInt64(pair.seed) ?? 0, noise: pair.noise, clean: pair.clean, noisy: pair.noisy,
                    expected: (pair.cleanSHA256, pair.noisySHA256)))
        }
        return plans
    }
}
