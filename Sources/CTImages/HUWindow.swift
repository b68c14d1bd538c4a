/// A display window: the HU range shown from black to white.
package struct HUWindow: Hashable, Sendable {
    /// The HU value at the centre.
    package let level: Double

    /// The distance from black to white in HU, positive.
    package let width: Double

    /// Creates a window from its level and width in HU.
    ///
    /// - Precondition: Both are finite, and `width` is positive.
    package init(level: Double, width: Double) {
        precondition(level.isFinite && width.isFinite && width > 0, "A window of \(width) HU around \(level)")
        self.level = level
        self.width = width
    }

    /// The lung window: level −600 HU, width 1500 HU.
    package static let lung = HUWindow(level: -600, width: 1500)

    /// The soft tissue window: level 50 HU, width 400 HU.
    package static let mediastinum = HUWindow(level: 50, width: 400)

    /// The bone window: level 400 HU, width 1800 HU.
    package static let bone = HUWindow(level: 400, width: 1800)

    /// The range from black to white in HU.
    package var range: ClosedRange<Double> { level - width / 2...level + width / 2 }
}
