import Foundation
import Testing

@Suite struct `The samples` {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("samples")

    @Test func `are what the commands in their README make`() throws {
        let program = try Program()
        try FileManager.default.copyItem(at: Self.folder, to: program.url("kept"))
        let readme = try String(contentsOf: Self.folder.appendingPathComponent("README.md"), encoding: .utf8)
        let commands = readme.split(separator: "\n")
            .filter { $0.hasPrefix("$ ctdenoise ") && $0.contains("/mixed.png") }
        try #require(commands.count == 2)
        for command in commands {
            let outcome = try program.run(command.split(separator: " ").dropFirst(2).map(String.init))
            #expect(outcome.status == 0, "\(outcome.messages)")
        }
        // Samples, not bytes: compression differs between versions of zlib.
        for kind in ["clean", "noisy"] {
            let report = try program.json("evaluate", "kept/\(kind)/mixed.png", "samples/\(kind)/mixed.png")
            #expect((report["mean"] as? [String: Any])?["rmseHU"] as? Double == 0, "\(kind); see `make samples`")
        }
    }
}
