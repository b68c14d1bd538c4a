public import CTImages
internal import CTNoise

/// Clean slices to train on, in groups that are drawn equally often.
///
/// A group is a patient: some have one slice and some have fifty, and without groups one scanner's
/// protocol would dominate.
public struct TrainingSlices: Sendable {
    private struct Image: Sendable {
        let width: Int
        let height: Int
        let hu: [Float]
    }

    private let groups: [[Image]]

    /// A number that other slices, other groups or another order would hardly have (FNV-1a of all HU).
    public let fingerprint: UInt64

    /// Number of groups.
    public var groupCount: Int { groups.count }

    /// Number of slices.
    public var count: Int { groups.reduce(0) { $0 + $1.count } }

    /// Takes slices by group; those smaller than `crop` on a side are left out.
    ///
    /// - Returns: `nil` if nothing is left.
    public init?(_ slices: [String: [Slice]], crop: Int) {
        // Sorted: the order of a dictionary differs from run to run.
        groups = slices.sorted { $0.key < $1.key }.map { _, slices in
            slices.filter { $0.width >= crop && $0.height >= crop }
                .map { Image(width: $0.width, height: $0.height, hu: $0.hu.map { Float($0) }) }
        }
        .filter { !$0.isEmpty }
        if groups.isEmpty { return nil }
        var hash = FNV1a()
        for group in groups {
            hash.combine(UInt64(group.count))
            for image in group {
                hash.combine(UInt64(image.width))
                for value in image.hu { hash.combine(UInt64(value.bitPattern)) }
            }
        }
        fingerprint = hash.value
    }

    /// A random crop of `side`×`side` HU, flipped and transposed at random.
    ///
    /// Crops that show hardly anything but air are mostly drawn again.
    func crop(_ side: Int, using generator: inout SplitMix64) -> [Float] {
        var crop: [Float] = []
        for _ in 0..<4 {
            let group = groups[Int.random(in: 0..<groups.count, using: &generator)]
            let image = group[Int.random(in: 0..<group.count, using: &generator)]
            let x = Int.random(in: 0...image.width - side, using: &generator)
            let y = Int.random(in: 0...image.height - side, using: &generator)
            crop = Self.turned(image.hu, width: image.width, x: x, y: y, side: side, way: generator.next())
            if Self.deviation(crop) > 50 { break }
        }
        return crop
    }

    /// The crop at (x, y), in one of the eight symmetries of the square.
    private static func turned(_ hu: [Float], width: Int, x: Int, y: Int, side: Int, way: UInt64) -> [Float] {
        let (flipX, flipY, transpose) = (way & 1 != 0, way & 2 != 0, way & 4 != 0)
        var crop = [Float](repeating: 0, count: side * side)
        for row in 0..<side {
            let from = (y + (flipY ? side - 1 - row : row)) * width + x
            for column in 0..<side {
                let value = hu[from + (flipX ? side - 1 - column : column)]
                crop[transpose ? column * side + row : row * side + column] = value
            }
        }
        return crop
    }

    /// Standard deviation.
    private static func deviation(_ values: [Float]) -> Float {
        let mean = values.reduce(0, +) / Float(values.count)
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(values.count)).squareRoot()
    }
}
