internal import CTSupport

/// Paints a chest at the level of the heart, tissue by tissue from the outside to the inside.
///
/// Places are in mm from the middle of the picture, x to the patient's left, y to the back.
struct Anatomy {
    var canvas: Canvas
    private var random: SplitMix64
    private let body: Ellipse
    private let cage: Ellipse
    private let heart: [Ellipse]
    private let aorta: Ellipse
    private let coarse: SmoothNoise
    private let medium: SmoothNoise
    private let fine: SmoothNoise
    private let seed: UInt64
    /// mm inside the lungs, on a grid of 5 mm: the same for all sizes of the picture, so that vessels are too.
    private var depths: [Double] = []
    /// Nodules so far: middle and radius.
    private var taken: [(Point, Double)] = []

    private static let air = -1000.0
    private static let fat = -98.0
    private static let muscle = 55.0
    private static let blood = 44.0

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

    private mutating func uniform(_ low: Double, _ high: Double) -> Double {
        low + (high - low) * Double(random.next() >> 11) * 0x1p-53
    }

    // MARK: - Shapes of several parts

    private func heartDistance(_ x: Double, _ y: Double) -> Double {
        let ventricles = heart[0].distance(x, y)
        return union(
            union(ventricles, heart[1].distance(x, y), blend: 8), heart[2].distance(x, y), blend: 8)
    }

    /// What lies between and behind the lungs.
    private func mediastinumDistance(_ x: Double, _ y: Double) -> Double {
        var distance = heartDistance(x, y) - 4
        // Towards the breastbone, in the middle, around the vertebra, along the ribs' heads, around the aorta.
        distance = union(
            distance,
            Capsule(from: Point(2, -86), to: Point(0, -40), startRadius: 14, endRadius: 12).distance(x, y), blend: 14)
        distance = union(distance, Ellipse(center: Point(0, 20), a: 27, b: 26).distance(x, y), blend: 10)
        distance = union(distance, Ellipse(center: Point(0, 50), a: 25, b: 22).distance(x, y), blend: 10)
        distance = union(
            distance, Ellipse(center: Point(0, 90), a: 54, b: 27, roundness: 1.6).distance(x, y), blend: 12)
        return union(distance, aorta.distance(x, y) - 1.5, blend: 8)
    }

    private func lungDistance(_ x: Double, _ y: Double) -> Double {
        intersection(cage.distance(x, y), -mediastinumDistance(x, y), blend: 14)
    }

    // MARK: - Wall of the chest

    /// Table, skin, fat, muscles.
    mutating func paintBody() {
        paintTable()
        let (body, cage, coarse, medium, fine) = (body, cage, coarse, medium, fine)
        let (x, y) = ((-body.a)...body.a, (body.center.y - body.b)...(body.center.y + body.b))
        canvas.fill(x: x, y: y, hu: { _, _ in 5 }, distance: body.distance)
        canvas.fill(x: x, y: y, hu: { x, y in Self.fat + 6 * medium(x, y) + 5 * fine(x, y) }) { x, y in
            body.distance(x, y) + 2
        }
        // Muscles with layers of fat between them: bands of distance from the cage, waved.
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

    /// A shallow trough: a thin shell filled with foam, below the back.
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

    /// Heart, aorta, gullet, azygos vein, and soft tissue around the spine.
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

    // MARK: - Bones

    /// Vertebra, ribs, breastbone, shoulder blades: a dense shell around spongy bone.
    mutating func paintBones() {
        let (fine, medium) = (fine, medium)
        let grain = SmoothNoise(seed: random.next(), cell: 2.1)
        let shell = { (x: Double, y: Double) in 560 + 110 * medium(x, y) }
        let sponge = { (x: Double, y: Double) in 175 + 55 * fine(x, y) + 45 * grain(x, y) }

        // The vertebra: arch and processes, canal, body.
        for side in [-1.0, 1] {
            let process = Capsule(
                from: Point(side * 12, 69), to: Point(side * 33, 81), startRadius: 5.5, endRadius: 4.2)
            canvas.fill(process, hu: shell)
            canvas.fill(
                Capsule(from: process.from, to: process.to, startRadius: 3.4, endRadius: 2.4), hu: sponge)
            let rib = Capsule(from: Point(side * 24, 57), to: Point(side * 44, 78), startRadius: 5, endRadius: 4.6)
            canvas.fill(rib, hu: shell)
            canvas.fill(Capsule(from: rib.from, to: rib.to, startRadius: 3.2, endRadius: 2.8), hu: sponge)
        }
        canvas.fill(
            Capsule(from: Point(0, 78), to: Point(0, 103), startRadius: 5.5, endRadius: 3.4), hu: shell)
        canvas.fill(
            Capsule(from: Point(0, 80), to: Point(0, 101), startRadius: 2.8, endRadius: 1.4), hu: sponge)
        canvas.fill(Ellipse(center: Point(0, 71), a: 15.5, b: 13.5, roundness: 1.7), hu: shell)
        let front = Ellipse(center: Point(0, 49), a: 19, b: 15.5, roundness: 1.6)
        canvas.fill(front, hu: shell)
        canvas.fill(front.grown(by: -1.9), hu: sponge)
        canvas.fill(Ellipse(center: Point(0, 70.5), a: 10.5, b: 9, roundness: 1.7), hu: { _, _ in -10 })
        canvas.fill(Ellipse(center: Point(0, 70.5), a: 8.2, b: 7), hu: { _, _ in 14 })
        canvas.fill(Ellipse(center: Point(0, 70.5), a: 5.2, b: 4), hu: { _, _ in 38 })

        // The breastbone and the cartilage of ribs beside it.
        let breast = Ellipse(center: Point(0, cage.center.y - cage.b - 5), a: 19, b: 6, roundness: 1)
        for side in [-1.0, 1] {
            canvas.fill(
                Capsule(
                    from: breast.center + Point(side * 21, 1), to: breast.center + Point(side * 44, 9),
                    startRadius: 6, endRadius: 5.5), hu: { x, y in 105 + 30 * fine(x, y) })
        }
        canvas.fill(breast, hu: shell)
        canvas.fill(breast.grown(by: -1.7), hu: { x, y in sponge(x, y) - 60 })

        // Ribs cross the slice at a slant, so each shows a piece; directions from the middle, no angles needed.
        let ribs: [(direction: Point, length: Double)] = [
            (Point(0.62, -0.78), 13), (Point(0.93, -0.38), 17), (Point(1, 0.1), 15), (Point(0.86, 0.52), 19),
            (Point(0.62, 0.79), 20),
        ]
        for side in [-1.0, 1] {
            for rib in ribs {
                let jitter = uniform(-0.09, 0.09)
                let direction = Point(
                    side * (rib.direction.x - jitter * rib.direction.y), rib.direction.y + jitter * rib.direction.x)
                let (place, normal) = onCage(direction, margin: 6.2)
                let plate = Plate(
                    center: place, axis: Point(-normal.y, normal.x), halfLength: rib.length * uniform(0.8, 1.15),
                    halfThickness: uniform(4.4, 5.2), bend: 0.0085)
                paint(plate, shell: shell, sponge: { sponge($0, $1) - 20 }, wall: 1.6)
            }
            // The shoulder blade: a thin, slanted plate in the muscles of the back.
            let (place, normal) = onCage(Point(side * 0.8, 0.63), margin: 21)
            let blade = Plate(
                center: place, axis: Point(-normal.y, normal.x), halfLength: 27, halfThickness: 3.1, bend: 0.005)
            paint(blade, shell: shell, sponge: sponge, wall: 1.4)
        }
    }

    private mutating func paint(
        _ plate: Plate, shell: (Double, Double) -> Double, sponge: (Double, Double) -> Double, wall: Double
    ) {
        let reach = plate.halfLength + plate.halfThickness
        let x = (plate.center.x - reach)...(plate.center.x + reach)
        let y = (plate.center.y - reach)...(plate.center.y + reach)
        canvas.fill(x: x, y: y, hu: shell) { plate.distance($0, $1) }
        canvas.fill(x: x, y: y, hu: sponge) { plate.distance($0, $1, inset: wall) }
    }

    /// The place `margin` mm outside the cage in a direction from its middle, and the outward normal there.
    private func onCage(_ direction: Point, margin: Double) -> (place: Point, normal: Point) {
        let ray = direction.unit
        var t = cage.b
        for _ in 0..<12 {
            let place = cage.center + ray * t
            t += (margin - cage.distance(place.x, place.y)) * 0.9
        }
        let place = cage.center + ray * t
        let here = cage.distance(place.x, place.y)
        return (
            place,
            Point(cage.distance(place.x + 0.5, place.y) - here, cage.distance(place.x, place.y + 0.5) - here).unit
        )
    }

    // MARK: - Lungs

    /// mm inside the lungs, roughly.
    private func depth(_ place: Point) -> Double {
        let column = Int(min(max(place.x / 5 + 30, 0), 59))
        let row = Int(min(max(place.y / 5 + 20, 0), 39))
        return depths[row * 60 + column]
    }

    /// The HU of lung without vessels: denser towards the back, where the patient lies.
    private func lung(_ y: Double) -> Double { -862 + 0.28 * y }

    /// Lungs, fissures, vessels, airways.
    mutating func paintLungs() {
        let outer = self
        let (coarse, medium, fine) = (coarse, medium, fine)
        let lace = SmoothNoise(seed: random.next(), cell: 1.5)
        var lungs = [Double](repeating: 0, count: canvas.hu.count)
        for row in canvas.rows(-115, 115) {
            for column in canvas.columns(-150, 150) {
                let i = row * canvas.width + column
                let (x, y) = (canvas.warpedX[i], canvas.warpedY[i])
                let distance = outer.lungDistance(x, y)
                let cover = canvas.coverage(distance)
                if cover == 0 { continue }
                lungs[i] = cover
                // Major fissures: thin sheets that arch from the side to the back.
                let side =
                    x < 0
                    ? Ellipse(center: Point(-118, 64), a: 86, b: 58) : Ellipse(center: Point(118, 58), a: 84, b: 66)
                let fissure = canvas.coverage(abs(side.distance(x, y)) - 0.35)
                let tissue =
                    outer.lung(y) + 9 * coarse(x, y) + 7 * medium(x, y) + 9 * fine(x, y) + 8 * lace(x, y)
                    + 70 * fissure
                canvas.hu[i] += cover * (tissue - canvas.hu[i])
            }
        }

        for side in [-1.0, 1] {
            paintTubes(side: side, lungs: lungs)
        }
    }

    /// The arteries, veins and airways of one lung.
    private mutating func paintTubes(side: Double, lungs: [Double]) {
        // Targets in a slab 76 mm thick, at random where there is lung.
        var targets = [Point]()
        while targets.count < 3000 {
            let place = Point(side * uniform(8, 135), uniform(-95, 95), uniform(-38, 38))
            if depth(place) > 2.5 { targets.append(place) }
        }
        let hilum = Point(side * (side < 0 ? 44 : 42), uniform(6, 12), uniform(-4, 4))
        let arteries = Tree(
            root: hilum, direction: Point(side, 0.3), targets: Array(targets[..<1600]), tipRadius: 0.44,
            seed: random.next())
        let veins = Tree(
            root: hilum + Point(side * -4, -9, uniform(-8, 8)), direction: Point(side, -0.3),
            targets: Array(targets[1600...]), tipRadius: 0.44, seed: random.next())

        var vessel = [Double](repeating: 0, count: lungs.count)
        var wall = vessel
        var lumen = vessel
        for (tube, count) in arteries.tubes {
            draw(tube, into: &vessel)
            // Airways run beside arteries; the finest are too thin to be seen.
            if count < 60 { continue }
            var airway = tube
            let radius = (tube.startRadius + tube.endRadius) / 2
            let aside = Point(-0.6 * side, 0.8) * (radius * 1.8 + 0.4)
            airway.from = airway.from + aside
            airway.to = airway.to + aside
            let share = 0.32 + 0.3 * (Double(count) / 1600).squareRoot()
            airway.startRadius *= share
            airway.endRadius *= share
            draw(airway, into: &lumen)
            airway.startRadius = airway.startRadius * 1.2 + 0.45
            airway.endRadius = airway.endRadius * 1.2 + 0.45
            draw(airway, into: &wall)
        }
        for (tube, _) in veins.tubes { draw(tube, into: &vessel) }

        // The root of the lung: a knot of vessels and soft tissue around the main airway.
        let bronchus = Capsule(
            from: Point(side * 33, 13), to: Point(side * 37, 15), startRadius: 5, endRadius: 4.6)
        var root = [Double](repeating: 0, count: lungs.count)
        draw(Capsule(from: Point(side * 22, 8), to: hilum, startRadius: 13, endRadius: 8), into: &root)
        draw(bronchus, into: &lumen)
        draw(
            Capsule(from: bronchus.from, to: bronchus.to, startRadius: 6.2, endRadius: 5.8), into: &wall)

        for i in lungs.indices where lungs[i] > 0 || root[i] > 0 {
            let near = max(lungs[i], root[i])
            var hu = canvas.hu[i]
            hu += root[i] * (Self.blood - 4 - hu)
            hu += vessel[i] * near * (Self.blood - hu)
            hu += wall[i] * near * (10 - hu)
            hu += lumen[i] * near * (-985 - hu)
            canvas.hu[i] = hu
        }
    }

    /// Draws a tube where it meets the slice, which is 3 mm thick. Thin ones count by their share of it.
    private func draw(_ tube: Capsule, into cover: inout [Double]) {
        let radius = max(tube.startRadius, tube.endRadius)
        // The plane of the slice that is nearest to the tube's middle.
        let half = 1.5
        let plane = min(max((tube.from.z + tube.to.z) / 2, -half), half)
        if min(tube.from.z, tube.to.z) > half + radius || max(tube.from.z, tube.to.z) < -half - radius { return }
        let reach = radius + canvas.softness
        let columns = canvas.columns(min(tube.from.x, tube.to.x) - reach, max(tube.from.x, tube.to.x) + reach)
        let upright = abs((tube.to - tube.from).unit.z)
        for row in canvas.rows(min(tube.from.y, tube.to.y) - reach, max(tube.from.y, tube.to.y) + reach) {
            let y = canvas.y(row)
            for column in columns {
                let (distance, radius) = tube.axisDistance(canvas.x(column), y, plane)
                if distance > radius + canvas.softness { continue }
                let value = canvas.coverage(distance - radius) - canvas.coverage(distance + radius)
                let depth = min(0.75 * radius + 0.1, 1)
                let across = min(2 * radius / canvas.softness, 1)
                let i = row * canvas.width + column
                cover[i] = max(cover[i], value * (depth + upright * (across - depth)))
            }
        }
    }

    // MARK: - Nodules

    /// Puts a nodule where the lung has most room for it: away from the pleura, vessels and other nodules.
    mutating func paintNodule(
        _ request: ChestPhantom.NoduleRequest
    ) -> (place: Point, diameter: Double, contrast: Double, hu: Double) {
        let radius = request.diameter / 2
        var best = Point(70, 0)
        var least = Double.infinity
        for _ in 0..<150 {
            let place = Point(uniform(-130, 130), uniform(-95, 95))
            let column = Int((place.x / canvas.spacing + Double(canvas.width - 1) / 2).rounded())
            let row = Int((place.y / canvas.spacing + Double(canvas.height - 1) / 2).rounded())
            guard (0..<canvas.width).contains(column), (0..<canvas.height).contains(row) else { continue }
            // Whole samples' middles, so that small nodules keep their contrast.
            let middle = Point(canvas.x(column), canvas.y(row))
            let i = row * canvas.width + column
            var cost = max(lungDistance(canvas.warpedX[i], canvas.warpedY[i]) + radius + 4, 0) * 1000
            if cost >= least { continue }
            for (other, otherRadius) in taken {
                cost += max(radius + otherRadius + 15 - (other - middle).length, 0) * 500
            }
            let reach = radius + 2
            for y in canvas.rows(middle.y - reach, middle.y + reach) {
                for x in canvas.columns(middle.x - reach, middle.x + reach) {
                    cost +=
                        max(canvas.hu[y * canvas.width + x] + 750, 0) * canvas.spacing * canvas.spacing
                        / (reach * reach)
                }
            }
            if cost < least {
                least = cost
                best = middle
            }
        }
        taken.append((best, radius))
        let hu = lung(best.y) + request.contrast
        let reach = radius + canvas.softness
        for row in canvas.rows(best.y - reach, best.y + reach) {
            for column in canvas.columns(best.x - reach, best.x + reach) {
                let distance = (Point(canvas.x(column), canvas.y(row)) - best).length
                let cover = canvas.coverage(distance - radius)
                let i = row * canvas.width + column
                canvas.hu[i] += cover * (hu - canvas.hu[i])
            }
        }
        return (best, request.diameter, request.contrast, hu)
    }
}
