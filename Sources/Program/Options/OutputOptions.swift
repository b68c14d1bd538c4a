import ArgumentParser

/// How a command reports: for people, or as JSON.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON object on standard output instead of text.")
    var json = false
}
