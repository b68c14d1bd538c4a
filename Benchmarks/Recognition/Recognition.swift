import CTImageFiles
import CTImages
import CTSupport
import Foundation

/// `ctdenoise-recognition [--crops] [--noise HU] FOLDER…`: stores the slices under some folders, PNG files that hold
/// HU + 1024, in many conventions, and prints as a table how often each is recognised.
@main
struct Recognition {
    /// A way to store HU, and the conventions that read it rightly.
    struct Storage {
        let name: String
        let format: SampleFormat
        let convention: IntensityConvention
        let stored: @Sendable (Double) -> Double
    }

    /// Counts of a storage.
    struct Counts {
        var right = 0
        var likely = 0
        var refused = 0
        var assumed = 0
        var assumedRightly = 0
        var wrong = 0
    }

    static let storages: [Storage] = {
        func window(_ name: String, _ range: ClosedRange<Double>, bits: Int) -> Storage {
            let top = bits == 8 ? 255.0 : 65535.0
            return Storage(
                name: name, format: bits == 8 ? .uint8 : .uint16,
                convention: range == -1024...1023 ? .fullRange : .window(range)
            ) { part($0, of: range, top).rounded() }
        }
        func unit(_ range: ClosedRange<Double>) -> Storage {
            Storage(name: "0…1 for \(text(range))", format: .float32, convention: .unit(range)) {
                Double(Float(part($0, of: range, 1)))
            }
        }
        func symmetric(_ range: ClosedRange<Double>) -> Storage {
            Storage(name: "−1…1 for \(text(range))", format: .float32, convention: .symmetric(range)) {
                Double(Float(2 * part($0, of: range, 1) - 1))
            }
        }
        func offset(_ offset: Double) -> Storage {
            Storage(name: "HU + \(plain(offset))", format: .uint16, convention: .offset(offset)) {
                max($0.rounded() + offset, 0)
            }
        }
        return [
            Storage(name: "HU, signed", format: .int16, convention: .offset(0)) { $0.rounded() },
            Storage(name: "HU, 32-bit float", format: .float32, convention: .offset(0)) { Double(Float($0)) },
            offset(1000), offset(1024), offset(8192), offset(32768),
            Storage(name: "signed HU as unsigned", format: .uint16, convention: .wrapped) {
                $0.rounded() < 0 ? $0.rounded() + 65536 : $0.rounded()
            },
            unit(-1024...3071), unit(-1000...1000), unit(-1000...400), symmetric(-1024...3071),
            symmetric(-1000...1000),
            Storage(name: "1/mm, water 0.0192", format: .float32, convention: .attenuation(water: 0.0192)) {
                Double(Float(0.0192 * (1 + $0 / 1000)))
            },
            Storage(name: "1/cm, water 0.2, not negative", format: .float32, convention: .attenuation(water: 0.2)) {
                Double(Float(max(0.2 * (1 + $0 / 1000), 0)))
            },
            window("8 bits, −1350…150 HU", -1350...150, bits: 8), window("8 bits, −160…240 HU", -160...240, bits: 8),
            window("8 bits, −1000…400 HU", -1000...400, bits: 8),
            window("8 bits, −1024…1023 HU", -1024...1023, bits: 8),
            window("16 bits, −1350…150 HU", -1350...150, bits: 16),
            window("16 bits, −1024…1023 HU", -1024...1023, bits: 16),
        ]
    }()

    static func part(_ hu: Double, of range: ClosedRange<Double>, _ top: Double) -> Double {
        min(max((hu - range.lowerBound) / (range.upperBound - range.lowerBound), 0), 1) * top
    }

    static func text(_ range: ClosedRange<Double>) -> String {
        "\(plain(range.lowerBound))…\(plain(range.upperBound)) HU".replacing("-", with: "−")
    }

    static func main() async {
        var folders: [String] = []
        var (crops, noise, verbose) = (false, 0.0, false)
        var arguments = CommandLine.arguments.dropFirst()
        while let argument = arguments.popFirst() {
            switch argument {
            case "--crops": crops = true
            case "--verbose": verbose = true
            case "--noise": noise = arguments.popFirst().flatMap { Double($0) } ?? 0
            default: folders.append(argument)
            }
        }
        let found = folders.flatMap { folder in
            (FileManager.default.subpaths(atPath: folder) ?? []).filter { $0.hasSuffix(".png") }.map {
                "\(folder)/\($0)"
            }
        }.sorted()
        let (isCropped, deviation) = (crops, noise)
        let results = await withTaskGroup(of: (Int, [Outcome]).self) { group in
            for (number, file) in found.enumerated() {
                group.addTask { (number, (try? outcomes(of: file, crop: isCropped, noise: deviation)) ?? []) }
            }
            var results = [[Outcome]](repeating: [], count: found.count)
            for await (number, outcomes) in group { results[number] = outcomes }
            return results
        }
        var counts = [Counts](repeating: Counts(), count: storages.count)
        for (file, outcomes) in zip(found, results) {
            for (place, outcome) in outcomes.enumerated() {
                if verbose, outcome.kind != \.right {
                    print(storages[place].name, file, outcome.text, separator: "\t")
                }
                counts[place][keyPath: outcome.kind] += 1
            }
        }
        print("| stored as | right | right, with a warning | refused | wrong, with a warning | wrong |")
        print("|---|--:|--:|--:|--:|--:|")
        for (storage, count) in zip(storages, counts) {
            let all = count.right + count.likely + count.refused + count.assumed + count.assumedRightly + count.wrong
            func share(_ part: Int) -> String { "\((1000 * Double(part) / Double(max(all, 1))).rounded() / 10) %" }
            let parts = [count.right, count.likely + count.assumedRightly, count.refused, count.assumed, count.wrong]
            print("| \(storage.name) | \(parts.map(share).joined(separator: " | ")) |")
        }
    }

    struct Outcome: Sendable {
        let kind: any WritableKeyPath<Counts, Int> & Sendable
        let text: String
    }

    /// Returns what becomes of a slice in each storage.
    static func outcomes(of file: String, crop: Bool, noise: Double) throws -> [Outcome] {
        var slice = try ImageFile(contentsOf: file).pages[0]
        let seed = file.utf8.reduce(5381) { $0 &* 33 &+ UInt64($1) }
        let random = CounterRandom(seed: seed, stream: 0)
        if crop, slice.width > 128, slice.height > 128 {
            let x = Int(random.word(at: 0) % UInt64(slice.width - 127)),
                y = Int(random.word(at: 1) % UInt64(slice.height - 127))
            let rows = (y..<y + 128).flatMap { row in
                slice.samples[row * slice.width + x..<row * slice.width + x + 128]
            }
            slice = CTSlice(width: 128, height: 128, samples: rows, format: .uint16)
        }
        var hu = slice.samples.map { $0 - 1024 }
        if noise > 0 {
            for place in hu.indices { hu[place] += noise * random.normal(at: UInt64(place + 8)) }
        }
        return storages.map { storage in
            let stored = CTSlice(
                width: slice.width, height: slice.height, samples: hu.map(storage.stored), format: storage.format)
            let recognition = IntensityRecognition(of: [stored])
            let text = "\(recognition.certainty) \(recognition.conventions) \(recognition.margin)"
            func isRight(_ convention: IntensityConvention?) -> Bool {
                guard let right = storage.convention.scale(assumed: stored.scale) else { return false }
                let scale = convention?.scale(assumed: stored.scale) ?? stored.scale
                let clip = storage.stored
                return [-900.0, -100, 50].allSatisfy {
                    abs(scale.hu(stored: clip($0)) - right.hu(stored: clip($0))) < 2
                }
            }
            switch recognition.certainty {
            case .certain: return Outcome(kind: isRight(recognition.convention) ? \.right : \.wrong, text: text)
            case .likely: return Outcome(kind: isRight(recognition.convention) ? \.likely : \.assumed, text: text)
            case .ambiguous: return Outcome(kind: \.refused, text: text)
            case .none: return Outcome(kind: isRight(nil) ? \.assumedRightly : \.assumed, text: text)
            }
        }
    }
}
