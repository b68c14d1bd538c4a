internal import CTSupport

/// A chest at the level of the heart, painted tissue by tissue from the outside in.
///
/// Positions are in mm from the centre of the image, x to the patient's left, y to the back.
struct Anatomy {
    var canvas: Canvas
    var random: SplitMix64
    private let body: Ellipse
    let cage: Ellipse
    private let heart: [Ellipse]
    private let aorta: Ellipse
    let coarse: SmoothNoise
    let medium: SmoothNoise
    let fine: SmoothNoise
    private let seed: UInt64
    /// Depths in mm inside the lungs, on a grid of 5 mm. The grid does not depend on the size of the image, so neither
    /// do the vessels.
    private(set) var depths: [Double] = []
    /// The nodules placed so far: centre and radius.
    var taken: [(Point, Double)] = []

    static let air = -1000.0
    static let fat = -98.0
    static let muscle = 55.0
    static let blood = 44.0

    init(width: Int, height: Int, spacing: Double, seed: UInt64) {
        self.seed = seed
        var random = SplitMix64(seed: seed)
        func vary(_ value: Double, _ share: Double) -> Double {
            value * (1 + share * (2 * Double(random.next() >> 11) * 0x1p-53 - 1))
        }
        canvas = Canvas(width: width, height: height, spacing: spacing, background: Self.air)
        coarse = SmoothNoise(seed: random.next(), cell: 45)
        medium = SmoothNoise(seed: random.next(), cell: 14)
        fine = SmoothNoise(seed: random.next(), cell: 3.2)

        let size = vary(1, 0.04)
        body = Ellipse(center: Point(0, 4), a: 163 * size, b: vary(113, 0.03) * size, roundness: 1.35)
        cage = Ellipse(center: Point(0, -1), a: 128 * size, b: vary(88, 0.03) * size, roundness: 1.45)
        let left = vary(20, 0.25)
        heart = [
            // Ventricles, right atrium, left atrium.
            Ellipse(center: Point(left, -34), a: vary(52, 0.06), b: vary(37, 0.06), axis: Point(4, 2).unit),
            Ellipse(center: Point(left - 44, -22), a: vary(24, 0.08), b: vary(31, 0.08)),
            Ellipse(center: Point(left - 22, 4), a: vary(36, 0.06), b: vary(18, 0.06)),
        ]
        aorta = Ellipse(center: Point(vary(27, 0.08), vary(37, 0.04)), a: vary(12.5, 0.1), b: vary(12.5, 0.05))
        self.random = random

        let bend = SmoothNoise(seed: random.next(), cell: 60)
        let bendDown = SmoothNoise(seed: random.next(), cell: 60)
        let ripple = SmoothNoise(seed: random.next(), cell: 17)
        let rippleDown = SmoothNoise(seed: random.next(), cell: 17)
        canvas.warp { x, y in
            (5 * bend(x, y) + 0.8 * ripple(x, y), 4 * bendDown(x, y) + 0.8 * rippleDown(x, y))
        }
        for row in 0..<40 {
            for column in 0..<60 {
                let (x, y) = (Double(column) * 5 - 147.5, Double(row) * 5 - 97.5)
                depths.append(-lungDistance(x + 5 * bend(x, y), y + 4 * bendDown(x, y)))
            }
        }
    }

    mutating func uniform(_ low: Double, _ high: Double) -> Double {
        low + (high - low) * Double(random.next() >> 11) * 0x1p-53
    }

    // MARK: - Shapes of several parts

    private func heartDistance(_ x: Double, _ y: Double) -> Double {
        let ventricles = heart[0].distance(x, y)
        return union(
            union(ventricles, heart[1].distance(x, y), blend: 8), heart[2].distance(x, y), blend: 8)
    }

    /// Returns the distance to the tissue between and behind the lungs.
    private func mediastinumDistance(_ x: Double, _ y: Double) -> Double {
        var distance = heartDistance(x, y) - 4
        // Towards the breastbone, at the centre, around the vertebra, along the heads of the ribs, around the aorta.
        distance = union(
            distance,
            Capsule(from: Point(2, -86), to: Point(0, -40), startRadius: 14, endRadius: 12).distance(x, y), blend: 14)
        distance = union(distance, Ellipse(center: Point(0, 20), a: 27, b: 26).distance(x, y), blend: 10)
        distance = union(distance, Ellipse(center: Point(0, 50), a: 25, b: 22).distance(x, y), blend: 10)
        distance = union(
            distance, Ellipse(center: Point(0, 90), a: 54, b: 27, roundness: 1.6).distance(x, y), blend: 12)
        return union(distance, aorta.distance(x, y) - 1.5, blend: 8)
    }

    func lungDistance(_ x: Double, _ y: Double) -> Double {
        intersection(cage.distance(x, y), -mediastinumDistance(x, y), blend: 14)
    }

    // MARK: - Wall of the chest

    /// Paints table, skin, fat and muscles.
    mutating func paintBody() {
        paintTable()
        let (body, cage, coarse, medium, fine) = (body, cage, coarse, medium, fine)
        let (x, y) = ((-body.a)...body.a, (body.center.y - body.b)...(body.center.y + body.b))
        canvas.fill(x: x, y: y, hu: { _, _ in 5 }, distance: body.distance)
        canvas.fill(x: x, y: y, hu: { x, y in Self.fat + 6 * medium(x, y) + 5 * fine(x, y) }) { x, y in
            body.distance(x, y) + 2
        }
        // Muscles and the layers of fat between them, in wavy bands of distance from the cage.
        let fibres = SmoothNoise(seed: random.next(), cell: 22)
        canvas.fill(
            x: x, y: y,
            hu: { x, y in
                let depth = cage.distance(x, y) + 5 * coarse(x, y) + 3.5 * fibres(x, y)
                let gap = min(abs(depth - 15.5), abs(depth - 25), abs(fibres(x * 0.5, y * 0.5)) * 9)
                let share = depth < 12 ? 1 : step(0.2, 1.6, gap)
                return Self.fat + share * (Self.muscle - Self.fat) + 5 * fine(x, y)
            }
        ) { x, y in
            // Thinner in front beside the breastbone than at the sides and the back.
            let front = step(-20, -90, y)
            let thickness = 13 + 3 * coarse(x, y) + 4 * front
            return max(body.distance(x, y) + thickness, cage.distance(x, y) - 31 + 6 * front)
        }
        // The long muscles beside the spine.
        for side in [-1.0, 1] {
            let long = Ellipse(
                center: Point(side * 27, 92), a: 25, b: 12.5, axis: Point(1, side * -0.14).unit, roundness: 1.6)
            canvas.fill(
                x: -60...60, y: 75...110,
                hu: { x, y in
                    let streak = 1 - step(0.02, 0.12, abs(medium(x * 1.3, y * 0.8)))
                    return Self.muscle + 5 - 75 * streak * step(-0.2, 0.6, coarse(y, x)) + 5 * fine(x, y)
                }, distance: { max(long.distance($0, $1), body.distance($0, $1) + 6) })
        }
        canvas.fill(
            x: (-cage.a)...cage.a, y: -100...100,
            hu: { x, y in Self.fat + 8 * medium(x, y) + 5 * fine(x, y) }, distance: { cage.distance($0, $1) + 1.5 })
    }

    /// Paints the table below the back: a shallow trough, a thin shell filled with foam.
    private mutating func paintTable() {
        let trough = Ellipse(center: Point(0, -260), a: 560, b: 389)
        for row in canvas.rows(95, 140) {
            let y = canvas.y(row)
            for column in canvas.columns(-205, 205) {
                let x = canvas.x(column)
                let i = row * canvas.width + column
                let depth = trough.distance(x, y)
                let edge = abs(x) - 195
                let foam = canvas.coverage(max(abs(depth + 5) - 5, edge))
                let shell = canvas.coverage(max(abs(depth) - 0.9, edge))
                canvas.hu[i] += foam * (-940 - canvas.hu[i])
                canvas.hu[i] += shell * (-350 - canvas.hu[i])
            }
        }
    }

    // MARK: - Middle of the chest

    /// Paints heart, aorta, oesophagus, azygos vein, and soft tissue around the spine.
    mutating func paintMediastinum() {
        let (fine, medium) = (fine, medium)
        let tissue = { (x: Double, y: Double) in Self.muscle - 5 + 4 * fine(x, y) + 3 * medium(x, y) }
        canvas.fill(Ellipse(center: Point(0, 80), a: 44, b: 19, roundness: 1.6)) { x, y in
            Self.muscle - 90 * step(0.25, 0.8, medium(x, y)) + 5 * fine(x, y)
        }
        canvas.fill(Ellipse(center: Point(0, 50), a: 23, b: 20), hu: tissue)

        let outer = self
        let (x, y) = (-80.0...100.0, -100.0...60.0)
        canvas.fill(x: x, y: y, hu: tissue, distance: outer.heartDistance)
        // A groove of fat between ventricles and atria.
        let groove = heart[0].center
        canvas.fill(
            Capsule(
                from: groove + Point(-36, -27), to: groove + Point(-25, -1), startRadius: 7, endRadius: 1.5),
            hu: { x, y in Self.fat + 15 + 12 * medium(x, y) })
        canvas.fill(
            Capsule(from: groove + Point(38, 30), to: groove + Point(18, 27), startRadius: 4, endRadius: 1.2),
            hu: { x, y in Self.fat + 15 + 12 * medium(x, y) })
        canvas.fill(
            Ellipse(center: groove + Point(-31, -15), a: 2, b: 2), hu: { _, _ in Self.blood })

        canvas.fill(aorta, hu: { x, y in Self.blood + 3 * fine(x, y) })
        let gullet = Point(uniform(4, 9), uniform(26, 29))
        canvas.fill(Ellipse(center: gullet, a: 9, b: 6), hu: { _, _ in 38 })
        if uniform(0, 1) < 0.6 {
            canvas.fill(Ellipse(center: gullet + Point(1, 0), a: 2.4, b: 1.5), hu: { _, _ in -800 })
        }
        canvas.fill(Ellipse(center: Point(-11, 32), a: 4, b: 4), hu: { _, _ in Self.blood })
    }
}
