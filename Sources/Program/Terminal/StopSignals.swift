#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Set only by the signal handler, which may do nothing else.
nonisolated(unsafe) private var signalCame: sig_atomic_t = 0

/// Detects requests to end the program, so that it can stop cleanly.
///
/// Once created, the first SIGINT or SIGTERM no longer ends the process; the second does.
struct StopSignals {
    init() {
        for number in [SIGINT, SIGTERM] {
            _ = signal(number) { number in
                unsafe signalCame = 1
                // A second signal ends the process at once.
                _ = signal(number, SIG_DFL)
            }
        }
    }

    /// Whether one of the signals has arrived.
    var isRequested: Bool { unsafe signalCame != 0 }
}
