/// The first step of a run, and the time it has taken.
struct Pace {
    let firstStep: Int
    private let start = ContinuousClock.now
    private var last = ContinuousClock.now

    init(_ step: Int) { firstStep = step }

    /// The seconds since the start.
    var seconds: Double { start.duration(to: .now).inSeconds }

    /// Returns the seconds since the last call, or since the start.
    mutating func split() -> Double {
        let now = ContinuousClock.now
        defer { last = now }
        return last.duration(to: now).inSeconds
    }
}
