import ArgumentParser

/// How a command prints its results: as text or as JSON.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print the results as one JSON object instead of text.")
    var json = false
}
