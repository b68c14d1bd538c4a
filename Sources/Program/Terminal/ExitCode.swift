import ArgumentParser

extension ExitCode {
    /// A threshold that the user set was not met.
    static let thresholdMissed = ExitCode(2)
}
