/// Why a model file could not be read or written.
public struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, as the caller named it.
    public let file: String

    /// What is wrong with it.
    public let found: String

    /// What would have been right; may be empty.
    public let expected: String

    /// What a person can do about it; may be empty.
    public let advice: String

    /// Makes an error of its parts, each a clause without a full stop.
    public init(file: String, found: String, expected: String = "", advice: String = "") {
        self.file = file
        self.found = found
        self.expected = expected
        self.advice = advice
    }

    /// One line for a person: the file, then the parts that say something.
    public var description: String {
        var text = "\(file): \(found)"
        if !expected.isEmpty { text += "; expected \(expected)" }
        if !advice.isEmpty { text += "; \(advice)" }
        return text
    }
}
