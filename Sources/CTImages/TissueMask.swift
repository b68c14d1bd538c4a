/// The samples of a slice that show tissue, or the air and table around it: those that are denoised, get noise and are
/// trained on.
///
/// Scanners and other programs fill what they did not measure with values far below air, often −2000 or −3024 HU, or
/// name a value for it in the file; metal reaches 20000 HU and more; floating-point files may have NaN. A network
/// trained on tissue would predict artefacts there and spread them to the surroundings. It sees the nearest tissue
/// value instead, and these samples stay unchanged.
package struct TissueMask {
    /// The range in HU of tissue with strong noise. Samples outside are not tissue.
    package static let plausible = -3500.0...5000.0

    /// The values in HU that stand in for samples below and above that range.
    package static let (air, bone) = (-1024.0, 3071.0)

    /// The HU below which a common value is padding …
    private static let leastTissue = -1100.0

    /// … if at least one sample in this many has exactly that value …
    private static let paddingShare = 500

    /// … and so many times as many as have a value nearby, which noise does not produce.
    private static let spike = 10.0

    private let scale: IntensityScale
    /// Stored values, where equality is exact.
    private let paddings: [Double]

    /// Creates the mask of a slice; detects padding.
    package init(_ slice: CTSlice) {
        scale = slice.scale
        paddings = slice.noData + Self.paddings(of: slice)
    }

    /// Whether a stored value is tissue.
    package func contains(_ stored: Double) -> Bool { admit(stored).isTissue }

    /// Returns whether a stored value is tissue, and the HU that stands in for it if not.
    package func admit(_ stored: Double) -> (isTissue: Bool, shown: Double) {
        let hu = scale.hu(stored: stored)
        // No metal has so many HU.
        if paddings.contains(stored) || !(hu >= Self.plausible.lowerBound) || hu > 1e5 { return (false, Self.air) }
        return hu > Self.plausible.upperBound ? (false, Self.bone) : (true, hu)
    }

    /// Returns the HU that a network is shown for stored values, and which of these are tissue; `nil` if all are.
    package func view(of samples: some Collection<Double>) -> (shown: [Double], isTissue: [Bool]?) {
        let admitted = samples.map(admit)
        return (admitted.map(\.shown), admitted.allSatisfy(\.isTissue) ? nil : admitted.map(\.isTissue))
    }

    /// Whether all samples of the slice are tissue; most slices have no other.
    package func isWhole(_ slice: CTSlice) -> Bool {
        guard paddings.isEmpty else { return slice.samples.allSatisfy(contains) }
        // What lies between two values of tissue is tissue.
        var (least, greatest, hasNaN) = (Double.infinity, -Double.infinity, false)
        for sample in slice.samples {
            least = sample < least ? sample : least
            greatest = sample > greatest ? sample : greatest
            hasNaN = hasNaN || sample.isNaN
        }
        return !hasNaN && contains(least) && contains(greatest)
    }

    /// Returns the values below air that too many samples have.
    private static func paddings(of slice: CTSlice) -> [Double] {
        let (samples, scale) = (slice.samples, slice.scale)
        func isBelowAir(_ sample: Double) -> Bool {
            let hu = scale.hu(stored: sample)
            return hu < leastTissue && hu.isFinite
        }
        // What is common in all samples is not rare in some of them.
        let step = max(samples.count / 8192, 1)
        var some: [Double: Int] = [:]
        for index in stride(from: 0, to: samples.count, by: step) where isBelowAir(samples[index]) {
            some[samples[index], default: 0] += 1
        }
        let least = max(2, samples.count / paddingShare)
        let candidates = some.filter { $0.value >= max(least / step / 4, 1) }.keys.sorted()
        if candidates.isEmpty { return [] }
        var counts: [Double: Int] = [:]
        for sample in samples where isBelowAir(sample) { counts[sample, default: 0] += 1 }
        return candidates.filter { value in
            let nearby = (1...4).reduce(0) {
                $0 + counts[value - Double($1), default: 0] + counts[value + Double($1), default: 0]
            }
            let count = counts[value, default: 0]
            return count >= least && Double(count) >= spike * Double(nearby) / 8
        }
    }
}

extension CTSlice {
    /// Returns which samples have the least or greatest value of the sample type, or of the slice, far from any tissue,
    /// but are no part of an area of that value, such as metal or padding: they may be impulses. `nil` if none has.
    package func isolatedEnds(outside tissue: TissueMask) -> [Bool]? {
        var ends: Set<Double> = []
        if let range = format.range { ends = isWrapped ? [] : [range.lowerBound, range.upperBound] }
        let finite = samples.lazy.filter(\.isFinite)
        if let least = finite.min(), let greatest = finite.max() { ends.formUnion([least, greatest]) }
        ends = ends.filter { !tissue.contains($0) }
        guard !ends.isEmpty, samples.contains(where: { ends.contains($0) }) else { return nil }
        var isIsolated = samples.map { ends.contains($0) }
        for y in 0..<height {
            for x in 0..<width where ends.contains(samples[y * width + x]) {
                let value = samples[y * width + x]
                // An area holds a square of 3×3 around each of its samples, or beside it; it may go on outside.
                let rows = max(y - 1, 0)...min(y + 1, height - 1)
                let square = rows.flatMap { row in
                    (max(x - 1, 0)...min(x + 1, width - 1)).map { row * width + $0 }
                }
                if square.allSatisfy({ samples[$0] == value }) {
                    for place in square { isIsolated[place] = false }
                }
            }
        }
        return isIsolated
    }

    /// The samples in HU, with the HU of air for what is no tissue, except for isolated samples at the ends of the
    /// sample type, which may be impulses.
    package var tissueHU: [Double] {
        let tissue = TissueMask(self)
        if tissue.isWhole(self) { return hu }
        let isIsolated = isolatedEnds(outside: tissue)
        return samples.indices.map { index in
            let stored = samples[index]
            let isKept = tissue.contains(stored) || isIsolated?[index] == true
            return isKept ? scale.hu(stored: stored) : TissueMask.air
        }
    }
}
