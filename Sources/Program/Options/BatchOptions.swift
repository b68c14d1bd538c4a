import ArgumentParser

/// The options of commands that write an image file for each input.
struct BatchOptions: ParsableArguments {
    @Argument(
        help: "PNG and TIFF files, and folders, searched recursively.",
        completion: .file(extensions: ["png", "tif", "tiff"]))
    var input: [String]

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The folder to write to; for a single input file also the name of the output file.", valueName: "out"),
        completion: .file())
    var output: String?

    @Flag(help: "Replace existing files, but never an input.")
    var overwrite = false

    @OptionGroup var reading: ReadingOptions

    @OptionGroup var format: OutputOptions

    func validate() throws { if let output { try OutputName.validate(output) } }

    /// Throws if there is no output.
    func requireOutput() throws {
        if output == nil { throw ValidationError("Missing expected argument '--output <out>'") }
    }
}
