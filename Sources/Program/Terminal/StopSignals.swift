#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Set by the signal handler, which may do nothing else; only ever read otherwise.
nonisolated(unsafe) private var signalCame: sig_atomic_t = 0

/// Notices that the user, or the system, asks the program to end, so that it can end in order.
///
/// From its creation the first SIGINT or SIGTERM no longer ends the process; the second does.
struct StopSignals {
    init() {
        for number in [SIGINT, SIGTERM] {
            _ = signal(number) { number in
                unsafe signalCame = 1
                // Whoever asks twice does not want to wait.
                _ = signal(number, SIG_DFL)
            }
        }
    }

    /// Whether one of the signals has come.
    var isRequested: Bool { unsafe signalCame != 0 }
}
