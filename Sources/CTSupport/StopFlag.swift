internal import CSupport

/// A flag that one thread sets and others read.
@safe package final class StopFlag: @unchecked Sendable {
    private let flag: UnsafeMutablePointer<Bool>

    /// Creates a flag that is not set.
    package init() {
        unsafe flag = .allocate(capacity: 1)
        unsafe flag.initialize(to: false)
    }

    deinit { unsafe flag.deallocate() }

    /// Whether the flag has been set.
    package var isSet: Bool { unsafe ct_is_set(flag) }

    /// Sets the flag.
    package func set() { unsafe ct_set(flag) }
}
