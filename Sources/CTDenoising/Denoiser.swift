public import CTImages
internal import CTMetrics
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
    /// What a model file holds.
    public struct Model: Sendable {
        /// The network as it was trained.
        public let network: Network

        /// What the file says about it: its description, its recipe and how the training went.
        public let record: [String: String]
    }

    /// The networks that take part, in order: one for impulses, one for all other noise; or a single one for all.
    public var models: [Model] { [impulses, noise].compactMap { $0?.model } }

    /// For what impulses hid.
    private let impulses: NoisePredictor?

    /// For noise that all samples have.
    private let noise: NoisePredictor?

    /// Makes a denoiser of a network.
    ///
    /// - Parameters:
    ///   - network: Where its target is impulses, samples that hold none come back as they are.
    ///   - impulses: Another one, whose target is impulses; it comes first.
    ///   - precision: How exactly they multiply.
    /// - Precondition: The targets are as they should be.
    public init(_ network: Network, impulses: Network? = nil, precision: Precision = .single) {
        self.init(
            [impulses, network].compactMap(\.self).map { network in
                NoisePredictor(Model(network: network, record: [:]), precision: precision)
            })
        precondition(models.count == (impulses == nil ? 1 : 2), "Two networks for the same")
    }

    /// Makes a denoiser of a model file.
    ///
    /// - Throws: ``CTNetwork/ModelError`` if the file cannot be read or holds no network.
    public init(modelAt path: String, precision: Precision = .single) throws(ModelError) {
        self.init([try NoisePredictor(Safetensors(contentsOf: path), file: path, precision: precision)])
    }

    /// A model inside the program.
    ///
    /// - Throws: ``CTNetwork/ModelError`` if the program was built with a damaged one.
    public static func bundled(
        _ model: BundledModel = .default, precision: Precision = .single
    ) throws(ModelError) -> Denoiser {
        try Denoiser(model, precision: precision)
    }

    private init(_ model: BundledModel, precision: Precision) throws(ModelError) {
        func estimator(_ file: UnsafeRawBufferPointer, _ name: String) throws(ModelError) -> NoisePredictor {
            let bytes = unsafe [UInt8](file)
            return try NoisePredictor(Safetensors(bytes: bytes, file: name), file: name, precision: precision)
        }
        self.init(
            unsafe [
                try estimator(model.impulseFile, "the \(model.rawValue) model for impulses"),
                try estimator(model.file, "the \(model.rawValue) model"),
            ])
    }

    private init(_ estimators: [NoisePredictor]) {
        impulses = estimators.first { $0.model.network.configuration.target == .impulses }
        noise = estimators.first { $0.model.network.configuration.target == .noise }
    }

    /// `slice` without the noise that the network sees in it.
    ///
    /// Where impulses have a network of their own and at least about one sample in 5000 is one that stands out from all its
    /// neighbours by 400 HU, the samples that have the value of salt or of pepper are replaced first; what noise there is then is
    /// estimated twice, once of the slice transposed, since missing samples make estimates worse: half as much time again.
    /// Noise of less than 5 HU is left in, in part, and of less than 3 HU all of it, so that clean slices come back as they
    /// are. A single network for all noise may see a few impulses and nothing else, so that all it sees is taken out.
    /// Estimates are made in HU, so the slice's ``CTImages/CTSlice/scale`` decides; they are subtracted from the
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
    public func denoise(_ slice: CTSlice, strength: Double = 1, threads: Int = 1) -> CTSlice {
        denoise(slice, strength: strength, threads: threads, tiling: Tiling())
    }

    /// As ``denoise(_:strength:threads:)``, in tiles of another size.
    func denoise(_ slice: CTSlice, strength: Double = 1, threads: Int, tiling: Tiling) -> CTSlice {
        precondition((0...1).contains(strength), "A strength of \(strength)")
        if strength == 0 { return slice }
        let tissue = TissueMask(slice)
        let seen = slice.samples.map { Float(tissue.admit(slice.scale.hu(stored: $0)).shown) }
        var estimate = seen
        let found = impulses == nil ? nil : Impulses(in: seen, width: slice.width)
        if let impulses, let found {
            let shown = found.shown(seen)
            let noise = map(shown, as: slice, by: impulses, threads: threads, tiling: tiling)
            for index in seen.indices where found.mayBe(seen[index]) { estimate[index] = shown[index] - noise[index] }
        }
        if let noise {
            var estimated = map(estimate, as: slice, by: noise, threads: threads, tiling: tiling)
            // Impulses that nothing has replaced are strong, but in a few places only, as faint noise is.
            let share = impulses == nil ? 1 : FaintNoise.share(of: estimated)
            if found != nil && share > 0 {
                let other = map(estimate, as: slice, transposed: true, by: noise, threads: threads, tiling: tiling)
                for index in estimated.indices { estimated[index] = (estimated[index] + other[index]) / 2 }
            }
            for index in estimate.indices { estimate[index] -= share * estimated[index] }
        }
        let unit = strength / slice.scale.slope
        var result = slice
        result.samples = slice.samples.indices.map { index in
            let sample = slice.samples[index]
            guard tissue.admit(slice.scale.hu(stored: sample)).isDenoised else { return sample }
            return sample - unit * Double(seen[index] - estimate[index])
        }
        return result
    }

    /// The noise that a network sees in `image`, which is as large as `slice`, as it is or transposed.
    private func map(
        _ image: [Float], as slice: CTSlice, transposed: Bool = false, by estimator: NoisePredictor, threads: Int,
        tiling: Tiling
    ) -> [Float] {
        let (width, height) = transposed ? (slice.height, slice.width) : (slice.width, slice.height)
        let shown = transposed ? Self.transposed(image, width: slice.width) : image
        let noise = tiling.map(shown, width: width, height: height) { tile, width, height in
            estimator.noise(in: tile, width: width, height: height, threads: threads)
        }
        return transposed ? Self.transposed(noise, width: width) : noise
    }

    /// Columns of `image`, which has rows of `width`, as rows.
    private static func transposed(_ image: [Float], width: Int) -> [Float] {
        (0..<width).flatMap { column in stride(from: column, to: image.count, by: width).map { image[$0] } }
    }
}
