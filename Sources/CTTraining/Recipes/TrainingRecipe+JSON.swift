#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
public import CTSupport

extension TrainingRecipe {
    /// The recipe as JSON, with sorted keys.
    package var json: String { CTTraining.json(self) }

    /// Creates a recipe from a JSON file, such as those in the repository's `Recipes` folder.
    ///
    /// - Throws: `FileError` if the file cannot be read, a key is missing, or a value is invalid.
    public init(contentsOf path: String) throws(FileError) {
        try self.init(json: FileAccess.contents(of: path, largest: 1 << 20), file: path)
    }

    /// Reads a recipe from JSON.
    ///
    /// - Parameters:
    ///   - bytes: The contents of the file.
    ///   - file: The file's name in errors.
    /// - Throws: `FileError` if a key is missing or a value is invalid.
    package init(json bytes: [UInt8], file: String) throws(FileError) {
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(bytes))
        } catch {
            throw FileError(
                .malformed, file: file, found: phrase(error), expected: "a recipe as JSON",
                advice: "Start from a recipe in Recipes/.")
        }
        if let defect {
            throw FileError(
                .malformed, file: file, found: defect, expected: "a valid recipe",
                advice: "Fix it in the recipe.")
        }
    }
}
