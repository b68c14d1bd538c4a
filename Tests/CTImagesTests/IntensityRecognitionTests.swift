import CTImages
import CTPhantoms
import TestSupport
import Testing

@Suite struct `The recognition of intensities` {
    typealias Storage = IntensityStorage

    private static func part(_ hu: Double, of range: ClosedRange<Double>) -> Double { Storage.part(hu, of: range) }

    static let storages: [Storage] = [
        Storage(convention: .offset(0), format: .int16) { $0 },
        Storage(convention: .offset(0), format: .float32) { $0 },
        Storage(convention: .offset(1000), format: .uint16) { max($0 + 1000, 0) },
        Storage(convention: .offset(1024), format: .uint16) { max($0 + 1024, 0) },
        Storage(convention: .offset(1024), format: .int16) { $0 + 1024 },
        Storage(convention: .offset(8192), format: .uint16) { $0 + 8192 },
        Storage(convention: .offset(32768), format: .uint16) { $0 + 32768 },
        Storage(convention: .wrapped, format: .uint16) { $0 < 0 ? $0 + 65536 : $0 },
        Storage(convention: .unit(-1024...3071), format: .float32) { Double(Float(part($0, of: -1024...3071))) },
        Storage(convention: .unit(-1000...1000), format: .float32) { Double(Float(part($0, of: -1000...1000))) },
        Storage(convention: .symmetric(-1000...400), format: .float32) {
            Double(Float(2 * part($0, of: -1000...400) - 1))
        },
        Storage(convention: .attenuation(water: 0.0192), format: .float32) { Double(Float(0.0192 * (1 + $0 / 1000))) },
        Storage(convention: .attenuation(water: 0.2), format: .float32) { Double(Float(0.2 * (1 + $0 / 1000))) },
        Storage(convention: .window(-1350...150), format: .uint16) { (65535 * part($0, of: -1350...150)).rounded() },
        Storage(convention: .window(-160...240), format: .uint8) { (255 * part($0, of: -160...240)).rounded() },
        Storage(convention: .window(-1000...400), format: .uint8) { (255 * part($0, of: -1000...400)).rounded() },
        Storage(convention: .fullRange, format: .uint16) { (65535 * part($0, of: -1024...1023)).rounded() },
        Storage(convention: .fullRange, format: .uint8) { (255 * part($0, of: -1024...1023)).rounded() },
    ]

    /// HU of a phantom with the noise of a scan.
    private static func hu(seed: UInt64, noise: Double = 12) -> [Double] {
        let phantom = ChestPhantom(width: 256, height: 256, seed: seed)
        var random = TestGenerator(seed: seed)
        return phantom.hu.map { ($0 + noise * random.normal()).rounded() }
    }

    private static let some = [hu(seed: 1), hu(seed: 2)]

    private static func slice(_ hu: [Double], _ storage: Storage) -> CTSlice {
        CTSlice(width: 256, height: hu.count / 256, samples: hu.map(storage.stored), format: storage.format)
    }

    @Test(arguments: storages)
    func `finds the convention, and its scale gives HU`(storage: Storage) {
        for hu in Self.some {
            var slice = Self.slice(hu, storage)
            let recognition = IntensityRecognition(of: [slice])
            #expect(recognition.convention == storage.convention, "\(recognition)")
            guard let convention = recognition.convention else { continue }
            let isAdopted = slice.adopt(convention)
            #expect(isAdopted)
            // Except for what the storage clips.
            let step = storage.format == .uint8 ? 8.03 : 0.51
            let inside = zip(slice.hu, hu).filter { (-150...150).contains($0.1) }
            #expect(inside.allSatisfy { abs($0 - $1) <= step / 2 + 0.01 })
        }
    }

    @Test func `of several slices uses all of them`() {
        let storage = Self.storages[3]
        let slices = (1...2).map { Self.slice(Self.hu(seed: $0, noise: 60), storage) }
        #expect(IntensityRecognition(of: slices).convention == .offset(1024))
    }

    @Test(arguments: storages)
    func `is not disturbed by impulses`(storage: Storage) {
        var random = TestGenerator(seed: 5)
        let hu = Self.some[0].map { hu -> Double in
            let draw = random.uniform()
            return draw < 0.1 ? -1024 : draw > 0.9 ? 1023 : hu
        }
        #expect(IntensityRecognition(of: [Self.slice(hu, storage)]).convention == storage.convention)
    }

    @Test func `is not disturbed by padding`() {
        var hu = Self.some[0]
        for index in hu.indices where index % 256 < 60 { hu[index] = index < 30_000 ? -3024 : -2000 }
        let slice = CTSlice(width: 256, height: 256, samples: hu, format: .int16)
        #expect(IntensityRecognition(of: [slice]).convention == .offset(0))
    }

    @Test func `sees no CT in a constant, a gradient, noise and a few pixels`() {
        var random = TestGenerator(seed: 7)
        let pictures: [[Double]] = [
            [Double](repeating: 1024, count: 65536), (0..<65536).map { Double($0) },
            (0..<65536).map { _ in (65535 * random.uniform()).rounded() }, Self.some[0][..<512].map { $0 + 1024 },
        ]
        for samples in pictures {
            let slice = CTSlice(width: 256, height: samples.count / 256, samples: samples, format: .uint16)
            let recognition = IntensityRecognition(of: [slice])
            #expect(recognition.convention == nil || recognition.convention == .fullRange, "\(recognition)")
            #expect(recognition.certainty != .ambiguous)
        }
        #expect(IntensityRecognition(of: []).certainty == .none)
    }

    @Test func `does not take small numbers for air`() {
        let hu = Self.some[0]
        let mean = hu.reduce(0, +) / Double(hu.count)
        let deviation = (hu.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(hu.count)).squareRoot()
        for (slope, shift) in [(1 / deviation, mean), (0.01, 0), (0.001, -1000)] {
            let samples = hu.map { Double(Float(($0 - shift) * slope)) }
            let recognition = IntensityRecognition(
                of: [CTSlice(width: 256, height: 256, samples: samples, format: .float32)])
            #expect(recognition.convention == nil, "\(recognition)")
            guard case .linear(let found, _)? = recognition.conventions.first else { continue }
            #expect(abs(found * slope - 1) < 0.01, "\(recognition)")
        }
        // This is one of the usual ways.
        let thousandths = CTSlice(
            width: 256, height: 256, samples: hu.map { Double(Float($0 / 1000)) }, format: .float32)
        #expect(IntensityRecognition(of: [thousandths]).convention == .symmetric(-1000...1000))
    }

    @Test(arguments: [4095.0, 65535])
    func `of slices in which low is white knows what is subtracted`(top: Double) {
        let samples = Self.some[0].map { top - min(max($0 + 1024, 0), 4095) }
        let slice = CTSlice(
            width: 256, height: 256, samples: samples, format: .uint16,
            scale: IntensityScale(assuming: 0...65535, inverted: true))
        #expect(IntensityRecognition(of: [slice]).convention == .linear(slope: -1, intercept: top - 1024))
    }

    @Test func `says HU where a declared range says the same`() {
        let range = -1024.0...3071
        let samples = Self.some[0].map { min(max($0, -1024), 3071) }
        let slice = CTSlice(
            width: 256, height: 256, samples: samples, format: .int16, scale: IntensityScale(assuming: range))
        #expect(IntensityRecognition(of: [slice]).convention == .offset(0))
    }

    @Test func `is not disturbed by much metal`() {
        var hu = Self.some[1]
        for row in 100..<150 { for column in 100..<150 { hu[256 * row + column] = Double(6000 + 97 * (row + column)) } }
        let slice = CTSlice(width: 256, height: 256, samples: hu, format: .int16)
        #expect(IntensityRecognition(of: [slice]).convention == .offset(0))
    }

    @Test func `does not decide between windows that explain a slice alike`() {
        // Soft tissue only, blurred by noise: nothing tells where a window begins and ends.
        var random = TestGenerator(seed: 8)
        let stored = Self.some[0].map { hu in
            let noisy = hu + 250 * random.normal()
            return (255 * Self.part(noisy, of: -1200...300)).rounded()
        }
        let recognition = IntensityRecognition(
            of: [CTSlice(width: 256, height: 256, samples: stored, format: .uint8)])
        #expect(recognition.certainty != .certain, "\(recognition)")
        #expect(recognition.conventions.count != 1)
    }
}

@Suite struct `A convention of intensities` {
    @Test(arguments: [
        "hu", "hu+1024", "hu-5", "hu+8192", "wrapped", "window:-600,1500", "unit:-1000,400", "symmetric:-1024,3071",
        "1/mm:0.0192", "1/cm:0.2", "full-range", "rescale:1,-1024",
    ])
    func `has a name that means it`(name: String) throws {
        #expect("\(try #require(IntensityConvention(name)))" == name)
    }

    @Test func `has short names for what is usual`() {
        #expect(IntensityConvention("unit") == .unit(-1024...3071))
        #expect(IntensityConvention("symmetric") == .symmetric(-1024...3071))
        #expect(IntensityConvention("1/mm") == .attenuation(water: 0.02))
        #expect(IntensityConvention("HU+1000") == .offset(1000))
    }

    @Test(arguments: [
        "", "hi", "hu+", "hu1024", "hu+nan", "hu+inf", "window", "window:40", "window:40,0", "window:40,-5", "unit:1",
        "unit:5,5", "1/mm:0", "1/mm:-0.02", "1/cm:9", "rescale:0,1", "rescale:1", "wrapped:1", "full-range:2",
    ])
    func `does not exist under a wrong name`(name: String) {
        #expect(IntensityConvention(name) == nil)
    }

    @Test func `gives the HU that it says`() throws {
        let (whole, float) = (IntensityScale(assuming: 0...65535), IntensityScale.assumedHU)
        func hu(_ name: String, _ stored: Double, _ assumed: IntensityScale) throws -> Double {
            try #require(IntensityConvention(name)?.scale(assumed: assumed)).hu(stored: stored)
        }
        #expect(try hu("hu", -1000, float) == -1000)
        #expect(try hu("hu+1024", 1074, whole) == 50)
        #expect(try hu("window:-600,1500", 0, whole) == -1350)
        #expect(try hu("window:-600,1500", 65535, whole) == 150)
        #expect(
            try abs(hu("window:-600,1500", 65535, IntensityScale(assuming: 0...65535, inverted: true)) + 1350) < 1e-9)
        #expect(try hu("unit:-1000,400", 0.5, float) == -300)
        #expect(try hu("symmetric:-1000,400", -1, float) == -1000)
        #expect(try abs(hu("1/mm:0.02", 0.02, float)) < 1e-9)
        #expect(try hu("1/cm:0.2", 0, float) == -1000)
        #expect(try hu("rescale:2,-1024", 512, whole) == 0)
        #expect(IntensityConvention.window(-160...240).scale(assumed: float) == nil)
        #expect(IntensityConvention.fullRange.scale(assumed: whole) == whole)
    }

    @Test func `of wrapped values gives signed samples, which are stored as before`() {
        let stored: [Double] = [64536, 0, 40, 65535, 1000, 64512]
        var slice = CTSlice(width: 3, height: 2, samples: stored, format: .uint16)
        let isFirst = slice.adopt(.wrapped)
        #expect(isFirst)
        #expect(slice.hu == [-1000, 0, 40, -1, 1000, -1024])
        #expect(slice.fileSamples == stored)
        // A second time changes nothing.
        let isAdopted = slice.adopt(.wrapped)
        #expect(isAdopted && slice.hu[0] == -1000)
        let (rounded, clamped) = slice.with(hu: [-1000.4, 1e6, 0, -1e6, 0.6, 0]).quantized()
        #expect(rounded.samples == [-1000, 32767, 0, -32768, 1, 0] && clamped == 2)
        #expect(rounded.fileSamples == [64536, 32767, 0, 32768, 1, 0])
        var signed = CTSlice(width: 1, height: 1, samples: [-3], format: .int16)
        let isSigned = signed.adopt(.wrapped)
        #expect(!isSigned && signed.samples == [-3])
    }
}
