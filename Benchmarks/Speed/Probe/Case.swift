import CTSupport
import CTImageFiles
import CTImages
import CTMetrics
import CTNetwork
import CTNoise
import PlainDecoders

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What a case works on. Files of numbers hold little-endian floats, and nothing else.
struct Setup: Decodable {
    /// What is measured: "scan", "network", "training", "similarity", "noise", "projection", "reconstruction", "read"
    /// or "read plainly".
    var kind: String
    /// The network's file.
    var model: String?
    /// Numbers that go in, or the image file to read.
    var input: String?
    /// Numbers that should come out: the noise in the crops of a training step; the other slice of a similarity.
    var target: String?
    /// Crops of a training step.
    var batch: Int?
    /// Of tokens for a scan, of pixels for everything else.
    var rows: Int?
    var columns: Int?
    var threads: Int?
    /// Of a similarity.
    var window: String?
    var dataRange: Double?
    /// The standard deviation of noise.
    var sigma: Float?
    /// Of a projection.
    var views: Int?
}

/// Something that was set up, to be run as often as wanted.
struct Case {
    let run: () throws -> Void
    /// Writes to a file what the last run computed.
    let write: (_ path: String) throws -> Void

    /// Reads files, allocates buffers.
    init(_ setup: Setup, _ precision: Precision) throws {
        switch setup.kind {
        case "scan": self = try .scan(setup, precision)
        case "network": self = try .network(setup, precision)
        case "training": self = try .training(setup)
        case "similarity": self = try .similarity(setup)
        case "noise": self = try .noise(setup)
        case "projection": self = try .projection(setup)
        case "reconstruction": self = try .reconstruction(setup)
        case "read": self = try .read(setup)
        case "read plainly": self = try .readPlainly(setup)
        default: throw Misunderstanding(description: "no kind '\(setup.kind)'")
        }
    }

    private init(run: @escaping () throws -> Void, write: @escaping (String) throws -> Void) {
        self.run = run
        self.write = write
    }

    // MARK: - The network

    private static func scan(_ setup: Setup, _ precision: Precision) throws -> Case {
        let scan = LoneScan(
            try readNetwork(setup), down: try said(setup.rows, "rows"), across: try said(setup.columns, "columns"),
            threads: try said(setup.threads, "threads"), precision: precision)
        scan.read(try readFloats(try said(setup.input, "input")))
        return Case(run: { scan.run() }, write: { try writeFloats(scan.output, to: $0) })
    }

    private static func network(_ setup: Setup, _ precision: Precision) throws -> Case {
        let network = InferenceNetwork(try readNetwork(setup), precision: precision)
        let input = try readFloats(try said(setup.input, "input"))
        let (rows, columns) = (try said(setup.rows, "rows"), try said(setup.columns, "columns"))
        let threads = try said(setup.threads, "threads")
        var noise = [Float](repeating: 0, count: input.count)
        return Case(
            run: { network.estimate(input, rows: rows, columns: columns, threads: threads, into: &noise) { _ in } },
            write: { try writeFloats(noise, to: $0) })
    }

    /// A step without its end: no Adam.
    private static func training(_ setup: Setup) throws -> Case {
        var network = try readNetwork(setup)
        let input = try readFloats(try said(setup.input, "input"))
        let target = try readFloats(try said(setup.target, "target"))
        let batch = try said(setup.batch, "batch")
        let pass = TrainingPass(
            configuration: network.configuration, batch: batch, rows: try said(setup.rows, "rows"),
            columns: try said(setup.columns, "columns"), threads: try said(setup.threads, "threads"))
        var gradient = [Float](repeating: 0, count: network.parameters.count)
        return Case(
            run: {
                let estimate = pass.forward(&network, input: input, statistics: .batch)
                for index in gradient.indices { gradient[index] = 0 }
                pass.backward(
                    network, dNoise: lossDerivative(estimate, target: target, crops: batch), into: &gradient)
            },
            write: { path in
                // Under the names of the parameters, for which a network is the envelope.
                let envelope = Network(
                    configuration: network.configuration, parameters: gradient, statistics: network.statistics)
                try envelope.safetensors().write(to: path)
            })
    }

    /// The derivative of the mean over crops of `log(MSE + tolerance²)` by `estimate`, as in training.
    private static func lossDerivative(_ estimate: [Float], target: [Float], crops: Int) -> [Float] {
        let pixels = estimate.count / crops
        let tolerance: Float = 0.01
        var derivative = [Float](repeating: 0, count: estimate.count)
        for crop in 0..<crops {
            let range = crop * pixels..<(crop + 1) * pixels
            var sum: Float = 0
            for index in range {
                derivative[index] = estimate[index] - target[index]
                sum += derivative[index] * derivative[index]
            }
            let scale = 2 / ((sum / Float(pixels) + tolerance * tolerance) * Float(estimate.count))
            for index in range { derivative[index] *= scale }
        }
        return derivative
    }

    // MARK: - Metrics

    private static func similarity(_ setup: Setup) throws -> Case {
        let reference = try readFloats(try said(setup.input, "input")).map(Double.init)
        let test = try readFloats(try said(setup.target, "target")).map(Double.init)
        let width = try said(setup.columns, "columns")
        let range = try said(setup.dataRange, "dataRange")
        guard let window = SimilarityWindow(rawValue: try said(setup.window, "window")) else {
            throw Misunderstanding(description: "no such window")
        }
        var similarity = 0.0
        return Case(
            run: {
                let comparison = try Comparison(reference, test, width: width, range: 0...range)
                similarity = try comparison.structuralSimilarity(window: window)
            },
            write: { try writeFloats([Float(similarity)], to: $0) })
    }

    // MARK: - Noise

    private static func noise(_ setup: Setup) throws -> Case {
        let image = try readFloats(try said(setup.input, "input"))
        let (sigma, threads) = (try said(setup.sigma, "sigma"), try said(setup.threads, "threads"))
        var (noisy, runs) = (image, UInt64(0))
        return Case(
            run: {
                noisy = image
                WhiteNoise.add(to: &noisy, sigma: sigma, seed: 1, stream: runs, threads: threads)
                runs += 1
            },
            write: { try writeFloats(noisy, to: $0) })
    }

    /// Cells as wide as pixels, which are 1 mm.
    private static func beam(_ setup: Setup) throws -> ParallelBeam {
        ParallelBeam(
            width: try said(setup.columns, "columns"), height: try said(setup.rows, "rows"), pixel: 1,
            views: try said(setup.views, "views"), cellsPerPixel: 1)
    }

    private static func projection(_ setup: Setup) throws -> Case {
        let (beam, image) = (try beam(setup), try readFloats(try said(setup.input, "input")))
        let threads = try said(setup.threads, "threads")
        var views: [Float] = []
        return Case(
            run: { views = beam.project(image, threads: threads) }, write: { try writeFloats(views, to: $0) })
    }

    private static func reconstruction(_ setup: Setup) throws -> Case {
        let beam = try beam(setup)
        let views = try readFloats(try said(setup.input, "input"))
        let threads = try said(setup.threads, "threads")
        var image: [Float] = []
        return Case(
            run: { image = FilteredBackProjection(beam, kernel: .ramLak).image(of: views, threads: threads) },
            write: { try writeFloats(image, to: $0) })
    }

    // MARK: - Files

    private static func read(_ setup: Setup) throws -> Case {
        let path = try said(setup.input, "input")
        var samples: [Double] = []
        return Case(
            run: { samples = try ImageFile(contentsOf: path).pages.first?.samples ?? [] },
            write: { try writeFloats(samples.map(Float.init), to: $0) })
    }

    /// By libpng's and libtiff's ordinary interface.
    private static func readPlainly(_ setup: Setup) throws -> Case {
        let path = try said(setup.input, "input")
        let isPNG = path.hasSuffix(".png")
        var bytes = 0
        return Case(
            run: {
                var samples: UnsafeMutablePointer<UInt8>?
                bytes = unsafe isPNG ? plain_png_decode(path, &samples) : plain_tiff_decode(path, &samples)
                unsafe free(samples)
                guard bytes > 0 else { throw Misunderstanding(description: "\(path) cannot be read plainly") }
            },
            write: { try writeFloats([Float(bytes)], to: $0) })
    }

    // MARK: - Numbers

    private static func readNetwork(_ setup: Setup) throws -> Network {
        let path = try said(setup.model, "model")
        return try Network(Safetensors(contentsOf: path), file: path)
    }

    private static func readFloats(_ path: String) throws -> [Float] {
        let bytes = try FileAccess.contents(of: path, largest: 1 << 30)
        return stride(from: 0, to: bytes.count / 4 * 4, by: 4).map { start in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) })
        }
    }

    private static func writeFloats(_ floats: [Float], to path: String) throws {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 * floats.count)
        for float in floats {
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: float.bitPattern >> shift))
            }
        }
        try FileAccess.save(bytes, to: path)
    }
}
