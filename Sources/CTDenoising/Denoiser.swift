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
    /// What a model file holds.
    public struct Model: Sendable {
        /// The network as it was trained.
        public let network: Network

        /// What the file says about it: its description, its recipe and how the training went.
        public let record: [String: String]
    }

    /// For all noise; or all but salt-and-pepper, if there is a model for that.
    public var model: Model { general.model }

    /// For slices that hold salt-and-pepper, alone or with other noise, if that has a model of its own.
    public var impulseModel: Model? { impulses?.model }

    private let general: NoiseEstimator
    private let impulses: NoiseEstimator?

    /// Makes a denoiser of a network.
    ///
    /// - Parameters:
    ///   - impulses: Another one, for slices that hold salt-and-pepper.
    ///   - precision: How exactly they multiply.
    public init(_ network: Network, impulses: Network? = nil, precision: Precision = .single) {
        general = NoiseEstimator(Model(network: network, record: [:]), precision: precision)
        self.impulses = impulses.map {
            NoiseEstimator(Model(network: $0, record: [:]), precision: precision)
        }
    }

    /// Makes a denoiser of a model file.
    ///
    /// - Throws: ``CTNetwork/ModelError`` if the file cannot be read or holds no network.
    public init(modelAt path: String, precision: Precision = .single) throws(ModelError) {
        general = try NoiseEstimator(Safetensors(contentsOf: path), file: path, precision: precision)
        impulses = nil
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
        func estimator(_ file: UnsafeRawBufferPointer, _ name: String) throws(ModelError) -> NoiseEstimator {
            let bytes = unsafe [UInt8](file)
            return try NoiseEstimator(Safetensors(bytes: bytes, file: name), file: name, precision: precision)
        }
        general = unsafe try estimator(model.file, "the \(model.rawValue) model")
        impulses = unsafe try estimator(model.impulseFile, "the \(model.rawValue) model for impulses")
    }

    /// `slice` without the noise that the network sees in it.
    ///
    /// Where salt-and-pepper has a model of its own, it takes slices in which at least about one sample in 5000 is an impulse
    /// that stands out from all its neighbours by 400 HU.
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
        let admission = Admission(slice)
        let shown = slice.samples.map { Float(admission.admit(slice.scale.hu(stored: $0)).shown) }
        let estimator = impulses.flatMap { ImpulseDetector.finds(shown, width: slice.width) ? $0 : nil } ?? general
        let noise = tiling.map(shown, width: slice.width, height: slice.height) { tile, width, height in
            estimator.noise(in: tile, width: width, height: height, threads: threads)
        }
        var result = slice
        let unit = strength / slice.scale.slope
        result.samples = zip(slice.samples, noise).map { sample, noise in
            admission.admit(slice.scale.hu(stored: sample)).isDenoised ? sample - unit * Double(noise) : sample
        }
        return result
    }
}
