import CTSupport

extension FileError: Encodable {
    private enum CodingKeys: CodingKey {
        case file, message
    }

    /// Encodes the file and the message.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(file, forKey: .file)
        try container.encode(message, forKey: .message)
    }
}
