import CTImageFiles
import CTImages
import Foundation
import TestSupport
import Testing

/// Slices of people, one a patient, in each convention; all 647 are in docs/intensities.md.
@Suite(.enabled(if: SharedData.path("data/val") != nil, "no real slices beside the repository"))
struct `Intensities of real slices` {
    typealias Storage = IntensityStorage

    private static func part(_ hu: Double, of range: ClosedRange<Double>) -> Double { Storage.part(hu, of: range) }

    static let storages: [Storage] = [
        Storage(convention: .offset(0), format: .int16) { $0 },
        Storage(convention: .offset(0), format: .float32) { $0 },
        Storage(convention: .offset(1000), format: .uint16) { max($0 + 1000, 0) },
        Storage(convention: .offset(1024), format: .uint16) { $0 + 1024 },
        Storage(convention: .offset(8192), format: .uint16) { $0 + 8192 },
        Storage(convention: .offset(32768), format: .uint16) { $0 + 32768 },
        Storage(convention: .wrapped, format: .uint16) { $0 < 0 ? $0 + 65536 : $0 },
        Storage(convention: .unit(-1024...3071), format: .float32) { Double(Float(part($0, of: -1024...3071))) },
        Storage(convention: .symmetric(-1000...1000), format: .float32) {
            Double(Float(2 * part($0, of: -1000...1000) - 1))
        },
        Storage(convention: .attenuation(water: 0.0192), format: .float32) { Double(Float(0.0192 * (1 + $0 / 1000))) },
        Storage(convention: .attenuation(water: 0.2), format: .float32) { Double(Float(0.2 * (1 + $0 / 1000))) },
        Storage(convention: .window(-1350...150), format: .uint8) { (255 * part($0, of: -1350...150)).rounded() },
        Storage(convention: .window(-160...240), format: .uint8) { (255 * part($0, of: -160...240)).rounded() },
        Storage(convention: .fullRange, format: .uint16) { (65535 * part($0, of: -1024...1023)).rounded() },
    ]

    /// The first slice of each patient.
    static let slices: [CTSlice] = {
        guard let folder = SharedData.path("data/val"),
            let patients = try? FileManager.default.contentsOfDirectory(atPath: folder)
        else { return [] }
        return patients.sorted().compactMap { patient in
            let names = try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(patient)")
            return names?.min().flatMap { try? ImageFile(contentsOf: "\(folder)/\(patient)/\($0)").pages[0] }
        }
    }()

    @Test(arguments: storages)
    func `are right, or refused, or warned of`(storage: Storage) {
        #expect(Self.slices.count >= 9)
        var right = 0
        for slice in Self.slices {
            let stored = slice.samples.map { storage.stored($0 - 1024) }
            let recognition = IntensityRecognition(of: [
                CTSlice(width: slice.width, height: slice.height, samples: stored, format: storage.format)
            ])
            if recognition.convention == storage.convention { right += 1 }
            let isSure = recognition.certainty == .certain
            #expect(!isSure || recognition.convention == storage.convention, "\(recognition)")
        }
        #expect(right >= Self.slices.count - (storage.format == .uint8 ? 2 : 0), "\(right)")
    }
}
