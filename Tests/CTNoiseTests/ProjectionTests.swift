import CTImages
import CTPhantoms
import CTNoise
import Foundation
import Testing

@Suite struct ProjectionTests {
    /// A disc of attenuation 1/mm, its edge blended as areas are.
    private func disc(side: Int, radius: Double, x: Double = 0, y: Double = 0) -> [Float] {
        let middle = Double(side - 1) / 2
        let parts = 8
        return (0..<side * side).map { index in
            var inside = 0
            for part in 0..<parts * parts {
                let dx = Double(index % side) - middle - x + (Double(part % parts) + 0.5) / Double(parts) - 0.5
                let dy = Double(index / side) - middle - y + (Double(part / parts) + 0.5) / Double(parts) - 0.5
                if dx * dx + dy * dy < radius * radius { inside += 1 }
            }
            return Float(inside) / Float(parts * parts)
        }
    }

    @Test func `views of a disc are its chords`() {
        let beam = ParallelBeam(width: 128, height: 128, pixel: 0.5, views: 24)
        let (x, y, radius) = (13.0, -8.0, 40.0)
        let views = beam.project(disc(side: 128, radius: radius, x: x, y: y))
        for view in 0..<beam.views {
            let angle = Double(view) * .pi / 24
            var area = 0.0
            for j in 0..<beam.cells {
                let value = Double(views[view * beam.cells + j])
                area += value * beam.cell
                let t = beam.distance(of: j) - 0.5 * (x * cos(angle) + y * sin(angle))
                // A third of a pixel; near its end a chord changes by more from ray to ray.
                if abs(t) < 17 { #expect(abs(value - 2 * (400 - t * t).squareRoot()) < 0.17, "\(view) \(j)") }
                if abs(t) > 21 { #expect(value == 0) }
            }
            #expect(abs(area / (400 * .pi) - 1) < 0.002)
        }
    }

    @Test func `a reconstruction has the attenuation of what was projected`() {
        let image = disc(side: 128, radius: 45)
        let beam = ParallelBeam(width: 128, height: 128, pixel: 0.5, views: 256)
        let result = FilteredBackProjection(beam, kernel: .ramLak).image(of: beam.project(image))
        let (inner, outer) = (disc(side: 128, radius: 42), disc(side: 128, radius: 48))
        let inside = image.indices.filter { inner[$0] == 1 }
        let outside = image.indices.filter { outer[$0] == 0 }
        let mean = inside.reduce(0) { $0 + Double(result[$1]) } / Double(inside.count)
        #expect(abs(mean - 1) < 0.002)
        #expect(inside.allSatisfy { abs(result[$0] - 1) < 0.03 })
        #expect(outside.allSatisfy { abs(result[$0]) < 0.03 })
    }

    @Test func `images need not be square, and threads change nothing`() {
        let (width, height) = (60, 44)
        let image = (0..<width * height).map { index -> Float in
            (15..<45).contains(index % width) && (12..<30).contains(index / width) ? 1 : 0
        }
        let beam = ParallelBeam(width: width, height: height, pixel: 1, views: 128)
        let reconstruction = FilteredBackProjection(beam, kernel: .hann(cutoff: 1))
        let views = beam.project(image, threads: 1)
        let result = reconstruction.image(of: views, threads: 1)
        #expect(abs(result[20 * width + 30] - 1) < 0.05 && abs(result[5 * width + 5]) < 0.05)
        #expect(beam.project(image, threads: 3) == views)
        #expect(reconstruction.image(of: views, threads: 3) == result)
        for count in [1, 37, 200] {
            let some = reconstruction.image(viewsAtATime: count, threads: 2) {
                beam.project(image, views: $0, threads: 2)
            }
            #expect(some == result, "\(count) views at a time")
        }
    }

    @Test func `a phantom comes back within 5 HU inside the body`() {
        let phantom = ChestPhantom(width: 512, height: 512, seed: 1).slice(
            format: SampleFormat(kind: .floatingPoint, bits: 32), scale: IntensityScale(slope: 1, intercept: 0))
        // Detail beyond what cells and views resolve is lost, or comes back as streaks.
        let beam = ParallelBeam(width: 512, height: 512, pixel: 0.7, views: 1440, cellsPerPixel: 4)
        let water = 0.0192
        let image = phantom.samples.map { Float(($0 / 1000 + 1) * water) }
        let result = FilteredBackProjection(beam, kernel: .ramLak).image(
            of: beam.project(image, threads: 2), threads: 2)
        let hu = result.map { (Double($0) / water - 1) * 1000 }
        let body = phantom.samples.indices.filter { phantom.samples[$0] > -1000 }
        let sum = body.reduce(0) { $0 + (hu[$1] - phantom.samples[$1]) * (hu[$1] - phantom.samples[$1]) }
        // 4.1 HU, nearly all of it at edges.
        #expect((sum / Double(body.count)).squareRoot() < 5)
    }
}
