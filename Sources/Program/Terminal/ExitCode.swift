import ArgumentParser
import CTSupport

extension ExitCode {
    /// A threshold set by the user was missed.
    static let thresholdMissed = ExitCode(2)

    /// Returns the code with which a failure that stops all work ends the program: that of wrong usage if only the user
    /// can say what values mean.
    static func of(_ failure: FileError) -> ExitCode {
        failure.code == .undecidedIntensities ? .validationFailure : .failure
    }
}
