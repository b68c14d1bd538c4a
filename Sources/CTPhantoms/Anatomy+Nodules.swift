extension Anatomy {
    /// Paints a nodule where the lung has most room for it: away from the pleura, vessels and other nodules.
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
            // Nodules are centred on samples, so that small ones keep their contrast.
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
