import ArgumentParser
import CTDenoising
import CTImageFiles
import CTImages
import CTNetwork
import CTSupport

/// `ctdenoise info [FILE…]`: describes image files and models.
struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Describe image files and models.",
        discussion: """
            For image files: size, pages, sample format, compression, resolution, texts, the range of stored values \
            and their assumed scale, and noise levels. For models (.safetensors): the network's shape and how it was \
            trained. Without a file, describes the bundled models.

            Example: find files that would be misread without --rescale
              ctdenoise info scans/*.png
            """)

    @Argument(
        help: "Image files, folders and models.",
        completion: .file(extensions: ["png", "tif", "tiff", "safetensors"]))
    var file: [String] = []

    @OptionGroup var reading: ReadingOptions

    @OptionGroup var output: OutputOptions

    func run() throws {
        var console = Console()
        var report = Descriptions()
        func fail(_ failure: FileError) {
            report.failed.append(failure)
            console.error(failure)
        }
        let models = file.filter { FileSystem.fileExtension($0) == "safetensors" }
        let found = InputFiles(file.filter { FileSystem.fileExtension($0) != "safetensors" })
        for path in found.skipped { console.line("skipped \(path): neither PNG nor TIFF") }
        for failure in found.failures { fail(failure) }
        for path in found.files.map(\.path) {
            let description: FileDescription
            do throws(FileError) {
                let (image, doubt) = try Intensities.described(path, reading: reading)
                description = FileDescription(image, path: path, doubt: doubt)
            } catch {
                fail(error)
                continue
            }
            if !output.json { try StandardOutput.print(description.text) }
            report.files.append(description)
        }
        for choice in file.isEmpty ? BundledModel.allCases.map(ModelChoice.bundled) : models.map(ModelChoice.file) {
            let description: ModelDescription
            do throws(FileError) {
                description = try ModelDescription(choice)
            } catch {
                fail(error)
                continue
            }
            if !output.json { try StandardOutput.print(description.text) }
            report.models.append(description)
        }
        if output.json { try JSONOutput.print(report) }
        if !report.failed.isEmpty { throw ExitCode.failure }
    }

    private struct Descriptions: Encodable {
        var files: [FileDescription] = []
        var models: [ModelDescription] = []
        var failed: [FileError] = []
    }
}

// MARK: - Files

/// The contents of an image file.
private struct FileDescription: Encodable {
    struct Page: Encodable, Equatable {
        struct Text: Encodable, Equatable {
            let name: String
            let value: String
        }

        let width: Int
        let height: Int
        let bits: Int
        /// "unsigned integer", "signed integer" or "floating point".
        let kind: String
        let pixels: String
        let compression: String
        let layout: String
        let resolution: String?
        let texts: [Text]
        let notes: [String]
        let scale: ScaleDescription
        /// The least and the greatest stored value.
        let minimum: Double
        let maximum: Double

        let noise: NoiseFigures

        /// Why `scale` is probably wrong.
        let doubt: String?

        let scalePhrase: String

        private enum CodingKeys: String, CodingKey {
            case width, height, bits, kind, pixels, compression, layout, resolution, texts, notes, scale, minimum,
                maximum, noise, doubt
        }
    }

    let file: String
    /// "png" or "tiff".
    let format: String
    let pages: [Page]

    init(_ image: ImageFile, path: String, doubt: String?) {
        file = path
        format = image.container.rawValue
        pages = zip(image.pages, image.pageSummaries).map { slice, summary in
            Page(
                width: summary.width, height: summary.height, bits: summary.format.bits,
                kind: summary.format.kind.words, pixels: summary.pixels, compression: summary.compression,
                layout: summary.layout, resolution: summary.resolution,
                texts: summary.texts.map { Page.Text(name: $0.name, value: $0.value) }, notes: summary.notes,
                scale: ScaleDescription(slice.scale), minimum: slice.samples.min() ?? 0,
                maximum: slice.samples.max() ?? 0,
                noise: NoiseFigures(slice), doubt: doubt ?? slice.intensityDoubt.map { "\($0)" },
                scalePhrase: "\(slice.scale)")
        }
    }

    /// A few lines per page; pages that differ only in their values share them.
    var text: String {
        var lines = ["\(file): \(format.uppercased())" + (pages.count > 1 ? ", \(pages.count) pages" : "")]
        var first = 0
        while first < pages.count {
            let page = pages[first]
            let last = pages[first...].firstIndex { !$0.looksLike(page) } ?? pages.count
            let group = pages[first..<last]
            if pages.count > 1 { lines.append(group.count > 1 ? "  pages \(first + 1)–\(last):" : "  page \(last):") }
            lines.append(
                "  \(page.width)×\(page.height), \(page.bits)-bit \(page.kind), \(page.pixels), \(page.compression), "
                    + page.layout)
            lines.append(
                "  stored values \(Format.plain(group.map(\.minimum).min() ?? 0))…"
                    + "\(Format.plain(group.map(\.maximum).max() ?? 0)); \(page.scalePhrase)")
            if let phrase = page.noise.phrase {
                lines.append("  noise: \(phrase)" + (group.count > 1 ? ", on page \(first + 1)" : ""))
            }
            if let doubt = page.doubt { lines.append("  doubtful: " + doubt) }
            if let resolution = page.resolution { lines.append("  " + resolution) }
            lines += page.texts.map { text in
                let start = text.value.prefix { !$0.isNewline }.prefix(100)
                return "  \(text.name): \(start)\(start.count < text.value.count ? "…" : "")"
            }
            lines += page.notes.map { "  " + $0 }
            first = last
        }
        return lines.map(Format.visible).joined(separator: "\n")
    }
}

extension FileDescription.Page {
    fileprivate func looksLike(_ other: Self) -> Bool {
        (width, height, bits, kind, pixels) == (other.width, other.height, other.bits, other.kind, other.pixels)
            && (compression, layout, resolution) == (other.compression, other.layout, other.resolution)
            && (texts, notes, scale) == (other.texts, other.notes, other.scale)
    }
}

extension SampleFormat.Kind {
    fileprivate var words: String {
        switch self {
        case .unsignedInteger: "unsigned integer"
        case .signedInteger: "signed integer"
        case .floatingPoint: "floating point"
        }
    }
}

// MARK: - Models

/// The contents of a model file.
private struct ModelDescription: Encodable {
    let file: String
    /// The name for `--model` and the purpose, if the model is bundled.
    let name: String?
    let purpose: String?
    /// The size of all networks.
    let bytes: Int
    /// The networks in the order in which they run.
    let networks: [NetworkDescription]
    /// The instruction set that networks run with on this machine.
    let instructionSet = Precision.single.instructionSet
    /// How it multiplies, by default and with `--precision fast`.
    let arithmetic = Precision.single.arithmetic
    let fastArithmetic = Precision.fast.arithmetic

    init(_ choice: ModelChoice) throws(FileError) {
        let denoiser = try Denoiser(choice)
        switch choice {
        case .bundled(let model):
            (file, bytes) = ("the \(model.rawValue) model", model.size)
            (name, purpose) = (model.rawValue, model.purpose)
        case .file(let path):
            (file, bytes) = (path, FileSystem.size(path))
            (name, purpose) = (nil, nil)
        }
        networks = denoiser.models.map { NetworkDescription($0.role, $0.model) }
    }

    var text: String {
        var lines = [
            "\(Format.visible(file)): \(Format.count(networks.count, "network")), "
                + "\(Format.significant(Double(bytes) / 1e6, 3)) MB",
            "  runs here with the instruction set \(instructionSet), in \(arithmetic); "
                + "with --precision fast in \(fastArithmetic)",
        ]
        if let name, let purpose { lines.insert("  --model \(name): \(purpose)", at: 1) }
        return (lines + networks.map(\.text)).joined(separator: "\n")
    }
}

/// A network of a model.
private struct NetworkDescription: Encodable {
    let role: Denoiser.Role
    let configuration: NetworkConfiguration
    let parameters: Int
    /// The metadata of the model file.
    let record: [String: String]

    init(_ role: Denoiser.Role, _ model: Denoiser.Model) {
        self.role = role
        configuration = model.network.configuration
        parameters = model.network.parameters.count
        record = model.record
    }

    private var purpose: String {
        switch role {
        case .impulses: "values hidden by impulse noise"
        case .noise: "noise"
        case .whiteNoise: "white noise"
        case .scannerNoise: "noise of scanners"
        }
    }

    var text: String {
        let shape = configuration
        var lines = [
            "  for \(purpose): \(parameters) parameters",
            "  tokens of \(shape.patch)×\(shape.patch) pixels through windows of \(shape.window)×\(shape.window), "
                + "\(shape.channels) channels",
            "  \(Format.count(shape.blocks, "block")): mixing \(shape.mixing)×\(shape.mixing), "
                + "LSTM along rows, then along columns, "
                + "\(shape.bidirectional ? "both ways" : "one way"), \(shape.hidden) hidden units per direction",
            "  batch normalization: \(shape.normalization == .none ? "none" : "\(shape.normalization.rawValue)-wise")",
        ]
        for (name, value) in record.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "  \(name): "
                    + value.split(separator: "\n").map { Format.visible(String($0)) }.joined(separator: "\n    "))
        }
        return lines.joined(separator: "\n")
    }
}
