internal import Foundation

/// A new empty folder, removed with its contents when this object is deallocated.
package final class TemporaryFolder {
    /// The path of the folder.
    package let path: String

    /// Creates the folder in the system's temporary directory.
    package init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("ctdenoise-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Returns the path of a file in the folder, which need not exist.
    package func file(_ name: String) -> String { path + "/" + name }

    /// Returns the names of the folder's contents, sorted.
    package func contents() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

    /// Writes a file and returns its path.
    @discardableResult
    package func write(_ bytes: [UInt8], to name: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }
}
