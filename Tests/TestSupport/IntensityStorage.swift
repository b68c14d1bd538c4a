package import CTImages

/// A way to store HU, and the convention that reads it.
package struct IntensityStorage: Sendable, CustomStringConvertible {
    package let convention: IntensityConvention
    package let format: SampleFormat
    /// Returns the stored value of HU.
    package let stored: @Sendable (Double) -> Double

    package var description: String { "\(convention), \(format)" }

    package init(
        convention: IntensityConvention, format: SampleFormat, stored: @escaping @Sendable (Double) -> Double
    ) {
        (self.convention, self.format, self.stored) = (convention, format, stored)
    }

    /// Returns how far HU are in a range, 0…1.
    package static func part(_ hu: Double, of range: ClosedRange<Double>) -> Double {
        min(max((hu - range.lowerBound) / (range.upperBound - range.lowerBound), 0), 1)
    }
}
