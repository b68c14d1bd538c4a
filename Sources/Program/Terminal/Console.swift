#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Standard error: messages, and a progress bar where a person sees it.
///
/// Used from one task at a time.
struct Console {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var barIsShown = false
    private var lastDrawn: ContinuousClock.Instant?

    /// Prints `error: …`.
    mutating func error(_ message: some CustomStringConvertible) { line("error: \(message)") }

    /// Prints `warning: …`.
    mutating func warning(_ message: some CustomStringConvertible) { line("warning: \(message)") }

    /// Prints one line; names in it cannot steer the terminal.
    mutating func line(_ line: String) {
        clearProgress()
        Self.put(Format.visible(line) + "\n")
    }

    /// Shows `bar` at the bottom of the terminal, if there is one, at most ten times a second.
    mutating func show(_ bar: ProgressBar) {
        guard isTerminal else { return }
        let now = ContinuousClock.now
        if let lastDrawn, lastDrawn.duration(to: now) < .milliseconds(100) { return }
        lastDrawn = now
        barIsShown = true
        Self.put("\r\u{1B}[K" + bar.text(now: now))
    }

    /// Takes the progress bar away.
    mutating func clearProgress() {
        guard barIsShown else { return }
        barIsShown = false
        lastDrawn = nil
        Self.put("\r\u{1B}[K")
    }

    private static func put(_ text: String) {
        // Nobody can be told that standard error is gone.
        _ = StandardOutput.write(text, to: STDERR_FILENO)
    }
}

/// How far a run is: files done of files in all, slices a second, time left.
struct ProgressBar {
    private let files: Int
    private let start = ContinuousClock.now
    private var filesDone = 0
    private var shareOfFile = 0.0
    private(set) var slices = 0

    /// Starts the clock.
    init(files: Int) { self.files = files }

    /// Notes that a slice, one of `pages` of the current file, is done.
    mutating func slicesDone(ofFile pages: Int) {
        slices += 1
        shareOfFile = min(shareOfFile + 1 / Double(max(pages, 1)), 1)
    }

    /// Notes that the current file is done, or failed.
    mutating func fileDone() {
        filesDone += 1
        shareOfFile = 0
    }

    /// Seconds since the start.
    func seconds(now: ContinuousClock.Instant = .now) -> Double { start.duration(to: now) / .seconds(1) }

    /// The bar as one line of less than 80 columns.
    func text(now: ContinuousClock.Instant) -> String {
        let share = min((Double(filesDone) + shareOfFile) / Double(max(files, 1)), 1)
        let elapsed = seconds(now: now)
        let filled = Int(share * 24)
        var text = "[" + String(repeating: "=", count: filled) + String(repeating: " ", count: 24 - filled) + "] "
        text += "\(filesDone)/\(files) files"
        if slices > 0, elapsed > 0 { text += "  \(Format.significant(Double(slices) / elapsed, 3)) slices/s" }
        if share > 0.005, share < 1 { text += "  \(Format.duration(elapsed * (1 - share) / share)) left" }
        return text
    }
}
