import ArgumentParser
import CTImageFiles
import CTSupport
import Foundation
import Testing

@testable import CTProgram

/// How often commands read and decode each file.
@Suite struct `Data goes one way` {
    /// Records paths in order.
    private final class Journal: @unchecked Sendable {
        private let lock = NSLock()
        private var paths: [String] = []

        func note(_ path: String) { lock.withLock { paths.append(path) } }

        /// How often each file occurs, by its path below `folder`.
        func counts(below folder: String) -> [String: Int] {
            lock.withLock {
                Dictionary(paths.map { (String($0.dropFirst(folder.count + 1)), 1) }, uniquingKeysWith: +)
            }
        }
    }

    /// Runs a command in this process; returns how often it read and decoded each file.
    private func counts(
        _ arguments: [String], in program: Program
    ) async throws -> (read: [String: Int], decoded: [String: Int]) {
        let (read, decoded) = (Journal(), Journal())
        let folder = program.folder.path
        let arguments = arguments.map { $0.replacing("@", with: folder + "/") }
        var command = try CTDenoiseProgram.parseAsRoot(arguments)
        try await FileAccess.$onRead.withValue({ read.note($0) }) {
            try await ImageFile.$onDecode.withValue({ decoded.note($0) }) {
                if var asynchronous = command as? any AsyncParsableCommand {
                    try await asynchronous.run()
                } else {
                    try command.run()
                }
            }
        }
        return (read.counts(below: folder), decoded.counts(below: folder))
    }

    @Test func `denoise with a report reads and decodes each file once, and no result`() async throws {
        let program = try Program()
        try program.makePhantoms("in", count: 3)
        let found = try await counts(
            ["denoise", "@in", "-o", "@out", "--model", "fast", "--save-noise", "@removed", "--report", "@page.html"],
            in: program)
        let once = ["in/phantom-001.png": 1, "in/phantom-002.png": 1, "in/phantom-003.png": 1]
        #expect(found.read == once)
        #expect(found.decoded == once)
        let page = try String(contentsOf: program.folder.appending(path: "page.html"), encoding: .utf8)
        #expect(page.contains("phantom-003.png") && page.contains("data:image/png"))
    }

    @Test func `a set of pairs reads and decodes each source once, whatever is made of it`() async throws {
        let program = try Program()
        try program.makePhantoms("in", count: 2)
        let found = try await counts(
            ["noise", "@in", "-o", "@set", "--pairs", "--realisations", "3", "--white", "20hu"], in: program)
        let once = ["in/phantom-001.png": 1, "in/phantom-002.png": 1]
        #expect(found.read == once)
        #expect(found.decoded == once)
    }

    @Test func `a report of an evaluation reads and decodes each file once`() async throws {
        let program = try Program()
        try program.makePhantoms("clean", count: 2)
        try program.makePhantoms("test", count: 2)
        let found = try await counts(["evaluate", "@clean", "@test", "--report", "@page.html"], in: program)
        let names = ["clean/phantom-001.png", "clean/phantom-002.png", "test/phantom-001.png", "test/phantom-002.png"]
        #expect(found.read == Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +))
        #expect(found.decoded == found.read)
    }
}
