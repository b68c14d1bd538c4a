import ArgumentParser
import CTSupport
import CTImageFiles
import CTNetwork

/// Why something could not be done with a file or folder, in the form that every message of the program has.
struct Failure: Error, Encodable, CustomStringConvertible {
    /// The file or folder, as the user would name it.
    let file: String

    /// What was found, what was expected, what to do.
    let message: String

    /// Whether files beside it would fail for the same reason, as on a full disk.
    let concernsFolder: Bool

    private enum CodingKeys: String, CodingKey {
        case file, message
    }

    init(file: String, found: String, expected: String, advice: String, concernsFolder: Bool = false) {
        self.file = file
        self.concernsFolder = concernsFolder
        message = "found \(found); expected \(expected). \(advice)"
    }

    init(_ error: ImageFileError) {
        self.init(
            file: error.file, found: error.found, expected: error.expected, advice: error.advice,
            concernsFolder: error.code == .unwritableFolder)
    }

    init(_ error: FileAccessError) {
        self.init(file: error.file, found: error.found, expected: error.expected, advice: error.advice)
    }

    init(_ error: ModelError) {
        file = error.file
        concernsFolder = false
        message = [error.found, error.expected.isEmpty ? "" : "expected \(error.expected)", error.advice]
            .filter { !$0.isEmpty }.joined(separator: "; ")
    }

    /// What any of the errors above, or a failure itself, says; `nil` for other errors.
    init?(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as ImageFileError: self.init(error)
        case let error as FileAccessError: self.init(error)
        case let error as ModelError: self.init(error)
        default: return nil
        }
    }

    var description: String { "\(file): \(message)" }
}

extension ExitCode {
    /// A threshold that the user set was not met.
    static let thresholdMissed = ExitCode(2)
}
