internal import CTSupport

/// A tree of tubes that supplies a cloud of targets, like arteries, veins and airways.
///
/// From the root, the targets are halved recursively, with a branch towards the centre of each half. The radius of a
/// branch grows with the number of targets that it supplies, so that tubes taper towards the pleura. It grows slightly
/// more slowly than by Murray's law, a power of 1/3 (1926, doi 10.1073/pnas.12.3.207), since the slab is thin.
struct Tree {
    /// Segments of tubes, each with the number of targets it supplies.
    private(set) var tubes: [(capsule: Capsule, targets: Int)] = []
    private var random: SplitMix64
    private let tipRadius: Double

    init(root: Point, direction: Point, targets: [Point], tipRadius: Double, seed: UInt64) {
        random = SplitMix64(seed: seed)
        self.tipRadius = tipRadius
        var targets = targets
        if !targets.isEmpty { grow(from: root, direction: direction.unit, targets: &targets, range: 0..<targets.count) }
    }

    private mutating func uniform(_ low: Double, _ high: Double) -> Double {
        low + (high - low) * Double(random.next() >> 11) * 0x1p-53
    }

    /// Returns the radius of a tube that supplies `count` targets: that of a tip times the count to the power of 5/16.
    func radius(_ count: Int) -> Double {
        let quarter = Double(count).squareRoot().squareRoot()
        return tipRadius * quarter * quarter.squareRoot().squareRoot()
    }

    private mutating func grow(from start: Point, direction: Point, targets: inout [Point], range: Range<Int>) {
        let count = range.count
        var middle = Point(0, 0)
        for i in range { middle = middle + targets[i] }
        middle = middle * (1 / Double(count))
        let way = middle - start
        let share = count == 1 ? 1 : uniform(0.3, 0.5)
        let end = start + way * share
        let length = (end - start).length
        let wiggle = Point(uniform(-0.12, 0.12), uniform(-0.12, 0.12), uniform(-0.12, 0.12)) * length
        let control = start + direction * (0.4 * length) + wiggle
        let radius = radius(count)
        let endRadius = count == 1 ? radius * 0.6 : radius * 0.92

        // A parabola in four segments, unless it stays away from the slice.
        if min(start.z, control.z, end.z) < radius + 2 && max(start.z, control.z, end.z) > -radius - 2 {
            var last = start
            for piece in 1...4 {
                let t = Double(piece) / 4
                let next = start * ((1 - t) * (1 - t)) + control * (2 * t * (1 - t)) + end * (t * t)
                let taper = radius - endRadius
                tubes.append(
                    (
                        Capsule(
                            from: last, to: next, startRadius: radius - taper * (t - 0.25),
                            endRadius: radius - taper * t), count
                    ))
                last = next
            }
        }
        if count == 1 { return }

        // Halves the targets across the direction of their greatest spread, seen from the end of this branch.
        let ahead = way.unit
        var spread = Point(0, 0)
        for i in range {
            let offset = targets[i] - middle
            let across = offset - ahead * (offset.x * ahead.x + offset.y * ahead.y + offset.z * ahead.z)
            spread = spread + Point(across.x * across.x, across.y * across.y, across.z * across.z)
        }
        if spread.x >= spread.y && spread.x >= spread.z {
            targets[range].sort { $0.x < $1.x }
        } else if spread.y >= spread.z {
            targets[range].sort { $0.y < $1.y }
        } else {
            targets[range].sort { $0.z < $1.z }
        }
        let cut = min(max(Int(uniform(0.3, 0.7) * Double(count)), 1), count - 1) + range.lowerBound
        let arrival = (end - control).unit
        grow(from: end, direction: arrival, targets: &targets, range: range.lowerBound..<cut)
        grow(from: end, direction: arrival, targets: &targets, range: cut..<range.upperBound)
    }
}
