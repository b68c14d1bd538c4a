import CTImages
import CTMetrics
import CTNoise
import CTPhantoms
import Testing

@Suite struct ImpulsesTests {
    private static let hu = SampleFormat(kind: .floatingPoint, bits: 32)

    /// A phantom with noise, in HU, as a file of integers holds it in `window` and `levels` if these are given.
    private func image(_ noise: NoiseModel?, window: ClosedRange<Double>? = nil, levels: Double? = nil) -> [Float] {
        var slice = ChestPhantom(width: 128, height: 128, seed: 5).slice(
            format: Self.hu, scale: IntensityScale(slope: 1, intercept: 0))
        let range = IntensityScale.huRange
        let width = range.upperBound - range.lowerBound
        if let window {
            // What a viewer exports, taken for the whole range.
            slice.samples = slice.samples.map { hu in
                let part = (hu - window.lowerBound) / (window.upperBound - window.lowerBound)
                return range.lowerBound + width * min(max(part, 0), 1)
            }
        }
        if let noise { slice = noise.apply(to: slice, seed: 1) }
        if let levels {
            slice.samples = slice.samples.map { hu in
                let part = min(max((hu - range.lowerBound) / width, 0), 1)
                return range.lowerBound + width * (part * levels).rounded() / levels
            }
        }
        return slice.samples.map { Float($0) }
    }

    /// The values of salt and pepper that are found.
    private func found(_ image: [Float]) -> [Float?]? {
        Impulses(in: image, width: 128).map { [$0.salt, $0.pepper] }
    }

    @Test(arguments: [0.002, 0.05, 0.3, 0.6])
    func `finds impulses, few and many, alone and in white noise`(density: Double) throws {
        let values: [Float?] = [1023, -1024]
        #expect(found(image(try NoiseModel([.impulses(density: density)]))) == values)
        let both = try NoiseModel([.white(.part(25, of: 255)), .impulses(density: density)])
        if density > 0.01 {
            #expect(found(image(both)) == values)
            #expect(found(image(both, levels: 2047)) == values)
        }
    }

    @Test(arguments: [0.0, 1])
    func `finds salt alone and pepper alone`(saltShare: Double) throws {
        let model = try NoiseModel([.impulses(density: 0.05, salt: saltShare)])
        #expect(found(image(model)) == (saltShare == 1 ? [1023, nil] : [nil, -1024]))
    }

    @Test func `impulses of any value are shown as those of the training`() throws {
        let spotted = image(try NoiseModel([.impulses(density: 0.1)])).map { $0 == 1023 ? 3071 : $0 }
        let impulses = try #require(Impulses(in: spotted, width: 128))
        #expect(impulses.salt == 3071)
        let shown = impulses.shown(spotted)
        #expect(spotted.indices.allSatisfy { shown[$0] == (spotted[$0] == 3071 ? 1023 : spotted[$0]) })
        #expect(spotted.indices.allSatisfy { impulses.mayBe(spotted[$0]) == [3071, -1024].contains(spotted[$0]) })
    }

    @Test(arguments: [0.0, 10, 25, 50])
    func `finds none in white noise, clamped or not, in windows or not, in 8 bits or more`(level: Double) throws {
        let noise = level == 0 ? nil : try NoiseModel([.white(.part(level, of: 255))])
        for levels in [nil, 255, 2047] as [Double?] {
            for window in [nil, -1350...150, -160...240] as [ClosedRange<Double>?] {
                let found = found(image(noise, window: window, levels: levels))
                #expect(found == nil, "\(String(describing: window)), \(String(describing: levels))")
            }
        }
    }

    @Test(arguments: [-950, -850, -700, 40], [10, 25, 35, 50])
    func `finds none in a flat piece of lung or tissue, clamped`(hu: Double, level: Double) throws {
        let flat = CTSlice(
            width: 128, height: 128, samples: [Double](repeating: hu, count: 128 * 128), format: Self.hu,
            scale: IntensityScale(slope: 1, intercept: 0))
        let noisy = try NoiseModel([.white(.part(level, of: 255))]).apply(to: flat, seed: 1)
        let clamped = noisy.samples.map { Float(min(max($0.rounded(), -1024), 1023)) }
        #expect(found(clamped) == nil)
    }

    @Test(arguments: [0, 1, 2])
    func `what is too small for neighbours holds none`(width: Int) {
        #expect(Impulses(in: [Float](repeating: 1, count: 2 * width), width: width) == nil)
    }
}
