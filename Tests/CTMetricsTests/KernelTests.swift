import Foundation
import TestSupport
import Testing

/// Kernels against loops that follow the formulas word by word.
@Suite struct `Metric kernels` {
    @Test(arguments: [1, 3, 5, 8], [17, 18, 23, 24, 25, 31, 40])
    func `equal plain loops, with a mask, for every width and window`(half: Int, width: Int) {
        var generator = TestGenerator(seed: UInt64(half * 100 + width))
        let height = 2 * half + 4
        func image(_ range: ClosedRange<Double>) -> [Double] {
            (0..<width * height).map { _ in Double.random(in: range, using: &generator) }
        }
        let reference = image(0...255)
        let test = zip(reference, image(-40...40)).map { $0 + $1 }
        let mask = image(0...1).map { $0 < 0.6 ? 1.0 : 0 }
        let raw = (0...half).map { exp(-Double($0 * $0) / Double(half * half + 1)) }
        let total = raw[0] + 2 * raw.dropFirst().reduce(0, +)
        let weights = raw.map { $0 / total }

        var expected = [Double](repeating: 0, count: 6)
        for y in half..<height - half {
            for x in half..<width - half where mask[y * width + x] != 0 {
                var (a, b, aa, bb, ab) = (0.0, 0.0, 0.0, 0.0, 0.0)
                for dy in -half...half {
                    for dx in -half...half {
                        let weight = weights[abs(dy)] * weights[abs(dx)]
                        let (p, q) = (reference[(y + dy) * width + x + dx], test[(y + dy) * width + x + dx])
                        a += weight * p
                        b += weight * q
                        aa += weight * p * p
                        bb += weight * q * q
                        ab += weight * p * q
                    }
                }
                let (va, vb, vab) = (aa - a * a, bb - b * b, ab - a * b)
                let contrast = (2 * vab + 900) / (va + vb + 900)
                expected[0] += (2 * a * b + 100) / (a * a + b * b + 100) * contrast
                expected[1] += contrast
                expected[2] += 1
                // Noise of ±40 on a range of 255 never turns the sign of a covariance so far that a signal has no gain.
                var gain = vab / (va + 1e-8)
                var distortion = vb - gain * vab
                if gain < 0 { (gain, distortion) = (0, vb) }
                expected[3] += log(1 + gain * gain * va / (max(distortion, 1e-8) + 2))
                expected[4] += log(1 + va / 2)
                expected[5] += 1
            }
        }
        for kernels in Kernels.available {
            let (values, isWithin) = kernels.sums(reference, test, mask: mask, width: width, weights: weights)
            for (value, expected) in zip(values, expected) {
                #expect(abs(value - expected) <= 1e-9 * max(abs(expected), 1))
            }
            #expect(isWithin)
        }
    }
}
