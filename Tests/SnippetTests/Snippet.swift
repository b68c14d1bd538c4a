import Foundation
import TestSupport

/// A file in `Snippets/`, as documentation shows it.
///
/// Comments mark what is visible: `// snippet.hide` and `// snippet.show`, and the start and end of a named part,
/// `// snippet.NAME` and `// snippet.end`. They are those of swift-docc-plugin.
struct Snippet {
    /// All that is visible, without the comment at the beginning.
    let text: String

    /// The parts that have names, as far as they are visible.
    let slices: [String: String]

    /// The repository.
    static let root = URL(fileURLWithPath: SharedData.root)

    /// The names of all snippets.
    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: root.path + "/Snippets")) ?? [])
        .filter { $0.hasSuffix(".swift") }.map { String($0.dropLast(6)) }.sorted()

    /// Reads `Snippets/NAME.swift`.
    init(named name: String) throws {
        self.init(source: try String(contentsOf: Self.root.appending(path: "Snippets/\(name).swift"), encoding: .utf8))
    }

    /// Reads the text of a snippet.
    init(source: String) {
        var (visible, slices): ([Substring], [String: [Substring]]) = ([], [:])
        var (isVisible, slice): (Bool, String?) = (true, nil)
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
        for line in lines.drop(while: { $0.hasPrefix("//") && !$0.hasPrefix("// snippet.") }) {
            let words = line.drop { $0 == " " }
            if words.hasPrefix("// snippet.") {
                switch words.dropFirst(11) {
                case "hide": isVisible = false
                case "show": isVisible = true
                case "end": slice = nil
                case let name: slice = String(name)
                }
            } else if isVisible {
                visible.append(line)
                if let slice { slices[slice, default: []].append(line) }
            }
        }
        text = Self.withoutMargins(visible)
        self.slices = slices.mapValues(Self.withoutMargins)
    }

    /// Lines as one text, without empty ones at both ends and without what they are all indented by.
    static func withoutMargins(_ lines: [Substring]) -> String {
        let margin = lines.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
        return lines.map { $0.dropFirst(margin) }.joined(separator: "\n").trimmingCharacters(in: .newlines)
    }
}
