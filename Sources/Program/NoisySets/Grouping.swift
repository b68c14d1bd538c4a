import ArgumentParser
import CTSupport

/// What counts as a patient when a set is split.
enum Grouping {
    /// Each subfolder of the input, or each input folder if there are several.
    case folder
    /// Each file.
    case file
    /// What a regular expression finds in the path of a file: its first group, or all of it.
    case pattern(String)

    init(argument text: String) throws {
        switch text {
        case "folder": self = .folder
        case "file": self = .file
        default:
            guard !text.isEmpty, (try? Regex(text)) != nil else {
                throw ValidationError(
                    "“\(text)” is neither folder nor file nor a regular expression, such as '^[0-9]+' for the digits "
                        + "that a name begins with")
            }
            self = .pattern(text)
        }
    }

    /// Returns the group of each file.
    ///
    /// - Throws: `FileError` if a file does not match the pattern.
    func groups(of files: [InputFile]) throws(FileError) -> [String] {
        switch self {
        case .file: return files.map(\.path)
        case .folder: return Self.folders(of: files)
        case .pattern(let text):
            // It was compiled before.
            guard let pattern = try? Regex(text) else { return [] }
            return try files.map { file throws(FileError) in
                let match = file.name.firstMatch(of: pattern)
                guard let match,
                    let found = match.output.count > 1 ? match.output[1].substring : match.output[0].substring
                else {
                    throw FileError(
                        file: file.path, found: "a name without “\(text)”",
                        expected: "a patient in every name, as --group-by says",
                        advice: "Pass another --group-by, or leave the file out.")
                }
                return String(found)
            }
        }
    }

    /// Nested folders of a patient stay together.
    private static func folders(of files: [InputFile]) -> [String] {
        let roots = files.map { file in
            file.path.count > file.name.count ? String(file.path.dropLast(file.name.count + 1)) : "."
        }
        let isOne = Set(roots).count == 1
        return zip(files, roots).map { file, root in
            if !isOne { return root }
            let parts = file.name.split(separator: "/")
            return parts.count > 1 ? String(parts[0]) : "."
        }
    }
}
