import CTImageFiles
import CTImages
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
            .filter { $0.hasPrefix("$ ctdenoise ") }
        try #require(commands.count == 8)
        for command in commands {
            let outcome = try program.run(command.split(separator: " ").dropFirst(2).map(String.init))
            #expect(outcome.status == 0, "\(outcome.messages)")
        }
        let made = program.files(in: "samples")
        #expect(made == program.files(in: "kept").filter { $0.hasSuffix(".png") })
        // Compares samples, not bytes: compression differs between versions of zlib.
        for name in made {
            let kept = try ImageFile(contentsOf: program.url("kept/\(name)").path).pages
            let pages = try ImageFile(contentsOf: program.url("samples/\(name)").path).pages
            #expect(pages.map(\.format) == kept.map(\.format), "\(name); see `make samples`")
            #expect(pages.map(\.samples) == kept.map(\.samples), "\(name); see `make samples`")
        }
    }
}
