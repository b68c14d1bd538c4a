public import CTImages
internal import CTMetrics
public import CTNetwork
public import CTSupport
internal import Dispatch

/// Removes noise from slices; the starting point for users of the library.
///
/// ```swift
/// let denoiser = try Denoiser.bundled()
/// var file = try ImageFile(contentsOf: "slice.png")
/// file.pages = file.pages.map { denoiser.denoise($0) }
/// try file.write(to: "denoised.png")
/// ```
///
/// A denoiser is immutable and safe to use from several threads at once.
public struct Denoiser: Sendable {
    /// The contents of a model file.
    package struct Model: Sendable {
        /// The trained network.
        package let network: Network

        /// The file's metadata by key: a description, the recipe and the course of the training.
        package let record: [String: String]
    }

    /// The networks in use, in the order of their application: one for impulses and one for all other noise, or a
    /// single one.
    package var models: [Model] { [impulses, noise].compactMap { $0?.model } }

    /// Restores samples replaced by impulse noise; `nil` if the model has no such network.
    private let impulses: NoisePredictor?

    /// Removes noise that affects all samples; `nil` if the model has no such network.
    private let noise: NoisePredictor?

    /// Creates a denoiser from a network.
    ///
    /// - Parameters:
    ///   - network: A network; if its target is impulses, samples without impulses are returned unchanged.
    ///   - impulses: A second network, whose target is impulses, which is applied first.
    ///   - precision: The precision of matrix products.
    /// - Precondition: If `impulses` is given, its target is impulses and that of `network` is noise.
    public init(_ network: Network, impulses: Network? = nil, precision: Precision = .single) {
        self.init(
            [impulses, network].compactMap(\.self).map { network in
                NoisePredictor(Model(network: network, record: [:]), precision: precision)
            })
        precondition(models.count == (impulses == nil ? 1 : 2), "Two networks with the same target")
    }

    /// Creates a denoiser from a model file.
    ///
    /// - Parameters:
    ///   - path: The path of a safetensors file that `ctdenoise train` wrote.
    ///   - precision: The precision of matrix products.
    /// - Throws: `FileError` if the file cannot be read or has no valid network.
    public init(modelAt path: String, precision: Precision = .single) throws(FileError) {
        self.init([try NoisePredictor(Safetensors(contentsOf: path), file: path, precision: precision)])
    }

    /// Returns a denoiser that first replaces impulses with the network of a model file, and then removes noise as this
    /// one does.
    ///
    /// - Parameter path: The path of a safetensors file with a network whose target is impulses.
    /// - Throws: `FileError` if the file cannot be read, or its network has another target; or if this denoiser has no
    ///   network for the noise that is left.
    package func replacingImpulses(
        withModelAt path: String, precision: Precision = .single
    ) throws(FileError) -> Denoiser {
        let other = try NoisePredictor(Safetensors(contentsOf: path), file: path, precision: precision)
        guard other.model.network.configuration.target == .impulses else {
            throw FileError(
                file: path, found: "a network for noise", expected: "one whose target is impulses",
                advice: "Train one with a recipe such as Recipes/default_impulses.json.")
        }
        guard let noise else {
            throw FileError(
                file: path, found: "another network for impulses already", expected: "one for noise beside it",
                advice: "Pass the model for noise as --model.")
        }
        return Denoiser([other, noise])
    }

    /// Returns a denoiser with a bundled model.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - precision: The precision of matrix products.
    /// - Throws: `FileError` if the program was built with a damaged model.
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

    /// Returns `slice` without the noise that the model predicts.
    ///
    /// If the model has a network for impulses, and about one sample in 5000 or more differs from all its neighbours by
    /// at least 400 HU, the samples with the value of salt or pepper are replaced first. The remaining noise is then
    /// estimated twice, the second time from the transposed slice, since missing samples make estimates worse; this
    /// takes half as long again. Noise below 3 HU is not removed, and noise below 5 HU only in part, so that clean
    /// slices are returned unchanged. A model with a single network for all noise may predict a few impulses and
    /// nothing else, so its whole prediction is removed.
    ///
    /// Estimates are made in HU, so the slice's `CTSlice.scale` matters. They are subtracted from the stored samples,
    /// which are neither rounded nor clamped. Samples that are not tissue stay unchanged: padding, that is values below
    /// −1100 HU that many samples have, and those that the file declares; values outside −3500…5000 HU, such as metal;
    /// and NaN. Impulses may have the least or greatest value of the sample type, whatever that is in HU.
    ///
    /// The result does not depend on the number of threads.
    ///
    /// - Parameters:
    ///   - slice: A slice of any size.
    ///   - strength: The fraction of the predicted noise to remove, from 0 (returns the slice unchanged) to 1.
    ///   - threads: The largest number of threads; `nil` for the number of processors.
    /// - Precondition: `strength` is in 0…1; `threads` is positive.
    public func denoise(_ slice: CTSlice, strength: Double = 1, threads: Int? = nil) -> CTSlice {
        denoise(slice, strength: strength, threads: threads, tiling: Tiling()) { _ in }
    }

    /// Returns `slice` without the noise that the model predicts, without blocking the calling task.
    ///
    /// The result is that of ``denoise(_:strength:threads:)``. The work runs outside the cooperative thread pool. If
    /// the task is cancelled, it stops after the current block of the network, of which the default model has eight per
    /// tile.
    ///
    /// - Parameters:
    ///   - slice: A slice of any size.
    ///   - strength: The fraction of the predicted noise to remove, 0…1.
    ///   - threads: The largest number of threads; `nil` for the number of processors.
    ///   - progress: Called on any thread with the fraction done, from 0 to 1, which never decreases.
    /// - Precondition: `strength` is in 0…1; `threads` is positive.
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

    /// Returns the result of ``denoise(_:strength:threads:)`` with another tiling.
    ///
    /// - Parameter report: Called with the fraction done, 0…1, at the start, after each block of each network, and at
    ///   the end.
    /// - Throws: Rethrows the error of `report`.
    func denoise<Failure: Error>(
        _ slice: CTSlice, strength: Double = 1, threads: Int?, tiling: Tiling,
        report: (Double) throws(Failure) -> Void
    ) throws(Failure) -> CTSlice {
        precondition((0...1).contains(strength), "Strength \(strength)")
        try report(0)
        if strength == 0 {
            try report(1)
            return slice
        }
        let tissue = TissueMask(slice)
        let seen = slice.samples.map { Float(tissue.admit($0).shown) }
        let found = impulses == nil ? nil : Impulses(in: seen, width: slice.width)
        // One pass for impulses, and then two for noise in place of one.
        var passes = Passes(slice, tiling: tiling, threads: threads ?? processorCount(), count: found == nil ? 1 : 3)
        var estimate = seen
        if let impulses, let found {
            let shown = found.shown(seen)
            let noise = try passes.noise(in: shown, by: impulses, report: report)
            for index in seen.indices where found.mayBe(seen[index]) { estimate[index] = shown[index] - noise[index] }
        }
        if let noise {
            var estimated = try passes.noise(in: estimate, by: noise, report: report)
            // Impulses left in place are strong but rare, so that the noise would pass for faint.
            let share = impulses == nil ? 1 : FaintNoise.share(of: estimated)
            if found != nil && share > 0 {
                let other = try passes.noise(in: estimate, transposed: true, by: noise, report: report)
                for index in estimated.indices { estimated[index] = (estimated[index] + other[index]) / 2 }
            }
            for index in estimate.indices { estimate[index] -= share * estimated[index] }
        }
        let isIsolated = found == nil ? nil : slice.isolatedEnds(outside: tissue)
        let unit = strength / slice.scale.slope
        var result = slice
        result.samples = slice.samples.indices.map { index in
            let sample = slice.samples[index]
            if tissue.contains(sample) { return sample - unit * Double(seen[index] - estimate[index]) }
            guard let found, found.mayBe(seen[index]), isIsolated?[index] == true else { return sample }
            return sample + strength * (slice.scale.stored(hu: Double(estimate[index])) - sample)
        }
        try report(1)
        return result
    }
}

/// The passes of networks over one slice, with their progress.
private struct Passes {
    private let width: Int
    private let height: Int
    private let tiling: Tiling
    private let threads: Int
    /// The largest possible number of passes.
    private let count: Int
    private var done = 0

    init(_ slice: CTSlice, tiling: Tiling, threads: Int, count: Int) {
        (width, height) = (slice.width, slice.height)
        (self.tiling, self.threads, self.count) = (tiling, threads, count)
    }

    /// Returns the noise that a network predicts in `image`, which has the size of the slice, as is or transposed.
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

    /// Returns the transpose of `image`, whose rows have `width` values.
    private static func transposed(_ image: [Float], width: Int) -> [Float] {
        (0..<width).flatMap { column in stride(from: column, to: image.count, by: width).map { image[$0] } }
    }
}
