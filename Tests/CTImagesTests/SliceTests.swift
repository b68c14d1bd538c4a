import CTImages
import Testing

@Suite struct `A slice` {
    @Test func `goes to HU and back`() {
        let slice = Slice(
            width: 2, height: 1, samples: [0, 1024], format: .uint16, scale: .init(slope: 1, intercept: -1024))
        #expect(slice.hu == [-1024, 0])
        #expect(slice.with(hu: slice.hu) == slice)
    }

    @Test func `rounds halves away from zero and counts what it clamps`() {
        let slice = Slice(width: 5, height: 1, samples: [-0.6, -0.4, 2.5, 255.4, 255.5], format: .uint8)
        let (stored, clamped) = slice.quantized()
        #expect(stored.samples == [0, 0, 3, 255, 255])
        #expect(clamped == 2)
    }

    @Test func `of integers stands for −1024…1023 HU unless told otherwise`() {
        let slice = Slice(width: 2, height: 1, samples: [0, 255], format: .uint8)
        #expect(slice.hu == [-1024, 1023])
        #expect(IntensityScale(assuming: 0...255, inverted: true).hu(stored: 0) == 1023)
        #expect(abs(IntensityScale(assuming: 0...255, inverted: true).hu(stored: 255) + 1024) < 1e-9)
    }

    @Test func `with a wrong number of samples traps`() async {
        await #expect(processExitsWith: .failure) {
            _ = Slice(width: 2, height: 2, samples: [1], format: .uint8)
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
        #expect(format.stored(.infinity) == greatest)
        #expect(format.stored(.nan) == 0)
    }
}
