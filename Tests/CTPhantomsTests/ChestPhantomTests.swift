import CTImages
import CTPhantoms
import Testing

@Suite struct `A chest phantom` {
    static let phantom = ChestPhantom(width: 256, height: 256, seed: 1)

    /// The HU that a share of the samples within `reach` mm of a place, in mm from the middle, are below.
    private func quantile(
        _ share: Double, of phantom: ChestPhantom, x: Double, y: Double, reach: Double
    ) -> Double {
        var values = [Double]()
        for row in 0..<phantom.height {
            for column in 0..<phantom.width {
                let dx = (Double(column) - Double(phantom.width - 1) / 2) * phantom.spacing - x
                let dy = (Double(row) - Double(phantom.height - 1) / 2) * phantom.spacing - y
                if dx * dx + dy * dy <= reach * reach { values.append(phantom.hu[row * phantom.width + column]) }
            }
        }
        return values.sorted()[Int(share * Double(values.count))]
    }

    @Test(arguments: [
        ("air", -165, -165, -1000.0 ... -1000), ("heart", 20, -34, 35...65), ("vertebra", 0, 49, 100...260),
        ("spinal cord", 0, 70, 0...60),
    ])
    func `has the HU of its tissues in their places`(tissue: String, x: Double, y: Double, hu: ClosedRange<Double>) {
        let median = quantile(0.5, of: Self.phantom, x: x, y: y, reach: 5)
        #expect(hu.contains(median), "\(tissue): \(median) HU")
    }

    @Test(arguments: [-85.0, 85])
    func `has lungs that are denser behind than in front`(x: Double) {
        // A quarter of the samples are free of vessels nearly everywhere.
        let front = quantile(0.25, of: Self.phantom, x: x, y: -40, reach: 15)
        let back = quantile(0.25, of: Self.phantom, x: x, y: 40, reach: 15)
        #expect((-900 ... -850).contains(front))
        #expect((-870 ... -820).contains(back))
        #expect(back > front + 10)
    }

    @Test func `has as much lung, fat, muscle and bone as a chest`() {
        let area = Self.phantom.spacing * Self.phantom.spacing / 100  // cm² a sample
        func square(_ range: ClosedRange<Double>) -> Double {
            Double(Self.phantom.hu.count(where: range.contains)) * area
        }
        #expect((200...450).contains(square(-930 ... -500)))
        #expect((60...250).contains(square(-130 ... -60)))
        #expect((120...350).contains(square(20...80)))
        #expect((20...90).contains(square(150...1000)))
        #expect(Self.phantom.hu.min()! >= -1000 && Self.phantom.hu.max()! < 1023)
    }

    @Test func `has nodules where it says, of the size and contrast that were asked for`() throws {
        let requests = [
            ChestPhantom.NoduleRequest(diameter: 16, contrast: 900), .init(diameter: 12, contrast: 300),
            .init(diameter: 9, contrast: 1200),
        ]
        let with = ChestPhantom(width: 256, height: 256, seed: 2, nodules: requests)
        let without = ChestPhantom(width: 256, height: 256, seed: 2, nodules: [])
        #expect(without.nodules.isEmpty)
        #expect(with.nodules.map(\.diameter) == [16, 12, 9])
        #expect(with.nodules.map(\.contrast) == [900, 300, 1200])
        for nodule in with.nodules {
            let (column, row) = (Int(nodule.x.rounded()), Int(nodule.y.rounded()))
            #expect(abs(with.hu[row * 256 + column] - nodule.hu) < 1e-9)
            // Lung is −862 HU and denser towards the back by 0.28 HU/mm.
            let lung = -862 + 0.28 * (nodule.y - 127.5) * with.spacing
            #expect(abs(nodule.hu - nodule.contrast - lung) < 1e-9)
            // What share of each sample the nodule took, summed up, is the disc's area.
            var area = 0.0
            for y in (row - 10)...(row + 10) {
                for x in (column - 10)...(column + 10) {
                    let (new, old) = (with.hu[y * 256 + x], without.hu[y * 256 + x])
                    area += (new - old) / (nodule.hu - old) * with.spacing * with.spacing
                }
            }
            let diameter = (area * 4 / .pi).squareRoot()
            #expect(abs(diameter / nodule.diameter - 1) < 0.03)
        }
        // Nothing else changed.
        let changed = zip(with.hu, without.hu).count { $0 != $1 }
        let discs = requests.map { ($0.diameter / 2 + 2) * ($0.diameter / 2 + 2) * .pi }.reduce(0, +)
        #expect(Double(changed) * with.spacing * with.spacing < discs)
    }

    @Test func `is the same bits on every platform`() {
        // Made by this program on x86-64 Linux, by FNV-1a of the bits, word by word.
        let fingerprint = ChestPhantom(width: 48, height: 32, seed: 5).hu.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
            ($0 ^ $1.bitPattern) &* 0x100_0000_01B3
        }
        #expect(fingerprint == 6_161_111_767_603_937_526)
    }

    @Test func `differs from seed to seed, and only then`() {
        let one = ChestPhantom(width: 32, height: 32, seed: 1)
        #expect(ChestPhantom(width: 32, height: 32, seed: 1) == one)
        #expect(ChestPhantom(width: 32, height: 32, seed: 2).hu != one.hu)
    }

    @Test(arguments: [(16, 16), (17, 31), (64, 16), (16, 64)])
    func `comes in small and odd sizes`(width: Int, height: Int) {
        let phantom = ChestPhantom(width: width, height: height, seed: 3)
        #expect(phantom.hu.count == width * height)
        #expect(phantom.hu.allSatisfy { (-1000...1023).contains($0) })
        #expect(phantom.hu.contains { $0 > -200 })
        #expect(phantom.nodules.allSatisfy { (0...Double(width - 1)).contains($0.x) })
        #expect(phantom.nodules.allSatisfy { (0...Double(height - 1)).contains($0.y) })
    }

    @Test func `becomes a slice that its format can store`() {
        let phantom = ChestPhantom(width: 32, height: 24, seed: 3)
        let scale = IntensityScale(slope: 1, intercept: -1024)
        let slice = phantom.slice(format: .uint16, scale: scale)
        #expect(slice.quantized().slice == slice)
        #expect(slice.samples == phantom.hu.map { ($0 + 1024).rounded() })
        #expect(phantom.slice(format: .float32).scale == .assumedHU)
        #expect(phantom.slice(format: .uint8).samples.allSatisfy { (0...255).contains($0) && $0 == $0.rounded() })
    }

    @Test func `smaller than 16×16 traps`() async {
        await #expect(processExitsWith: .failure) { _ = ChestPhantom(width: 15, height: 16, seed: 1) }
    }
}
