/// An error thrown when a text or a number does not describe noise.
public struct NoiseError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The noise as text.
    public let text: String

    /// What was found, and what is accepted.
    public let reason: String

    /// The text and the reason, in one sentence.
    public var description: String { "“\(text)” is not valid noise: \(reason)" }
}

/// Decodes a value from its text form.
func decoded<Value>(
    from decoder: any Decoder, _ make: (String) throws(NoiseError) -> Value
) throws -> Value {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    do throws(NoiseError) {
        return try make(text)
    } catch {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
    }
}

/// Encodes a value as its text form.
func encode(_ text: String, to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
}
