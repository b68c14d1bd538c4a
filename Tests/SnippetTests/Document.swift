import Foundation

/// A Markdown file whose code may say where it comes from.
///
/// A comment on the line before a code block tells:
///
/// - `<!-- snippet: NAME -->` or `<!-- snippet: NAME.SLICE -->`: all visible text of a snippet, or one of its parts;
/// - `<!-- lines: PATH -->`: its lines stand together in that file, maybe indented.
///
/// DocC's `@Snippet(path: "ct-denoise/Snippets/NAME", slice: "SLICE")` needs no comment.
struct Document {
    /// Its path in the repository.
    let path: String

    /// Its lines.
    let lines: [Substring]

    /// The documents of the repository.
    static let paths =
        ["README.md"] + markdown(in: "docs", below: false) + markdown(in: "Sources", below: true)

    private static func markdown(in folder: String, below: Bool) -> [String] {
        let url = Snippet.root.appending(path: folder)
        let files =
            below
            ? FileManager.default.enumerator(atPath: url.path)?.compactMap { $0 as? String } ?? []
            : (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        return files.filter { $0.hasSuffix(".md") }.map { "\(folder)/\($0)" }.sorted()
    }

    /// Reads a file of the repository.
    init(at path: String) throws {
        let text = try String(contentsOf: Snippet.root.appending(path: path), encoding: .utf8)
        self.init(text, path: path)
    }

    /// Takes a text.
    init(_ text: String, path: String = "a text") {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// What is not as its mark says.
    var complaints: [String] {
        lines.indices.compactMap { index in
            complaint(at: index).map { "\(path), line \(index + 1): \($0)" }
        }
    }

    /// What is wrong with the mark on a line, if there is one.
    private func complaint(at index: Int) -> String? {
        let line = String(lines[index])
        if let match = line.wholeMatch(of: /@Snippet\(path: "ct-denoise\/Snippets\/(\w+)"(?:, slice: "(\w+)")?\)/) {
            return Self.snippet(String(match.1), match.2.map(String.init)) == nil ? "there is no such snippet" : nil
        }
        if line.hasPrefix("@Snippet") { return "not of the form that is known here" }
        guard let mark = line.wholeMatch(of: /<!-- (snippet|lines): (.*) -->/) else {
            return line.hasPrefix("<!-- snippet") || line.hasPrefix("<!-- lines")
                ? "not of a form that is known here" : nil
        }
        guard let block = block(after: index) else { return "no block of Swift code on the next line" }
        if mark.1 == "snippet" {
            let names = mark.2.split(separator: ".", maxSplits: 1).map(String.init)
            guard let text = Self.snippet(names[0], names.count > 1 ? names[1] : nil) else {
                return "there is no snippet \(mark.2)"
            }
            return block.joined(separator: "\n") == text
                ? nil : "the code is not that of the snippet, which is\n\(text)"
        }
        guard let file = try? Document(at: String(mark.2)) else { return "there is no file \(mark.2)" }
        let text = Snippet.withoutMargins(block)
        let isThere = file.lines.indices.dropLast(block.count - 1).contains {
            Snippet.withoutMargins(Array(file.lines[$0..<$0 + block.count])) == text
        }
        return isThere ? nil : "these lines do not stand in \(mark.2)"
    }

    /// The lines of the block of Swift code that begins after a line.
    private func block(after index: Int) -> [Substring]? {
        guard lines[(index + 1)...].first == "```swift" else { return nil }
        return Array(lines[(index + 2)...].prefix { $0 != "```" })
    }

    /// A snippet, or a slice of it; `nil` if it isn't there.
    private static func snippet(_ name: String, _ slice: String?) -> String? {
        guard let snippet = try? Snippet(named: name) else { return nil }
        guard let slice else { return snippet.text }
        return snippet.slices[slice]
    }
}
