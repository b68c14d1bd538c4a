/// A display window: the HU that are shown from black to white.
public struct HUWindow: Hashable, Sendable {
    /// HU in the middle.
    public let level: Double

    /// From black to white in HU, positive.
    public let width: Double

    /// Makes a window.
    ///
    /// - Precondition: both are finite, and `width` is positive.
    public init(level: Double, width: Double) {
        precondition(level.isFinite && width.isFinite && width > 0, "A window of \(width) HU around \(level)")
        self.level = level
        self.width = width
    }

    /// −600 and 1500 HU.
    public static let lung = HUWindow(level: -600, width: 1500)

    /// 50 and 400 HU: soft tissue.
    public static let mediastinum = HUWindow(level: 50, width: 400)

    /// 400 and 1800 HU.
    public static let bone = HUWindow(level: 400, width: 1800)

    /// From black to white in HU.
    public var range: ClosedRange<Double> { level - width / 2...level + width / 2 }
}
