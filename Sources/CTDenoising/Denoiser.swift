public import CTImages
internal import CTMetrics
public import CTNetwork
public import CTSupport
internal import Dispatch

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
    /// - Throws: ``FileError`` if the file cannot be read or holds no network.
    public init(modelAt path: String, precision: Precision = .single) throws(FileError) {
        self.init([try NoisePredictor(Safetensors(contentsOf: path), file: path, precision: precision)])
    }

    /// A model inside the program.
    ///
    /// - Throws: ``FileError`` if the program was built with a damaged one.
    public static func bundled(
        _ model: BundledModel = .default, precision: Precision = .single
    ) throws(FileError) -> Denoiser {
        try Denoiser(model, precision: precision)
    }

    private init(_ model: BundledModel, precision: Precision) throws(FileError) {
        func estimator(_ file: UnsafeRawBufferPointer, _ name: String) throws(FileError) -> NoisePredictor {
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

    // MARK: - Denoising

    /// Returns `slice` without the noise that the network sees in it.
    ///
    /// Where the model has a network for impulses and at least about one sample in 5000 stands out from all its neighbours by
    /// 400 HU, the samples with the value of salt or pepper are replaced first. The remaining noise is then estimated twice,
    /// once from the transposed slice, since missing samples make estimates worse; that takes half as much time again.
    /// Noise of less than 5 HU is left in, in part, and of less than 3 HU entirely, so that clean slices come back unchanged. A
    /// model with a single network for all noise may see a few impulses and nothing else, so everything it sees is removed.
    ///
    /// Estimates are made in HU, so the slice's ``CTImages/CTSlice/scale`` matters; they are subtracted from the stored
    /// samples, which are neither rounded nor clamped. Samples that are not tissue stay unchanged: padding, which is the least
    /// value if it lies below −1100 HU and is common; values outside −3500…5000 HU, such as metal; NaN.
    ///
    /// The result does not depend on the number of threads.
    ///
    /// - Parameters:
    ///   - slice: A slice of any size.
    ///   - strength: How much of the noise is removed, from 0 (the slice comes back unchanged) to 1 (all that the network sees).
    ///   - threads: The largest number of threads; as many as there are processors if `nil`.
    /// - Precondition: `strength` is in 0…1, `threads` is positive.
    public func denoise(_ slice: CTSlice, strength: Double = 1, threads: Int? = nil) -> CTSlice {
        denoise(slice, strength: strength, threads: threads, tiling: Tiling()) { _ in }
    }

    /// Returns `slice` without the noise that the network sees in it, without blocking the calling task.
    ///
    /// The result is that of ``denoise(_:strength:threads:)``. The work is done on threads of its own. If the task is cancelled it
    /// ends after the current block of the network, of which the default model has eight a tile.
    ///
    /// - Parameters:
    ///   - slice: A slice of any size.
    ///   - strength: How much of the noise is removed, 0…1.
    ///   - threads: The largest number of threads; as many as there are processors if `nil`.
    ///   - progress: Called with the share that is done, from 0 to 1, never less than before, on any thread.
    /// - Precondition: `strength` is in 0…1, `threads` is positive.
    /// - Throws: `CancellationError` if the task is cancelled.
    public func denoise(
        _ slice: CTSlice, strength: Double = 1, threads: Int? = nil, progress: (@Sendable (Double) -> Void)? = nil
    ) async throws -> CTSlice {
        let isCancelled = StopFlag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(
                        with: Result { () throws(CancellationError) in
                            try denoise(slice, strength: strength, threads: threads, tiling: Tiling()) {
                                share throws(CancellationError) in
                                if isCancelled.isSet { throw CancellationError() }
                                progress?(share)
                            }
                        }.mapError { $0 as any Error })
                }
            }
        } onCancel: {
            isCancelled.set()
        }
    }

    /// As ``denoise(_:strength:threads:)``, in tiles of another size.
    ///
    /// - Parameter report: Called with the share that is done, 0…1, at the start, after each block of each network, and at the end.
    /// - Throws: What `report` throws.
    func denoise<Failure: Error>(
        _ slice: CTSlice, strength: Double = 1, threads: Int?, tiling: Tiling,
        report: (Double) throws(Failure) -> Void
    ) throws(Failure) -> CTSlice {
        precondition((0...1).contains(strength), "A strength of \(strength)")
        try report(0)
        if strength == 0 {
            try report(1)
            return slice
        }
        let tissue = TissueMask(slice)
        let seen = slice.samples.map { Float(tissue.admit(slice.scale.hu(stored: $0)).shown) }
        let found = impulses == nil ? nil : Impulses(in: seen, width: slice.width)
        // One for impulses, and then two for noise instead of one.
        var passes = Passes(slice, tiling: tiling, threads: threads ?? processorCount(), count: found == nil ? 1 : 3)
        var estimate = seen
        if let impulses, let found {
            let shown = found.shown(seen)
            let noise = try passes.noise(in: shown, by: impulses, report: report)
            for index in seen.indices where found.mayBe(seen[index]) { estimate[index] = shown[index] - noise[index] }
        }
        if let noise {
            var estimated = try passes.noise(in: estimate, by: noise, report: report)
            // Impulses that nothing has replaced are strong, but in a few places only, as faint noise is.
            let share = impulses == nil ? 1 : FaintNoise.share(of: estimated)
            if found != nil && share > 0 {
                let other = try passes.noise(in: estimate, transposed: true, by: noise, report: report)
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
        try report(1)
        return result
    }
}

/// The passes of networks over one slice.
private struct Passes {
    private let width: Int
    private let height: Int
    private let tiling: Tiling
    private let threads: Int
    /// How many there will be at most.
    private let count: Int
    private var done = 0

    init(_ slice: CTSlice, tiling: Tiling, threads: Int, count: Int) {
        (width, height) = (slice.width, slice.height)
        (self.tiling, self.threads, self.count) = (tiling, threads, count)
    }

    /// The noise that a network sees in `image`, which is as large as the slice, as it is or transposed.
    mutating func noise<Failure: Error>(
        in image: [Float], transposed: Bool = false, by predictor: NoisePredictor,
        report: (Double) throws(Failure) -> Void
    ) throws(Failure) -> [Float] {
        let (across, down) = transposed ? (height, width) : (width, height)
        let shown = transposed ? Self.transposed(image, width: width) : image
        let (before, threads) = (Double(done), threads)
        let all = Double(count)
        let noise = try tiling.map(shown, width: across, height: down) { image, width, height, tile throws(Failure) in
            try predictor.noise(in: image, width: width, height: height, threads: threads) { share throws(Failure) in
                try report((before + (Double(tile.number) + share) / Double(tile.count)) / all)
            }
        }
        done += 1
        return transposed ? Self.transposed(noise, width: across) : noise
    }

    /// Columns of `image`, which has rows of `width`, as rows.
    private static func transposed(_ image: [Float], width: Int) -> [Float] {
        (0..<width).flatMap { column in stride(from: column, to: image.count, by: width).map { image[$0] } }
    }
}
