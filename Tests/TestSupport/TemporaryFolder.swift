internal import Foundation

/// An empty folder of its own, removed with all that is in it when the value goes away.
package final class TemporaryFolder {
    /// Where it is.
    package let path: String

    /// Makes the folder where the system keeps temporary files.
    package init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("ctdenoise-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of something in the folder, which need not exist.
    package func file(_ name: String) -> String { path + "/" + name }

    /// The names of what is in the folder, sorted.
    package func contents() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

    /// Writes a file and returns its path.
    @discardableResult
    package func write(_ bytes: [UInt8], to name: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }
}
