public import CTImages
package import CTNetwork
internal import CTNoise
internal import CTSupport

/// Clean slices for training, optionally paired with noisy versions, in groups that are drawn equally often.
///
/// A group is a patient. Some have one slice and some have fifty; without groups the protocol of one scanner would
/// dominate.
public struct TrainingSlices: Sendable, CustomStringConvertible {
    private struct Image: Sendable {
        let width: Int
        let height: Int
        /// HU; where there is no tissue, the value that a network is shown in its place.
        let hu: [Float]
        /// The same slice with noise; `nil` to add drawn noise.
        let noisy: [Float]?
        /// Which samples are tissue; `nil` if all are.
        let isTissue: [Bool]?

        init(_ pair: Pair) {
            let (clean, given) = (pair.clean, pair.noisy?.hu)
            (width, height) = (clean.width, clean.height)
            var (shown, isTissue) = TissueMask(clean).view(of: clean.samples)
            // What is no number in the noisy version does not count either.
            if let given, !given.allSatisfy(\.isFinite) {
                isTissue = given.indices.map { given[$0].isFinite && isTissue?[$0] != false }
            }
            hu = shown.map { Float($0) }
            noisy = given.map { given in given.indices.map { Float(isTissue?[$0] != false ? given[$0] : shown[$0]) } }
            self.isTissue = isTissue
        }
    }

    /// A part of a slice.
    struct Crop {
        /// HU, row by row.
        var clean: [Float]
        /// The same with noise; `nil` to add drawn noise.
        var noisy: [Float]?
        /// Which samples are tissue; `nil` if all are.
        var isTissue: [Bool]?
    }

    private let groups: [[Image]]

    /// FNV-1a hash of all HU, groups and order; detects a checkpoint of other data.
    package let fingerprint: UInt64

    /// Returns the fingerprint combined with the starting weights; the plain fingerprint without any.
    package func fingerprint(startingFrom start: Network?) -> UInt64 {
        guard let start else { return fingerprint }
        var hash = FNV1a()
        hash.combine(fingerprint)
        for value in start.parameters + start.statistics { hash.combine(UInt64(value.bitPattern)) }
        return hash.value
    }

    /// The number of groups.
    package var groupCount: Int { groups.count }

    /// The number of slices.
    public var count: Int { groups.reduce(0) { $0 + $1.count } }

    /// Creates training slices from slices by group; those smaller than `crop` pixels on a side are skipped.
    ///
    /// - Returns: `nil` if no slice remains.
    package init?(_ slices: [String: [CTSlice]], crop: Int) {
        self.init(slices.mapValues { $0.map { Pair(clean: $0, noisy: nil) } }, crop: crop)
    }

    /// The number of slices and groups, such as "404 slices in 38 folders".
    public var description: String {
        func counted(_ count: Int, _ word: String) -> String { "\(count) \(word)\(count == 1 ? "" : "s")" }
        return "\(counted(count, "slice")) in \(counted(groupCount, "folder"))"
    }

    /// Creates a collection of clean slices by patient, as a recipe needs it.
    ///
    /// - Parameters:
    ///   - slices: The slices of each patient. Those that are smaller than the largest crop of `recipe` are left out.
    ///   - recipe: The recipe to train with.
    /// - Returns: `nil` if no slice is left.
    public init?(_ slices: [String: [CTSlice]], for recipe: TrainingRecipe) {
        self.init(slices, crop: recipe.longestSide)
    }

    /// A clean slice and its noisy version.
    package struct Pair: Sendable {
        /// The slice without noise.
        package let clean: CTSlice
        /// The slice with noise, of the same size; `nil` to add drawn noise.
        package let noisy: CTSlice?

        /// Creates a pair.
        ///
        /// - Precondition: Both slices have the same size.
        package init(clean: CTSlice, noisy: CTSlice?) {
            precondition(
                noisy.map { $0.width == clean.width && $0.height == clean.height } ?? true, "The slices differ in size")
            self.clean = clean
            self.noisy = noisy
        }
    }

    /// Creates training slices from pairs by group; those smaller than `crop` pixels on a side are skipped.
    ///
    /// - Returns: `nil` if no pair remains.
    package init?(_ pairs: [String: [Pair]], crop: Int) {
        // Sorted, because the order of a dictionary differs from run to run.
        groups = pairs.sorted { $0.key < $1.key }.map { _, pairs in
            pairs.filter { $0.clean.width >= crop && $0.clean.height >= crop }.map(Image.init)
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

    /// Returns a random crop of `rows`×`columns` samples, flipped and transposed at random.
    ///
    /// Crops of almost only air are usually redrawn.
    func crop(_ rows: Int, _ columns: Int, using generator: inout SplitMix64) -> Crop {
        var crop = Crop(clean: [])
        for _ in 0..<4 {
            let group = groups[Int.random(in: 0..<groups.count, using: &generator)]
            let image = group[Int.random(in: 0..<group.count, using: &generator)]
            let way = generator.next()
            let transpose = way & 4 != 0
            let (height, width) = transpose ? (columns, rows) : (rows, columns)
            let x = Int.random(in: 0...image.width - width, using: &generator)
            let y = Int.random(in: 0...image.height - height, using: &generator)
            func part<Value>(_ values: [Value]) -> [Value] {
                var part = [Value](repeating: values[0], count: rows * columns)
                for row in 0..<height {
                    let from = (y + (way & 2 != 0 ? height - 1 - row : row)) * image.width + x
                    for column in 0..<width {
                        let value = values[from + (way & 1 != 0 ? width - 1 - column : column)]
                        part[transpose ? column * columns + row : row * columns + column] = value
                    }
                }
                return part
            }
            crop = Crop(
                clean: part(image.hu), noisy: image.noisy.map(part), isTissue: image.isTissue.map(part))
            if Self.deviation(crop.clean) > 50 { break }
        }
        return crop
    }

    /// Returns the standard deviation.
    private static func deviation(_ values: [Float]) -> Float {
        let mean = values.reduce(0, +) / Float(values.count)
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(values.count)).squareRoot()
    }
}
