import ArgumentParser
import CTImageFiles
import CTImages
import CTPhantoms
import CTSupport

/// `ctdenoise phantom -o OUT`: draws chest-like slices.
struct Phantom: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Draw chest-like slices without noise.",
        discussion: """
            Slices show the body, lungs with vessels and airways, heart, spine, ribs, and nodules of known position, \
            size and contrast, in HU. The same seed draws the same slice. Integer formats span -1024…1023 HU over \
            their whole range, the scale that ctdenoise assumes by default, so no options are needed to read them \
            back; --rescale 1,-1024 stores HU + 1024 instead. Floating-point samples are HU.

            Example: draw ten slices of 512×512 pixels into clean/
              ctdenoise phantom -o clean --count 10
            """)

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The file to write, or a folder for several slices.", valueName: "out"),
        completion: .file())
    var output: String

    @Option(
        help: ArgumentHelp(
            "The size in pixels: 512, or 512x400 for columns and rows; each from 16 to 8192.", valueName: "size"))
    var size = Size(width: 512, height: 512)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The number of slices, from 1 to 100000; the seed increases by one per slice.", valueName: "number"))
    var count = 1

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The seed of the first slice; another seed draws another slice.", valueName: "number"))
    var seed: UInt64 = 0

    @Option(
        help: ArgumentHelp(
            "The diameter in mm and the contrast in HU to the lung of each nodule, such as 8:850,5:250, or none.",
            valueName: "mm:HU,…"))
    var nodules = Nodules(requests: ChestPhantom.someNodules)

    @Option(help: "The file and sample format; by default tiff16 if --output ends in .tif, else png16.")
    var format: FileFormat?

    @Option(
        name: .customLong("rescale"), parsing: .unconditional,
        help: ArgumentHelp(
            "Store values such that HU = SLOPE · stored value + INTERCEPT.", valueName: "slope,intercept"),
        transform: ReadingOptions.parseScale)
    var scale: IntensityScale?

    @Flag(help: "Replace existing files.")
    var overwrite = false

    @OptionGroup var report: OutputOptions

    func validate() throws {
        try OutputName.validate(output)
        guard (1...100_000).contains(count) else {
            throw ValidationError("--count must be from 1 to 100000, not \(count).")
        }
    }

    // MARK: - Running

    func run() throws {
        var results = Results()
        var console = Console()
        do throws(FileError) {
            let targets = try targets()
            if let first = targets.first {
                try FileSystem.prepare(FileSystem.parent(first.path), for: targets.map(\.path))
            }
            let stop = StopSignals()
            for target in targets {
                if stop.isRequested { break }
                results.files.append(try draw(target))
            }
            results.notDone = targets.dropFirst(results.files.count).map(\.path)
            if !results.notDone.isEmpty {
                console.line("stopped after \(results.files.count) of \(Format.count(targets.count, "file"))")
            }
        } catch {
            console.error(error)
            results.failed.append(error)
        }
        try print(results)
        if !results.failed.isEmpty || !results.notDone.isEmpty { throw ExitCode.failure }
    }

    private struct Target {
        let path: String
        let seed: UInt64
        let format: FileFormat
    }

    /// Returns the files to write, provided that every name is unused.
    private func targets() throws(FileError) -> [Target] {
        if count == 1 { try OutputName.checkEnding(output) }
        let ending = FileSystem.fileExtension(output)
        let isFile =
            InputFiles.extensions.contains(ending) && FileSystem.kind(output) != .folder && !output.hasSuffix("/")
        let format = format ?? (isFile && ending != "png" ? .tiff16 : .png16)
        if isFile && count > 1 {
            throw FileError(
                file: output, found: "the name of a file", expected: "a folder for \(count) slices",
                advice: "Choose another -o.")
        }
        if isFile && (ending == "png") != (format.container == .png) {
            throw FileError(
                file: output, found: "the ending .\(ending) for \(format.rawValue)",
                expected: ".\(format.fileExtension)", advice: "Change -o or --format.")
        }
        let digits = max(3, String(count).count)
        let targets = (0..<count).map { index in
            let number = String(index + 1)
            let name =
                "phantom-\(String(repeating: "0", count: digits - number.count))\(number).\(format.fileExtension)"
            return Target(
                path: isFile ? output : FileSystem.join(output, name), seed: seed &+ UInt64(index), format: format)
        }
        if let taken = targets.first(where: { FileSystem.kind($0.path) != .missing }), !overwrite {
            throw FileError(
                file: taken.path, found: "an existing file or folder", expected: "unused names",
                advice: "Pass --overwrite to replace files, or choose another -o.")
        }
        return targets
    }

    private func draw(_ target: Target) throws(FileError) -> Drawing {
        let phantom = ChestPhantom(width: size.width, height: size.height, seed: target.seed, nodules: nodules.requests)
        // Not rounded and clamped yet, so that writing the file counts the clamped samples.
        let slice = CTSlice(
            width: phantom.width, height: phantom.height, samples: phantom.hu, format: target.format.samples,
            scale: scale.map { scale in
                // Marked, so that the file states it.
                let convention = IntensityConvention.linear(slope: scale.slope, intercept: scale.intercept)
                return IntensityScale(
                    slope: scale.slope, intercept: scale.intercept, origin: .convention(convention))
            }
        ).with(hu: phantom.hu)
        let clamped = try ImageFile(pages: [slice], container: target.format.container)
            .write(to: target.path, overwrite: overwrite)
        return Drawing(phantom, slice, target.path, seed: target.seed, clamped: clamped)
    }

    private func print(_ results: Results) throws {
        let files = results.files
        if report.json {
            try JSONOutput.print(results)
        } else if !files.isEmpty {
            let nodules = files.map(\.nodules.count).reduce(0, +)
            let clamped = files.map(\.clamped).reduce(0, +)
            try StandardOutput.print(
                "drew \(Format.count(files.count, "slice")) of \(size) with \(Format.count(nodules, "nodule")), "
                    + "clamped \(Format.count(clamped, "sample")): \(output)")
        }
    }
}

// MARK: - Options

extension Phantom {
    /// A file format and sample format.
    enum FileFormat: String, ExpressibleByArgument, CaseIterable {
        case png16, png8, tiff16, tiff32f

        var container: ImageFile.Container { self == .png16 || self == .png8 ? .png : .tiff }
        var fileExtension: String { container == .png ? "png" : "tif" }

        var samples: SampleFormat {
            switch self {
            case .png16, .tiff16: .uint16
            case .png8: .uint8
            case .tiff32f: .float32
            }
        }
    }

    /// A size in columns and rows.
    struct Size: ExpressibleByArgument, CustomStringConvertible {
        let width: Int
        let height: Int

        init(width: Int, height: Int) {
            self.width = width
            self.height = height
        }

        init?(argument: String) {
            let sides = argument.lowercased().split(omittingEmptySubsequences: false) { $0 == "x" || $0 == "×" }
                .map { Int($0) }
            guard (1...2).contains(sides.count), let width = sides[0], let height = sides[sides.count - 1],
                (16...8192).contains(width), (16...8192).contains(height)
            else { return nil }
            self.init(width: width, height: height)
        }

        var description: String { "\(width)×\(height)" }

        var defaultValueDescription: String { "\(width)x\(height)" }
    }

    /// The nodules to draw.
    struct Nodules: ExpressibleByArgument {
        let requests: [ChestPhantom.NoduleRequest]

        init(requests: [ChestPhantom.NoduleRequest]) { self.requests = requests }

        init?(argument: String) {
            var requests: [ChestPhantom.NoduleRequest] = []
            if argument.lowercased() != "none" {
                for nodule in argument.split(separator: ",", omittingEmptySubsequences: false) {
                    let numbers = nodule.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
                    guard numbers.count == 2, let diameter = numbers[0], let contrast = numbers[1],
                        (0.5...40).contains(diameter), (-150...2000).contains(contrast)
                    else { return nil }
                    requests.append(ChestPhantom.NoduleRequest(diameter: diameter, contrast: contrast))
                }
            }
            self.init(requests: requests)
        }

        var defaultValueDescription: String {
            requests.map { "\(Format.plain($0.diameter)):\(Format.plain($0.contrast))" }.joined(separator: ",")
        }
    }
}

// MARK: - Results

/// The files written, and the failures.
private struct Results: Encodable {
    var files: [Drawing] = []
    var failed: [FileError] = []
    /// Files that were not tried because the program was asked to stop.
    var notDone: [String] = []
}

/// A phantom that was written.
private struct Drawing: Encodable {
    struct Nodule: Encodable {
        /// The centre in samples, relative to the centre of the first sample.
        let x: Double
        let y: Double
        let diameterMM: Double
        /// The contrast to the surrounding lung in HU.
        let contrastHU: Double
        /// The value at the centre in HU.
        let centerHU: Double
    }

    let file: String
    let seed: UInt64
    let width: Int
    let height: Int
    let spacingMM: Double
    let clamped: Int
    let scale: ScaleDescription
    let nodules: [Nodule]

    init(_ phantom: ChestPhantom, _ slice: CTSlice, _ path: String, seed: UInt64, clamped: Int) {
        file = path
        self.seed = seed
        width = phantom.width
        height = phantom.height
        spacingMM = phantom.spacing
        self.clamped = clamped
        scale = ScaleDescription(slice.scale)
        nodules = phantom.nodules.map {
            Nodule(x: $0.x, y: $0.y, diameterMM: $0.diameter, contrastHU: $0.contrast, centerHU: $0.hu)
        }
    }
}
