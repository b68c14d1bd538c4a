internal import Foundation

/// Pictures beside a checkout that are not part of the repository: tests that want them are skipped without.
package enum SharedData {
    /// The repository's root.
    package static let root: String = {
        // Tests/TestSupport/SharedData.swift, three levels down.
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url.path
    }()

    /// The folder `shared` beside the repository, `nil` if there is none.
    package static let folder: String? = {
        let url = URL(fileURLWithPath: root).deletingLastPathComponent().appendingPathComponent("shared")
        return (try? FileManager.default.contentsOfDirectory(atPath: url.path)) == nil ? nil : url.path
    }()

    /// The path of something in ``folder``, `nil` if it is not there.
    package static func path(_ name: String) -> String? {
        guard let path = folder.map({ $0 + "/" + name }), FileManager.default.fileExists(atPath: path) else {
            return nil
        }
        return path
    }
}
