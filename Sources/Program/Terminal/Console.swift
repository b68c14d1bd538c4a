#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Standard error: messages, and a progress bar on a terminal.
///
/// Use it from one task at a time.
struct Console {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var barIsShown = false
    private var lastDrawn: ContinuousClock.Instant?
    /// The seconds after which a bar is due as a line.
    private var nextLine = 1.5

    /// The warnings that were printed.
    private(set) var warnings: [String] = []

    /// Prints `error: …`.
    mutating func error(_ message: some CustomStringConvertible) { line("error: \(message)") }

    /// Prints `warning: …`.
    mutating func warning(_ message: some CustomStringConvertible) {
        warnings.append("\(message)")
        line("warning: \(message)")
    }

    /// Prints one line, with control characters, such as in file names, escaped.
    mutating func line(_ line: String) {
        clearProgress()
        Self.put(Format.visible(line) + "\n")
    }

    /// Shows `bar` at the bottom of the terminal, at most ten times per second; without a terminal, prints it as a line
    /// after 2 s, and then each time that as much time has passed again, but at least every 10 minutes.
    mutating func show(_ bar: ProgressBar) {
        let now = ContinuousClock.now
        guard isTerminal else {
            let elapsed = bar.seconds(now: now)
            guard elapsed >= nextLine else { return }
            nextLine = min(2 * elapsed, elapsed + 600)
            line(bar.text(now: now))
            return
        }
        if let lastDrawn, lastDrawn.duration(to: now) < .milliseconds(100) { return }
        lastDrawn = now
        barIsShown = true
        Self.put("\r\u{1B}[K" + bar.text(now: now))
    }

    /// Removes the progress bar.
    mutating func clearProgress() {
        guard barIsShown else { return }
        barIsShown = false
        lastDrawn = nil
        Self.put("\r\u{1B}[K")
    }

    private static func put(_ text: String) {
        // A failure to write to standard error cannot be reported.
        _ = StandardOutput.write(text, to: STDERR_FILENO)
    }
}

/// The progress of a run: files done, slices per second, time left.
struct ProgressBar {
    private let files: Int
    private let start = ContinuousClock.now
    private var filesDone = 0
    private var shareOfFile = 0.0
    private(set) var slices = 0

    /// Starts the clock.
    init(files: Int) { self.files = files }

    /// Records that a slice, one of `pages` in the current file, is done.
    mutating func slicesDone(ofFile pages: Int) {
        slices += 1
        shareOfFile = min(shareOfFile + 1 / Double(max(pages, 1)), 1)
    }

    /// Records that the current file is done or has failed.
    mutating func fileDone() {
        filesDone += 1
        shareOfFile = 0
    }

    /// Returns the seconds since the start.
    func seconds(now: ContinuousClock.Instant = .now) -> Double { start.duration(to: now) / .seconds(1) }

    /// Returns the bar as one line of fewer than 80 columns.
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
