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
        var action = sigaction()
        // Back to the default once it has come: whoever asks twice does not want to wait.
        action.sa_flags = Int32(bitPattern: UInt32(truncatingIfNeeded: SA_RESETHAND))
        #if os(Linux)
        unsafe action.__sigaction_handler.sa_handler = { _ in unsafe signalCame = 1 }
        #else
        unsafe action.__sigaction_u.__sa_handler = { _ in unsafe signalCame = 1 }
        #endif
        unsafe sigaction(SIGINT, &action, nil)
        unsafe sigaction(SIGTERM, &action, nil)
    }

    /// Whether one of the signals has come.
    var isRequested: Bool { unsafe signalCame != 0 }
}
