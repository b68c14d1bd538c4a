import Foundation
import TestSupport
import Testing

@Suite struct Snippets {
    @Test(arguments: Snippet.names) func `run, print what is right and leave nothing behind`(name: String) throws {
        let lines = try output(of: name).split(separator: "\n").map(String.init)
        /// The numbers in the lines that begin with `start`.
        func numbers(_ start: String) -> [[Double]] {
            lines.filter { $0.hasPrefix(start) }.map { line in
                line.dropFirst(start.count).split { !"-.0123456789".contains($0) }.compactMap { Double($0) }
            }
        }
        // "PSNR: noisy 28.1, denoised 33.4"
        let gains = (numbers("PSNR: noisy ") + numbers("SSIM: noisy ")).map { $0[1] - $0[0] }
        switch name {
        case "DenoiseArray":
            #expect(gains.count == 2 && gains.allSatisfy { $0 > 4 })
        case "DenoiseFile":
            #expect(gains.count == 1 && gains[0] > 3)
            #expect(lines.contains { $0.hasPrefix("unreadable: found ") })
        case "DenoiseAsync":
            #expect(gains.count == 1 && gains[0] > 4)
            let shares = lines.compactMap { $0.hasSuffix(" %") ? Double($0.dropLast(2)) : nil }
            #expect(shares == shares.sorted() && shares.first == 0 && shares.last == 100)
            #expect(lines.contains("cancelled"))
        case "TrainingSet":
            let pairs = numbers("PSNR: pair ").map { $0[0] }
            #expect(pairs.count == 4 && Set(pairs).count == 4 && pairs.allSatisfy { (20...30).contains($0) })
            #expect(numbers("PSNR: low dose ").contains { (30...50).contains($0[0]) })
            #expect(lines.last?.hasSuffix("same noise true") == true)
        case "Evaluate":
            #expect(gains.count == 2 && gains[0] > 4 && gains[1] > 0.2)
            // White noise of 80 HU.
            #expect(numbers("noise: ").contains { (75...85).contains($0[0]) })
            #expect(numbers("removed: ").contains { (70...90).contains($0[0]) })
        case "Train":
            #expect(numbers("trained: ") == [[4, 3, 3]])
            // After four steps the head is no longer zero.
            #expect(try #require(numbers("changed: ").first?.first) > 0)
        default:
            Issue.record("nothing says what \(name) should print")
        }
    }

    /// Runs a snippet, which is built into the folder that the tests are built into, in an empty folder.
    private func output(of name: String) throws -> String {
        let bundles = Bundle.allBundles.filter { $0.bundlePath.hasSuffix(".xctest") }.map(\.bundleURL)
        let runner = Bundle.main.executableURL.map { [$0] } ?? []
        let executable = (bundles + runner).map { $0.deletingLastPathComponent().appendingPathComponent(name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
        let program: URL = try #require(executable, "\(name) was not built beside the tests")
        let folder = try TemporaryFolder()
        let process = Process()
        process.executableURL = program
        process.environment = ProcessInfo.processInfo.environment.merging(["TMPDIR": folder.path]) { _, new in new }
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: bytes, as: UTF8.self)
        try #require(process.terminationReason == .exit && process.terminationStatus == 0, "\(text)")
        #expect(try folder.contents() == [])
        return text
    }
}
