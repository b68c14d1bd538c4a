import ArgumentParser
import CTSupport
import CTImageFiles
import CTImages
import CTMetrics
import CTNoise

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Makes a set of noisy files and their clean partners, with a manifest, or makes one anew from its manifest.
///
/// Files are worked on side by side; what is in them does not depend on how many.
struct NoisySet {
    /// What is to be made of one source.
    struct Plan: Sendable {
        let source: InputFile
        let group: String
        let split: String?
        let realisation: Int
        let seed: UInt64
        let noise: NoiseModel
        /// Below the folder of the set.
        let clean: String
        let noisy: String
        /// What the files have to be, where they were made before.
        let expected: (clean: String, noisy: String)?
    }

    let plans: [Plan]
    let folder: String
    let seed: UInt64
    let links: Bool
    let overwrite: Bool
    let reading: ReadingOptions
    /// What the user says that stored values mean, or the manifest.
    let scale: IntensityScale?

    /// What was made.
    struct Outcome: Encodable {
        var output: String
        var pairs = 0
        var slices = 0
        var clamped = 0
        var seconds = 0.0
        var failed: [FileError] = []
        /// Sources that were not tried, since the set was asked to stop.
        var notDone: [String] = []
    }

    /// Makes sure, before any work, that nothing that is needed is written over, and that all names differ.
    func check() throws(FileError) {
        let targets = plans.flatMap { [$0.clean, $0.noisy] }
        var names: Set<String> = []
        for path in targets {
            // Many disks take a.png and A.png for one file.
            guard names.insert(path.lowercased()).inserted else {
                throw FileError(
                    file: FileSystem.join(folder, path), found: "two files to be written here",
                    expected: "a name for each, not only in upper and lower case",
                    advice: "Take these files one by one, each with its own -o.")
            }
        }
        let inputs = Set(plans.compactMap { FileSystem.identity($0.source.path) })
        for path in (targets + Manifest.fileNames).map({ FileSystem.join(folder, $0) }) {
            guard FileSystem.kind(path) != .missing || FileSystem.isLink(path) else { continue }
            // A link is replaced itself, not what it leads to.
            if let identity = FileSystem.identity(path), inputs.contains(identity), !FileSystem.isLink(path) {
                throw FileError(
                    file: path, found: "an input itself", expected: "somewhere else to write to",
                    advice: "Choose another -o.")
            }
            if FileSystem.kind(path) == .folder {
                throw FileError(
                    file: path, found: "a folder", expected: "a name for a file",
                    advice: "Choose another place.")
            }
            guard overwrite else {
                throw FileError(
                    file: path, found: "a file that is already there", expected: "names that are free",
                    advice: "Say --overwrite to replace, or choose another place.")
            }
        }
        try FileSystem.prepare(folder, for: targets.map { FileSystem.join(folder, $0) })
    }

    /// Makes the files, and then the manifest if there is no failure.
    func make(threads: Int, console: inout Console) async throws -> Outcome {
        // What is there is no set any more from now on, until all of it is made.
        for name in Manifest.fileNames { try FileSystem.remove(FileSystem.join(folder, name)) }
        var outcome = Outcome(output: folder)
        let start = ContinuousClock.now
        let stop = StopSignals()
        var bar = ProgressBar(files: plans.count)
        var made = [Manifest.Pair?](repeating: nil, count: plans.count)
        await withTaskGroup(of: (Int, Result<Manifest.Pair, FileError>).self) { group in
            var next = 0
            func begin() {
                guard next < plans.count, !stop.isRequested else { return }
                let index = next
                next += 1
                group.addTask { (index, Result { () throws(FileError) in try make(plans[index]) }) }
            }
            for _ in 0..<max(threads, 1) { begin() }
            for await (index, result) in group {
                switch result {
                case .success(let pair):
                    made[index] = pair
                    outcome.pairs += 1
                    outcome.slices += pair.pages
                    outcome.clamped += pair.clamped
                    bar.slicesDone(ofFile: 1)
                case .failure(let failure):
                    outcome.failed.append(failure)
                    console.error(failure)
                }
                bar.fileDone()
                console.show(bar)
                begin()
            }
            var seen: Set<String> = []
            outcome.notDone = plans[next...].map(\.source.path).filter { seen.insert($0).inserted }
        }
        console.clearProgress()
        if outcome.failed.isEmpty, outcome.notDone.isEmpty {
            let manifest = Manifest(
                program: CTDenoiseProgram.configuration.version, seed: "\(seed)", links: links, scale: scale,
                pairs: made.compactMap(\.self))
            for (name, text) in zip(Manifest.fileNames, [try manifest.json(), manifest.csv]) {
                try FileAccess.save(Array(text.utf8), to: FileSystem.join(folder, name), overwrite: false)
            }
        } else {
            console.line("without all of its files the set gets no manifest; make it again with --overwrite")
        }
        let elapsed = start.duration(to: .now).components
        outcome.seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
        return outcome
    }

    // MARK: - One pair

    private func make(_ plan: Plan) throws(FileError) -> Manifest.Pair {
        let bytes = try FileAccess.contents(of: plan.source.path)
        let cleanHash = SHA256.hex(bytes)
        if let expected = plan.expected, expected.clean != cleanHash {
            throw FileError(
                file: plan.source.path, found: "another file than the one that the manifest is of",
                expected: "one with the SHA-256 \(expected.clean)", advice: "Name the folder with the same files.")
        }
        var image = try reading.read(plan.source.path)
        if let scale {
            for page in image.pages.indices { image.pages[page].scale = scale }
        }
        guard image.pages.allSatisfy({ $0.samples.allSatisfy(\.isFinite) }) else {
            throw FileError(
                file: plan.source.path, found: "samples that are no numbers", expected: "a clean slice",
                advice: "Leave it out, or replace them.")
        }
        let range = IntensityScale.huRange.upperBound - IntensityScale.huRange.lowerBound
        var decibels: [Double] = []
        for (number, page) in image.pages.enumerated() {
            guard plan.noise.isFinite(using: page.scale) else { throw .noiseTooStrong(plan.source.path, page.scale) }
            if let complaint = plan.noise.complaint(about: page) { throw .noDose(plan.source.path, complaint) }
            let noisy = plan.noise.apply(to: page, seed: plan.seed, page: UInt64(number))
            image.pages[number] = noisy
            let written = noisy.quantized().slice
            decibels.append((try? peakSignalToNoiseRatio(page.hu, written.hu, dataRange: range)) ?? .infinity)
        }
        let (clean, noisy) = (FileSystem.join(folder, plan.clean), FileSystem.join(folder, plan.noisy))
        try FileSystem.makeFolder(for: clean)
        try FileSystem.makeFolder(for: noisy)
        let encoded = try image.encoded(file: noisy)
        try FileAccess.save(encoded.bytes, to: noisy, overwrite: overwrite)
        let noisyHash = SHA256.hex(encoded.bytes)
        if links {
            try FileSystem.link(clean, to: FileSystem.resolved(plan.source.path))
        } else {
            try FileAccess.save(bytes, to: clean, overwrite: overwrite)
        }
        if let expected = plan.expected, expected.noisy != noisyHash {
            throw FileError(
                file: noisy, found: "other bytes than the manifest says",
                expected: "a file with the SHA-256 \(expected.noisy)",
                advice: "Noise other than white, impulses, speckle, rings and columns may differ between systems.")
        }
        let mean = decibels.reduce(0, +) / Double(decibels.count)
        let scale = image.pages.first?.scale ?? .assumedHU
        return Manifest.Pair(
            clean: plan.clean, noisy: plan.noisy, source: plan.source.name, group: plan.group, split: plan.split,
            realisation: plan.realisation, seed: "\(plan.seed)", noise: plan.noise, slope: scale.slope,
            intercept: scale.intercept, pages: image.pages.count, psnr: mean.isFinite ? mean : nil,
            clamped: encoded.clamped,
            cleanSHA256: cleanHash, noisySHA256: noisyHash)
    }
}

// MARK: - Plans

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

    /// What to make of files: so many realisations each, with strengths drawn from templates.
    static func plans(
        _ files: [InputFile], noise templates: [NoiseTemplate], realisations: Int, seed: UInt64, split: Split?,
        groupByFile: Bool
    ) throws -> [Plan] {
        let groups = groupByFile ? files.map(\.path) : Self.folders(of: files)
        let parts = try split?.assign(Set(groups), seed: seed) ?? [:]
        return try zip(files, groups).flatMap { file, group in
            try (1...realisations).map { realisation in
                // The first is what a single one would be.
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

    /// What tells patients apart: the folders in the one that was named, or where several were named, these. A patient's folders in them
    /// stay together.
    private static func folders(of files: [InputFile]) -> [String] {
        let roots = files.map { file in
            file.path.count > file.name.count ? String(file.path.dropLast(file.name.count + 1)) : "."
        }
        let isOne = Set(roots).count == 1
        return zip(files, roots).map { file, root in
            if !isOne { return root }
            let parts = file.name.split(separator: "/")
            return parts.count > 1 ? String(parts[0]) : "."
        }
    }

    /// What to make to have the set of a manifest again.
    static func plans(_ manifest: Manifest, from files: [InputFile]) throws(FileError) -> [Plan] {
        var sources: [String: InputFile] = [:]
        for file in files { sources[file.name] = file }
        var plans: [Plan] = []
        for pair in manifest.pairs {
            guard let source = sources[pair.source] else {
                throw FileError(
                    file: pair.source, found: "no such file among the inputs",
                    expected: "the files that the manifest was made of",
                    advice: "Name the same folder as then.")
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
