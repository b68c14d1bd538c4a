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

/// Makes a set of noisy files and their clean partners with a manifest, or makes it again from its manifest.
///
/// Files are processed in parallel; their contents do not depend on the number of threads.
struct NoisySet {
    /// A pair to make from a source.
    struct Plan: Sendable {
        let source: InputFile
        let group: String
        let split: String?
        let realisation: Int
        let seed: UInt64
        let noise: NoiseModel
        /// The paths relative to the folder of the set.
        let clean: String
        let noisy: String
        /// The expected SHA-256 of the files, when making a set again.
        let expected: (clean: String, noisy: String)?
    }

    let plans: [Plan]
    let folder: String
    let seed: UInt64
    let links: Bool
    let overwrite: Bool
    let reading: ReadingOptions
    let intensities: Intensities
    /// The conventions of sources that a manifest lists; `nil` for those of which it says nothing.
    let known: [String: IntensityConvention?]

    /// The result of making a set.
    struct Outcome: Encodable {
        var output: String
        var pairs = 0
        var slices = 0
        var clamped = 0
        var seconds = 0.0
        var failed: [FileError] = []
        /// What was warned of.
        var warnings: [String] = []
        /// Sources that were not tried because the program was asked to stop.
        var notDone: [String] = []

        /// Counts a pair that was made.
        mutating func add(_ pair: Manifest.Pair) {
            pairs += 1
            slices += pair.pages
            clamped += pair.clamped
        }
    }

    /// Checks before any work that no needed file would be overwritten and that all names differ.
    func check() throws(FileError) {
        let targets = plans.flatMap { [$0.clean, $0.noisy] }
        var names: Set<String> = []
        for path in targets {
            // Many file systems treat a.png and A.png as one file.
            guard names.insert(path.lowercased()).inserted else {
                throw FileError(
                    file: FileSystem.join(folder, path), found: "one output name for two files",
                    expected: "names that differ, ignoring case",
                    advice: "Process these files one by one, each with another -o.")
            }
        }
        let inputs = Set(plans.compactMap { FileSystem.identity($0.source.path) })
        for path in (targets + Manifest.fileNames).map({ FileSystem.join(folder, $0) }) {
            guard FileSystem.kind(path) != .missing || FileSystem.isLink(path) else { continue }
            // Writing replaces a link itself, not its target.
            if let identity = FileSystem.identity(path), inputs.contains(identity), !FileSystem.isLink(path) {
                throw FileError(
                    file: path, found: "an input itself", expected: "another file to write to",
                    advice: "Choose another -o.")
            }
            if FileSystem.kind(path) == .folder {
                throw FileError(
                    file: path, found: "a folder", expected: "the name of a file to write",
                    advice: "Choose another -o.")
            }
            guard overwrite else {
                throw FileError(
                    file: path, found: "an existing file", expected: "unused names",
                    advice: "Pass --overwrite to replace it, or choose another -o.")
            }
        }
        try FileSystem.prepare(folder, for: targets.map { FileSystem.join(folder, $0) })
    }

    /// Makes the files, and then the manifest if none failed.
    func make(threads: Int, console: inout Console) async throws -> Outcome {
        // Until all files are written, the folder must not look like a complete set.
        for name in Manifest.fileNames { try FileSystem.remove(FileSystem.join(folder, name)) }
        let start = ContinuousClock.now
        var (outcome, pairs) = await makeFiles(threads: threads, console: &console)
        console.clearProgress()
        if outcome.failed.isEmpty, outcome.notDone.isEmpty {
            let manifest = Manifest(
                program: CTDenoiseProgram.configuration.version, seed: "\(seed)", links: links, pairs: pairs)
            for (name, text) in zip(Manifest.fileNames, [try manifest.json(), manifest.csv]) {
                try FileAccess.save(Array(text.utf8), to: FileSystem.join(folder, name), overwrite: false)
            }
        } else {
            console.line("the set is incomplete, so no manifest was written; make it again with --overwrite")
        }
        outcome.warnings = console.warnings
        outcome.seconds = start.duration(to: .now).inSeconds
        return outcome
    }

    /// Makes the files side by side; returns the pairs in the order of the plans.
    private func makeFiles(
        threads: Int, console: inout Console
    ) async -> (outcome: Outcome, pairs: [Manifest.Pair]) {
        var outcome = Outcome(output: folder)
        let stop = StopSignals()
        var (remarks, omissions) = (IntensityRemarks(), Omissions())
        remarks.tell(intensities.remarks, to: &console)
        var bar = ProgressBar(files: plans.count)
        console.show(bar)
        var twins = Twins()
        var made = [Manifest.Pair?](repeating: nil, count: plans.count)
        await withTaskGroup(of: (Int, Result<Made, FileError>).self) { group in
            var (next, isOutOfRoom) = (0, false)
            var sources = Sources(of: plans)
            func begin() {
                guard next < plans.count, !stop.isRequested, !isOutOfRoom else { return }
                let index = next
                next += 1
                let source = sources.source(of: plans[index]) { path in
                    Result { () throws(FileError) in try read(path) }
                }
                group.addTask {
                    let source = await source.value
                    return (index, Result { () throws(FileError) in try make(plans[index], from: source.get()) })
                }
            }
            for _ in 0..<max(threads, 1) { begin() }
            for await (index, result) in group {
                sources.release(plans[index])
                switch result {
                case .success(let result):
                    made[index] = result.pair
                    twins.add(result)
                    remarks.tell(result.remarks, to: &console)
                    omissions.tell(result.omissions, of: plans[index].source.path, to: &console)
                    outcome.add(result.pair)
                    bar.slicesDone(ofFile: 1)
                case .failure(let failure):
                    outcome.failed.append(failure)
                    console.error(failure)
                    // If nothing can be written here, all others would fail as well.
                    if failure.code == .unwritableFolder { isOutOfRoom = true }
                }
                bar.fileDone()
                console.show(bar)
                begin()
            }
            for warning in twins.warnings { console.warning(warning) }
            var seen: Set<String> = []
            outcome.notDone = plans[next...].map(\.source.path).filter { seen.insert($0).inserted }
        }
        return (outcome, made.compactMap(\.self))
    }
}
