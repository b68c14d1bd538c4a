import ArgumentParser

@main
struct CTDenoise: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ctdenoise",
        abstract: "Denoise CT slices, make noisy training sets, report quality.")
}
