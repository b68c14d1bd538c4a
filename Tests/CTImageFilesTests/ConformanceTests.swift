import CTImageFiles
import CTImages
import CTSupport
import Foundation
import TestSupport
import Testing

/// Folders outside the repository, and what to do with the files in them.
enum Conformance {
    /// `nil` if it is not there.
    static let folder = SharedData.path("conformance").map { URL(filePath: $0) }

    /// All PNG and TIFF files by their first bytes or their names, and the fuzzing seeds, which have no extension.
    static var files: [String] {
        guard let folder else { return [] }
        let all = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        return all.sorted().filter { name in
            let suite = name.split(separator: "/").first ?? ""
            let ending = URL(filePath: name).pathExtension.lowercased()
            let path = folder.appending(path: name).path
            return ["png", "tif", "tiff"].contains(ending) || suite.contains("fuzz") && !name.hasSuffix(".gitignore")
                || ImageFile.container(ofFileAt: path) != nil
        }.filter { name in
            (try? folder.appending(path: name).resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true
        }
    }
}

@Suite struct `Published test files` {
    @Test(.enabled(if: Conformance.folder != nil, "../shared/conformance is not there"))
    func `are read, or refused with a typed error, and survive writing`() throws {
        var counts: [String: Int] = [:]
        var changed: [String] = []
        let folder = try #require(Conformance.folder)
        for name in Conformance.files {
            do {
                let file = try ImageFile(
                    contentsOf: folder.appending(path: name).path, limits: DecodeLimits(pixels: 1 << 26))
                counts["read", default: 0] += 1
                let again = try ImageFile(bytes: file.encoded(file: name).bytes, file: name)
                counts["written", default: 0] += 1
                if again.pages.map(\.samples) != file.pages.map(\.samples) { changed.append(name) }
            } catch {
                counts[error.code.rawValue, default: 0] += 1
            }
        }
        print("conformance:", counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
        #expect(counts["read", default: 0] > 0)
        #expect(counts["read"] == counts["written"])
        #expect(changed == [])
    }

    /// For scripts/conformance.sh, which compares the values with other readers'.
    @Test(.enabled(if: Dump.folder != nil, "CT_DUMP names no folder"))
    func `are dumped for comparison`() throws {
        let dumps = URL(filePath: try #require(Dump.folder))
        let folder = try #require(Conformance.folder)
        var index = ""
        for (number, name) in Conformance.files.enumerated() {
            let pages: [CTSlice]
            do {
                pages = try ImageFile(
                    contentsOf: folder.appending(path: name).path, limits: DecodeLimits(pixels: 1 << 26)
                ).pages
            } catch {
                index += "\(name)\t-\t\(error.code.rawValue)\t\(error.found)\n"
                continue
            }
            for (page, slice) in pages.enumerated() {
                let data = unsafe slice.samples.withUnsafeBytes { unsafe Data($0) }
                let dump = "\(number)-\(page).f64"
                try data.write(to: dumps.appending(path: dump))
                index += "\(name)\t\(page)\t\(slice.width)\t\(slice.height)\t\(slice.format)\t\(dump)\n"
            }
        }
        try index.write(to: dumps.appending(path: "index.tsv"), atomically: true, encoding: .utf8)
    }
}

enum Dump {
    static let folder = ProcessInfo.processInfo.environment["CT_DUMP"]
}
