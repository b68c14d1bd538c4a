import ArgumentParser

/// What commands that turn many image files into many image files have in common.
struct BatchOptions: ParsableArguments {
    @Argument(
        help: "PNG and TIFF files, and folders, which are searched with all folders in them.",
        completion: .file(extensions: ["png", "tif", "tiff"]))
    var input: [String]

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The folder to write to; for a single file also the name of the new file.", valueName: "out"),
        completion: .file())
    var output: String?

    @Flag(help: "Replace files that are already there; never an input.")
    var overwrite = false

    @OptionGroup var reading: ReadingOptions

    @OptionGroup var format: OutputOptions

    func validate() throws { if let output { try OutputName.validate(output) } }

    /// Refuses to work without an output.
    func requireOutput() throws {
        if output == nil { throw ValidationError("Missing expected argument '--output <out>'") }
    }
}
