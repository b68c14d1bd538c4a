internal import Foundation

/// Images next to a checkout that are not part of the repository; tests that need them are skipped without.
package enum SharedData {
    /// The repository's root.
    package static let root: String = {
        // Tests/TestSupport/SharedData.swift, three levels down.
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url.path
    }()

    /// The folder `shared` next to the repository; `nil` if there is none.
    package static let folder: String? = {
        let url = URL(fileURLWithPath: root).deletingLastPathComponent().appendingPathComponent("shared")
        return (try? FileManager.default.contentsOfDirectory(atPath: url.path)) == nil ? nil : url.path
    }()

    /// Returns the path of an item in `folder`; `nil` if it does not exist.
    package static func path(_ name: String) -> String? {
        guard let path = folder.map({ $0 + "/" + name }), FileManager.default.fileExists(atPath: path) else {
            return nil
        }
        return path
    }
}
