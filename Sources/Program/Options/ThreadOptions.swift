import ArgumentParser

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// How many threads work.
struct ThreadOptions: ParsableArguments {
    @Option(
        name: .shortAndLong, parsing: .unconditional,
        help: ArgumentHelp(
            "Threads that work on a slice; all cores if not said. The result does not depend on it.",
            valueName: "number"))
    var jobs: Int?

    /// What was said, or the number of cores.
    var count: Int { jobs ?? ProcessInfo.processInfo.activeProcessorCount }

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs is a number of threads, 1 or more, not \(jobs).") }
    }
}
