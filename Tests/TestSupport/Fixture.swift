/// The path of a file in the `Fixtures` folder beside the calling test.
public func fixture(_ name: String, of file: String = #filePath) -> String {
    file.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/Fixtures/" + name
}
