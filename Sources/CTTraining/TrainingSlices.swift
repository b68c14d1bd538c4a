public import CTImages
package import CTNetwork
internal import CTNoise
internal import CTSupport

/// Clean slices to train on, maybe each with its noisy version, in groups that are drawn equally often.
///
/// A group is a patient: some have one slice and some have fifty, and without groups one scanner's
/// protocol would dominate.
public struct TrainingSlices: Sendable {
    private struct Image: Sendable {
        let width: Int
        let height: Int
        let hu: [Float]
        /// The same slice with noise, if that is given; else noise is drawn.
        let noisy: [Float]?
    }

    private let groups: [[Image]]

    /// A number that other slices, other groups or another order would hardly have (FNV-1a of all HU).
    package let fingerprint: UInt64

    /// The same for a training that starts with the weights of a network; without one, the fingerprint.
    package func fingerprint(startingFrom start: Network?) -> UInt64 {
        guard let start else { return fingerprint }
        var hash = FNV1a()
        hash.combine(fingerprint)
        for value in start.parameters + start.statistics { hash.combine(UInt64(value.bitPattern)) }
        return hash.value
    }

    /// Number of groups.
    package var groupCount: Int { groups.count }

    /// Number of slices.
    public var count: Int { groups.reduce(0) { $0 + $1.count } }

    /// Takes slices by group; those smaller than `crop` on a side are left out.
    ///
    /// - Returns: `nil` if nothing is left.
    public init?(_ slices: [String: [CTSlice]], crop: Int) {
        self.init(slices.mapValues { $0.map { Pair(clean: $0, noisy: nil) } }, crop: crop)
    }

    /// A clean slice and what noise made of it.
    package struct Pair: Sendable {
        /// Without noise.
        package let clean: CTSlice
        /// Of the same size; `nil` to draw noise.
        package let noisy: CTSlice?

        /// Makes a pair.
        ///
        /// - Precondition: Both are of one size.
        package init(clean: CTSlice, noisy: CTSlice?) {
            precondition(noisy.map { $0.width == clean.width && $0.height == clean.height } ?? true, "two sizes")
            self.clean = clean
            self.noisy = noisy
        }
    }

    /// Takes pairs by group; those smaller than `crop` on a side are left out.
    ///
    /// - Returns: `nil` if nothing is left.
    package init?(_ pairs: [String: [Pair]], crop: Int) {
        // Sorted: the order of a dictionary differs from run to run.
        groups = pairs.sorted { $0.key < $1.key }.map { _, pairs in
            pairs.filter { $0.clean.width >= crop && $0.clean.height >= crop }.map { pair in
                Image(
                    width: pair.clean.width, height: pair.clean.height, hu: pair.clean.hu.map { Float($0) },
                    noisy: pair.noisy?.hu.map { Float($0) })
            }
        }
        .filter { !$0.isEmpty }
        if groups.isEmpty { return nil }
        var hash = FNV1a()
        for group in groups {
            hash.combine(UInt64(group.count))
            for image in group {
                hash.combine(UInt64(image.width))
                for value in image.hu + (image.noisy ?? []) { hash.combine(UInt64(value.bitPattern)) }
            }
        }
        fingerprint = hash.value
    }

    /// A random crop of `rows`×`columns` HU, flipped and transposed at random, and the same of the noisy version if there is one.
    ///
    /// Crops that show hardly anything but air are mostly drawn again.
    func crop(
        _ rows: Int, _ columns: Int, using generator: inout SplitMix64
    ) -> (clean: [Float], noisy: [Float]?) {
        var (crop, noisy): ([Float], [Float]?) = ([], nil)
        for _ in 0..<4 {
            let group = groups[Int.random(in: 0..<groups.count, using: &generator)]
            let image = group[Int.random(in: 0..<group.count, using: &generator)]
            let way = generator.next()
            let transpose = way & 4 != 0
            let (height, width) = transpose ? (columns, rows) : (rows, columns)
            let x = Int.random(in: 0...image.width - width, using: &generator)
            let y = Int.random(in: 0...image.height - height, using: &generator)
            func part(_ hu: [Float]) -> [Float] {
                var crop = [Float](repeating: 0, count: rows * columns)
                for row in 0..<height {
                    let from = (y + (way & 2 != 0 ? height - 1 - row : row)) * image.width + x
                    for column in 0..<width {
                        let value = hu[from + (way & 1 != 0 ? width - 1 - column : column)]
                        crop[transpose ? column * columns + row : row * columns + column] = value
                    }
                }
                return crop
            }
            (crop, noisy) = (part(image.hu), image.noisy.map(part))
            if Self.deviation(crop) > 50 { break }
        }
        return (crop, noisy)
    }

    /// Standard deviation.
    private static func deviation(_ values: [Float]) -> Float {
        let mean = values.reduce(0, +) / Float(values.count)
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(values.count)).squareRoot()
    }
}
