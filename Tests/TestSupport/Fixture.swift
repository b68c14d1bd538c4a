/// The path of a file in the `Fixtures` folder beside the calling test.
package func fixture(_ name: String, of file: String = #filePath) -> String {
    file.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/Fixtures/" + name
}
