import CTImages
import Testing

@Suite struct `A slice` {
    @Test func `goes to HU and back`() {
        let slice = CTSlice(
            width: 2, height: 1, samples: [0, 1024], format: .uint16, scale: .init(slope: 1, intercept: -1024))
        #expect(slice.hu == [-1024, 0])
        #expect(slice.with(hu: slice.hu) == slice)
    }

    @Test func `rounds halves away from zero and counts what it clamps`() {
        let slice = CTSlice(width: 5, height: 1, samples: [-0.6, -0.4, 2.5, 255.4, 255.5], format: .uint8)
        let (stored, clamped) = slice.quantized()
        #expect(stored.samples == [0, 0, 3, 255, 255])
        #expect(clamped == 2)
        #expect(stored.quantized() == (stored, 0))
    }

    @Test(arguments: [
        (SampleFormat.uint8, 0.0, 255.0, 0.0), (.int16, -32768, 32767, 0),
        (.init(kind: .unsignedInteger, bits: 32), 0, 4_294_967_295, 0),
        (.init(kind: .floatingPoint, bits: 16), -65504, 65504, .nan),
        (.float32, -0x1.fffffep127, 0x1.fffffep127, .nan),
        (.init(kind: .floatingPoint, bits: 64), -1e300, 1e300, .nan),
    ])
    func `is clamped to what its format holds`(format: SampleFormat, least: Double, greatest: Double, none: Double) {
        let (stored, clamped) = CTSlice(width: 3, height: 1, samples: [-1e300, 1e300, .nan], format: format).quantized()
        #expect(stored.samples.prefix(2) == [least, greatest])
        #expect(stored.samples[2] == none || stored.samples[2].isNaN && none.isNaN)
        #expect(clamped == (format.range != nil ? 3 : format.bits < 64 ? 2 : 0))
    }

    @Test func `is clamped to the range that its file declares, if that is narrower`() {
        func stored(_ range: ClosedRange<Double>) -> [Double] {
            let scale = IntensityScale(assuming: range)
            return CTSlice(width: 3, height: 1, samples: [-5, 0, 300], format: .uint8, scale: scale).quantized().slice
                .samples
        }
        #expect(stored(10...200) == [10, 10, 200])
        #expect(stored(9.5...200.5) == [10, 10, 200])
        #expect(stored(0...4095) == [0, 0, 255])
        let declared = IntensityScale(slope: 1, intercept: 0)
        let slice = CTSlice(width: 1, height: 1, samples: [300], format: .uint8, scale: declared)
        #expect(slice.quantized().slice.samples == [255])
    }

    @Test func `of floating point is rounded to the nearest number, ties to even, and keeps what is infinite`() {
        let half = SampleFormat(kind: .floatingPoint, bits: 16)
        let samples: [Double] = [2049, 2051, 0.1, -0x1p-25, 0x1.8p-24, -.infinity, 65519, 65520]
        let (stored, clamped) = CTSlice(width: 8, height: 1, samples: samples, format: half).quantized()
        #expect(stored.samples == [2048, 2052, 0.0999755859375, 0, 0x1p-23, -.infinity, 65504, 65504])
        #expect(stored.samples[3].sign == .minus)
        #expect(clamped == 1)
        let single = CTSlice(width: 2, height: 1, samples: [0.1, .infinity], format: .float32).quantized()
        #expect(single.slice.samples == [Double(Float(0.1)), .infinity])
        #expect(single.clamped == 0)
    }

    @Test func `is air where it is no tissue, except for single samples at the ends of the type`() {
        var samples = [Double](repeating: 40, count: 100)
        for index in 0..<20 { samples[index] = -2000 }
        samples[55] = 32767
        samples[78] = 9000
        let scale = IntensityScale(slope: 1, intercept: 0)
        let hu = CTSlice(width: 10, height: 10, samples: samples, format: .int16, scale: scale).tissueHU
        #expect(hu[..<20].allSatisfy { $0 == -1024 } && hu[78] == -1024 && hu[55] == 32767 && hu[99] == 40)
        // An area, such as metal.
        for index in [44, 45, 46, 54, 55, 56, 64, 65, 66] { samples[index] = 32767 }
        let metal = CTSlice(width: 10, height: 10, samples: samples, format: .int16, scale: scale).tissueHU
        #expect(metal[55] == -1024)
    }

    @Test func `of integers stands for −1024…1023 HU unless told otherwise`() {
        let slice = CTSlice(width: 2, height: 1, samples: [0, 255], format: .uint8)
        #expect(slice.hu == [-1024, 1023])
        #expect(IntensityScale(assuming: 0...255, inverted: true).hu(stored: 0) == 1023)
        #expect(abs(IntensityScale(assuming: 0...255, inverted: true).hu(stored: 255) + 1024) < 1e-9)
    }

    @Test func `with a wrong number of samples traps`() async {
        await #expect(processExitsWith: .failure) {
            _ = CTSlice(width: 2, height: 2, samples: [1], format: .uint8)
        }
    }
}

@Suite struct `A sample format` {
    @Test(arguments: [
        (SampleFormat.uint8, 0.0, 255.0), (.int16, -32768, 32767),
        (.init(kind: .unsignedInteger, bits: 32), 0, 4_294_967_295),
        (.init(kind: .unsignedInteger, bits: 1), 0, 1),
    ])
    func `knows its range`(format: SampleFormat, least: Double, greatest: Double) {
        #expect(format.range == least...greatest)
    }

    // MARK: - From arrays

    @Test func `of HU holds them as 32-bit floating point`() {
        let slice = CTSlice(hu: [-1000, 0, 40.5, 3000, 1, 2], width: 3, height: 2)
        #expect(slice.width == 3 && slice.height == 2 && slice.format == .float32)
        #expect(slice.samples == [-1000, 0, 40.5, 3000, 1, 2] && slice.hu == slice.samples)
        #expect(slice.scale == IntensityScale(slope: 1, intercept: 0))
    }

    @Test func `of stored integers means what rescale slope and intercept say`() {
        let slice = CTSlice(stored: [UInt16(0), 1024, 2048, 65535], width: 2, height: 2, rescaleIntercept: -1024)
        #expect(slice.format == .uint16 && slice.hu == [-1024, 0, 1024, 64511])
        let signed = CTSlice(stored: [Int16(-32768), 7], width: 2, height: 1, rescaleSlope: 0.5, rescaleIntercept: 10)
        #expect(signed.format == .int16 && signed.hu == [-16374, 13.5] && signed.samples == [-32768, 7])
        #expect(CTSlice(stored: [UInt8(3)], width: 1, height: 1, rescaleIntercept: 0).format == .uint8)
    }
}

@Suite struct `Doubt of a scale` {
    private func slice(_ samples: [Double], _ format: SampleFormat, _ scale: IntensityScale? = nil) -> CTSlice {
        CTSlice(width: samples.count, height: 1, samples: samples, format: format, scale: scale)
    }

    @Test func `comes where 16-bit samples span a sixteenth of their range`() {
        #expect(slice([24, 1000, 1623], .uint16).intensityDoubt == .narrowRange(least: 24, greatest: 1623))
        #expect(slice([-1000, 40, 1200], .int16).intensityDoubt == .narrowRange(least: -1000, greatest: 1200))
        #expect(slice([0, 30000, 65535], .uint16).intensityDoubt == nil)
        #expect(slice([7, 7, 7], .uint16).intensityDoubt == nil)
        #expect(slice([24, 1000, 1623], .uint16, IntensityScale(slope: 1, intercept: -1024)).intensityDoubt == nil)
    }

    @Test func `comes where most samples would be denser than metal`() {
        let scale = IntensityScale(slope: 100, intercept: -1024)
        #expect(slice([24, 1000, 1623], .uint16, scale).intensityDoubt == .beyondMetal(scale))
        #expect(slice([1, 0, 1623], .uint16, scale).intensityDoubt == nil)
    }
}
