public import CTImages
public import CTNetwork

/// Takes the noise out of slices: what users of the library start from.
///
/// ```swift
/// let denoiser = try Denoiser.bundled()
/// var file = try ImageFile(contentsOf: "slice.png")
/// file.pages = file.pages.map { denoiser.denoise($0) }
/// try file.write(to: "denoised.png")
/// ```
///
/// A denoiser never changes, and several threads may use it at once.
public struct Denoiser: Sendable {
    /// The network as it was trained.
    public let network: Network

    /// What the model file says about the model: its description, its recipe and how the training went.
    public let record: [String: String]

    private let inference: InferenceNetwork

    /// Pixels that an image is extended by on each side, by reflection, so that scans do not start at its edge.
    private static let margin = 8

    /// Makes a denoiser of a network.
    ///
    /// - Parameters:
    ///   - record: What is known about the model.
    ///   - precision: How exactly it multiplies.
    public init(_ network: Network, record: [String: String] = [:], precision: Precision = .single) {
        self.network = network
        self.record = record
        inference = InferenceNetwork(network, precision: precision)
    }

    /// Makes a denoiser of a model file.
    ///
    /// - Throws: ``CTNetwork/ModelError`` if the file cannot be read or holds no network.
    public init(modelAt path: String, precision: Precision = .single) throws(ModelError) {
        try self.init(Safetensors(contentsOf: path), file: path, precision: precision)
    }

    /// A model inside the program.
    ///
    /// - Throws: ``CTNetwork/ModelError`` if the program was built with a damaged one.
    public static func bundled(
        _ model: BundledModel = .default, precision: Precision = .single
    ) throws(ModelError) -> Denoiser {
        let name = "the \(model.rawValue) model"
        let bytes = unsafe [UInt8](model.file)
        return try Denoiser(Safetensors(bytes: bytes, file: name), file: name, precision: precision)
    }

    private init(_ file: Safetensors, file name: String, precision: Precision) throws(ModelError) {
        var record = file.metadata
        record["config"] = nil
        try self.init(Network(file, file: name), record: record, precision: precision)
        // Finite weights can still be so large that nothing finite comes out.
        let ramp = (0..<256).map { Float($0) / 32 - 4 }
        guard noise(in: ramp, width: 16, height: 16, threads: 1).allSatisfy(\.isFinite) else {
            throw ModelError(
                file: name, found: "weights so large that no finite noise comes out",
                expected: "a model whose training went well", advice: "use another model")
        }
    }

    /// `slice` without the noise that the network sees in it.
    ///
    /// The estimate is made in HU, so the slice's ``CTImages/Slice/scale`` decides; it is subtracted from the
    /// stored samples, which are neither rounded nor clamped. What is no tissue stays as it is: padding, that is the
    /// least value if it lies below −1100 HU and is common; values outside −3500…5000 HU, such as metal; NaN.
    /// The same model and slice give the same result for any number of threads.
    ///
    /// - Parameters:
    ///   - slice: Of any size.
    ///   - strength: How much of the noise is taken out, from 0, nothing, so that the samples come back as they are, to
    ///     1, all that the network sees.
    ///   - threads: At most so many work at it; at least 1.
    /// - Precondition: `strength` is in 0…1, `threads` is positive.
    public func denoise(_ slice: Slice, strength: Double = 1, threads: Int = 1) -> Slice {
        denoise(slice, strength: strength, threads: threads, tiling: Tiling())
    }

    /// As ``denoise(_:strength:threads:)``, in tiles of another size.
    func denoise(_ slice: Slice, strength: Double = 1, threads: Int, tiling: Tiling) -> Slice {
        precondition((0...1).contains(strength), "A strength of \(strength)")
        if strength == 0 { return slice }
        let (center, spread) = (network.configuration.center, network.configuration.spread)
        let admission = Admission(slice)
        let input = slice.samples.map { sample in
            Float((admission.admit(slice.scale.hu(stored: sample)).shown - center) / spread)
        }
        let noise = tiling.map(input, width: slice.width, height: slice.height) { tile, width, height in
            self.noise(in: tile, width: width, height: height, threads: threads)
        }
        var result = slice
        let unit = strength * spread / slice.scale.slope
        result.samples = zip(slice.samples, noise).map { sample, noise in
            admission.admit(slice.scale.hu(stored: sample)).isDenoised ? sample - unit * Double(noise) : sample
        }
        return result
    }

    /// The noise in an image of any size, in the network's units.
    private func noise(in image: [Float], width: Int, height: Int, threads: Int) -> [Float] {
        let patch = network.configuration.patch
        let columns = (width + 2 * Self.margin + patch - 1) / patch * patch
        let rows = (height + 2 * Self.margin + patch - 1) / patch * patch
        let across = (0..<columns).map { Self.reflected($0 - Self.margin, count: width) }
        var padded: [Float] = []
        padded.reserveCapacity(rows * columns)
        for row in 0..<rows {
            let start = Self.reflected(row - Self.margin, count: height) * width
            for column in across { padded.append(image[start + column]) }
        }
        let noise = inference.noise(in: padded, rows: rows, columns: columns, threads: threads)
        return (0..<height).flatMap { row in
            let start = (row + Self.margin) * columns + Self.margin
            return noise[start..<start + width]
        }
    }

    /// The index in `0..<count` that `index` falls on when the indices are reflected at both ends, which are
    /// not repeated.
    private static func reflected(_ index: Int, count: Int) -> Int {
        guard count > 1 else { return 0 }
        let period = 2 * (count - 1)
        let position = ((index % period) + period) % period
        return position < count ? position : period - position
    }
}
