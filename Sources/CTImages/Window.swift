/// A display window: the HU range that is shown from black to white.
public struct Window: Hashable, Sendable {
    /// The HU in the middle, shown as mid-grey.
    public let level: Double

    /// HU from black to white; positive.
    public let width: Double

    /// Makes a window.
    ///
    /// - Precondition: `width` is positive and both are finite.
    public init(level: Double, width: Double) {
        precondition(width > 0 && width.isFinite && level.isFinite, "A window of level \(level), width \(width)")
        self.level = level
        self.width = width
    }

    /// Lung: level −600, width 1500.
    public static let lung = Window(level: -600, width: 1500)

    /// Mediastinum and other soft tissue: level 40, width 400.
    public static let mediastinum = Window(level: 40, width: 400)

    /// Bone: level 400, width 1800.
    public static let bone = Window(level: 400, width: 1800)

    /// Brightness of `hu`: 0 is black, 1 is white.
    public func brightness(hu: Double) -> Double {
        min(max((hu - (level - width / 2)) / width, 0), 1)
    }
}
