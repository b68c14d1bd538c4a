import ArgumentParser
import CTImageFiles
import CTNetwork

/// Why something could not be done, in the form that every message of the program has.
struct Failure: Error, Encodable, CustomStringConvertible {
    /// The file or folder it is about.
    let file: String
    let found: String
    let expected: String
    /// What the user can do.
    let advice: String

    init(file: String, found: String, expected: String, advice: String) {
        self.file = file
        self.found = found
        self.expected = expected
        self.advice = advice
    }

    init(_ error: ImageFileError) {
        self.init(file: error.file, found: error.found, expected: error.expected, advice: error.advice)
    }

    init(_ error: ModelError) {
        self.init(file: error.file, found: error.found, expected: error.expected, advice: error.advice)
    }

    var description: String {
        "\(file): found \(found)" + (expected.isEmpty ? "" : "; expected \(expected)")
            + (advice.isEmpty ? "" : "; \(advice)")
    }
}

extension ExitCode {
    /// A threshold that the user set was not met.
    static let thresholdMissed = ExitCode(2)
}
