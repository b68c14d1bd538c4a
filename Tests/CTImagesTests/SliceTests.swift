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
}
