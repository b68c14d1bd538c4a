internal import CTSupport

extension Anatomy {
    /// Returns the approximate depth in mm inside the lungs.
    private func depth(_ place: Point) -> Double {
        let column = Int(min(max(place.x / 5 + 30, 0), 59))
        let row = Int(min(max(place.y / 5 + 20, 0), 39))
        return depths[row * 60 + column]
    }

    /// Returns the HU value of lung without vessels: denser towards the back, on which the patient lies.
    func lung(_ y: Double) -> Double { -862 + 0.28 * y }

    /// Paints lungs, fissures, vessels and airways.
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

    /// Paints the arteries, veins and airways of one lung.
    private mutating func paintTubes(side: Double, lungs: [Double]) {
        // Targets are random positions in lung, in a slab 76 mm thick.
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
            // Airways run beside arteries; the finest are too thin to be visible.
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

        // The root of the lung: vessels and soft tissue around the main airway.
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

    /// Draws a tube where it meets the slice, which is 3 mm thick. Thinner tubes count by their share of it.
    private func draw(_ tube: Capsule, into cover: inout [Double]) {
        let radius = max(tube.startRadius, tube.endRadius)
        // The plane of the slice nearest to the middle of the tube.
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
}
