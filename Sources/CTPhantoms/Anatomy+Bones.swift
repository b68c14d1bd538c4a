internal import CTSupport

/// The two tissues of a bone, as functions from position to HU.
private struct BoneTissue {
    let shell, sponge: (Double, Double) -> Double
}

extension Anatomy {
    /// Paints vertebra, ribs, breastbone and shoulder blades: a dense shell around spongy bone.
    mutating func paintBones() {
        let (fine, medium) = (fine, medium)
        let grain = SmoothNoise(seed: random.next(), cell: 2.1)
        let tissue = BoneTissue(
            shell: { x, y in 560 + 110 * medium(x, y) },
            sponge: { x, y in 175 + 55 * fine(x, y) + 45 * grain(x, y) })
        paintVertebra(tissue)
        paintBreastbone(tissue)
        for side in [-1.0, 1] {
            paintRibs(side: side, tissue)
            paintShoulderBlade(side: side, tissue)
        }
    }

    /// Paints the vertebra: arch and processes, canal, body.
    private mutating func paintVertebra(_ tissue: BoneTissue) {
        let (shell, sponge) = (tissue.shell, tissue.sponge)
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
    }

    /// Paints the breastbone and the adjacent cartilage of ribs.
    private mutating func paintBreastbone(_ tissue: BoneTissue) {
        let (fine, sponge) = (fine, tissue.sponge)
        let breast = Ellipse(center: Point(0, cage.center.y - cage.b - 5), a: 19, b: 6, roundness: 1)
        for side in [-1.0, 1] {
            canvas.fill(
                Capsule(
                    from: breast.center + Point(side * 21, 1), to: breast.center + Point(side * 44, 9),
                    startRadius: 6, endRadius: 5.5), hu: { x, y in 105 + 30 * fine(x, y) })
        }
        canvas.fill(breast, hu: tissue.shell)
        canvas.fill(breast.grown(by: -1.7), hu: { x, y in sponge(x, y) - 60 })
    }

    /// Paints the ribs of one side.
    private mutating func paintRibs(side: Double, _ tissue: BoneTissue) {
        let sponge = tissue.sponge
        // Ribs cross the slice obliquely, so a segment of each is visible. Directions from the centre make angles
        // unnecessary.
        let ribs: [(direction: Point, length: Double)] = [
            (Point(0.62, -0.78), 13), (Point(0.93, -0.38), 17), (Point(1, 0.1), 15), (Point(0.86, 0.52), 19),
            (Point(0.62, 0.79), 20),
        ]
        for rib in ribs {
            let jitter = uniform(-0.09, 0.09)
            let direction = Point(
                side * (rib.direction.x - jitter * rib.direction.y), rib.direction.y + jitter * rib.direction.x)
            let (place, normal) = onCage(direction, margin: 6.2)
            let plate = Plate(
                center: place, axis: Point(-normal.y, normal.x), halfLength: rib.length * uniform(0.8, 1.15),
                halfThickness: uniform(4.4, 5.2), bend: 0.0085)
            paint(plate, shell: tissue.shell, sponge: { sponge($0, $1) - 20 }, wall: 1.6)
        }
    }

    /// Paints the shoulder blade of one side: a thin, oblique plate in the muscles of the back.
    private mutating func paintShoulderBlade(side: Double, _ tissue: BoneTissue) {
        let (place, normal) = onCage(Point(side * 0.8, 0.63), margin: 21)
        let blade = Plate(
            center: place, axis: Point(-normal.y, normal.x), halfLength: 27, halfThickness: 3.1, bend: 0.005)
        paint(blade, shell: tissue.shell, sponge: tissue.sponge, wall: 1.4)
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

    /// Returns the position `margin` mm outside the cage in a direction from its centre, and the outward normal there.
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
}
