// Signed distances in mm: negative inside, zero on the outline, positive outside. Some are exact only near the outline,
// where it matters. All use only operations that IEEE 754 rounds correctly (no sine, no power), so that phantoms are
// bit-identical on every platform.

/// A position or direction in mm: x to the patient's left (the viewer's right), y to the back, z to the head.
struct Point {
    var x, y, z: Double

    init(_ x: Double, _ y: Double, _ z: Double = 0) {
        self.x = x
        self.y = y
        self.z = z
    }

    var length: Double { (x * x + y * y + z * z).squareRoot() }

    /// The same direction with length 1.
    var unit: Point {
        let length = length
        return length > 0 ? self * (1 / length) : Point(1, 0)
    }

    static func + (a: Point, b: Point) -> Point { Point(a.x + b.x, a.y + b.y, a.z + b.z) }
    static func - (a: Point, b: Point) -> Point { Point(a.x - b.x, a.y - b.y, a.z - b.z) }
    static func * (a: Point, factor: Double) -> Point { Point(a.x * factor, a.y * factor, a.z * factor) }
}

/// An ellipse with semi-axes along x and y, or along a rotated pair of axes.
struct Ellipse {
    var center: Point
    var a, b: Double
    /// The direction of the semi-axis `a`.
    var axis = Point(1, 0)
    /// The shape: 2 for an ellipse; less for fuller corners, towards a rectangle.
    var roundness = 2.0

    func distance(_ x: Double, _ y: Double) -> Double {
        let dx = x - center.x
        let dy = y - center.y
        let u = dx * axis.x + dy * axis.y
        let v = dy * axis.x - dx * axis.y
        let q = u * u / (a * a)
        let r = v * v / (b * b)
        // ρ⁴ = q² + r² + roundness · q · r is 1 on the outline; the distance is (ρ − 1) / |∇ρ| to first order.
        let fourth = q * q + r * r + roundness * q * r
        if fourth < 1e-6 { return -min(a, b) }
        let square = fourth.squareRoot()
        let rho = square.squareRoot()
        let gx = (2 * q + roundness * r) * u / (a * a)
        let gy = (2 * r + roundness * q) * v / (b * b)
        return (rho - 1) * 2 * square * rho / (gx * gx + gy * gy).squareRoot()
    }

    /// Returns the ellipse with both semi-axes longer by `margin`.
    func grown(by margin: Double) -> Ellipse {
        var result = self
        result.a += margin
        result.b += margin
        return result
    }
}

/// The region swept by a ball of changing radius along a line segment.
struct Capsule {
    var from, to: Point
    var startRadius, endRadius: Double

    /// Returns the distance to the segment, and the radius at the nearest point.
    @inline(__always)
    func axisDistance(_ x: Double, _ y: Double, _ z: Double = 0) -> (distance: Double, radius: Double) {
        let dx = to.x - from.x
        let dy = to.y - from.y
        let dz = to.z - from.z
        let px = x - from.x
        let py = y - from.y
        let pz = z - from.z
        let square = dx * dx + dy * dy + dz * dz
        let t = square > 0 ? min(max((px * dx + py * dy + pz * dz) / square, 0), 1) : 0
        let ex = px - t * dx
        let ey = py - t * dy
        let ez = pz - t * dz
        return ((ex * ex + ey * ey + ez * ez).squareRoot(), startRadius + t * (endRadius - startRadius))
    }

    func distance(_ x: Double, _ y: Double) -> Double {
        let (distance, radius) = axisDistance(x, y)
        return distance - radius
    }
}

/// A piece of a rib or a similar plate: an ellipse bent along a circle.
struct Plate {
    var center: Point
    /// The direction of its length, a unit vector.
    var axis: Point
    var halfLength, halfThickness: Double
    /// The curvature of the bend in 1/mm.
    var bend: Double

    func distance(_ x: Double, _ y: Double, inset: Double = 0) -> Double {
        let dx = x - center.x
        let dy = y - center.y
        let u = dx * axis.x + dy * axis.y
        let v = dy * axis.x - dx * axis.y + bend * u * u / 2
        return Ellipse(center: Point(0, 0), a: halfLength - inset, b: halfThickness - inset, roundness: 1)
            .distance(u, v)
    }
}

/// Returns the distance to the union of two shapes, with the inward corner rounded over `blend` mm.
func union(_ a: Double, _ b: Double, blend: Double) -> Double {
    let h = max(blend - abs(a - b), 0)
    return min(a, b) - h * h / (4 * blend)
}

/// Returns the distance to the intersection of two shapes, with the outward corner rounded over `blend` mm.
func intersection(_ a: Double, _ b: Double, blend: Double) -> Double {
    -union(-a, -b, blend: blend)
}

/// Returns a smooth step from 0 at `low` to 1 at `high`.
@inline(__always)
func step(_ low: Double, _ high: Double, _ value: Double) -> Double {
    let t = min(max((value - low) / (high - low), 0), 1)
    return t * t * (3 - 2 * t)
}
