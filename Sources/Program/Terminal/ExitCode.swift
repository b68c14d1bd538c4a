import ArgumentParser

extension ExitCode {
    /// A threshold set by the user was missed.
    static let thresholdMissed = ExitCode(2)
}
