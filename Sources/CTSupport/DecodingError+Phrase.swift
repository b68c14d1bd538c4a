/// What is wrong with JSON, as a phrase, such as "no “choices” in “noise”".
package func phrase(_ error: any Error) -> String {
    func path(_ keys: [any CodingKey]) -> String {
        let names = keys.map { key in key.intValue.map { "number \($0 + 1)" } ?? "“\(key.stringValue)”" }
        return names.isEmpty ? "" : " in \(names.joined(separator: ", "))"
    }
    switch error as? DecodingError {
    case .keyNotFound(let key, let context): return "no “\(key.stringValue)”\(path(context.codingPath))"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
        return "a value of another type\(path(context.codingPath))"
    case .dataCorrupted(let context): return "\(context.debugDescription)\(path(context.codingPath))"
    default: return "\(error)"
    }
}
