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

    /// What a network of a denoiser is for.
    package enum Role: String, Codable, Sendable {
        /// Values that impulse noise hides.
        case impulses
        /// Noise of any other kind.
        case noise
        /// White noise, beside another network for noise of scanners.
        case whiteNoise
        /// Noise of scanners.
        case scannerNoise
    }

    /// The networks in use, in the order of their application: for impulses, for noise of any kind or white noise, and
    /// for noise of scanners.
    package var models: [(role: Role, model: Model)] {
        [(.impulses, impulses), (scanner == nil ? .noise : .whiteNoise, noise), (.scannerNoise, scanner)].compactMap {
            role, predictor in predictor.map { (role, $0.model) }
        }
    }

    /// Restores samples replaced by impulse noise; `nil` if the model has no such network.
    private let impulses: NoisePredictor?

    /// Removes noise that affects all samples; `nil` if the model has no such network.
    private let noise: NoisePredictor?

    /// Removes noise of scanners, in place of ``noise``; `nil` if that is for all kinds.
    private let scanner: NoisePredictor?

    /// Creates a denoiser from a network.
    ///
    /// - Parameters:
    ///   - network: A network; if its target is impulses, samples without impulses are returned unchanged.
    ///   - impulses: A second network, whose target is impulses, which is applied first.
    ///   - scanner: A network that is applied in place of `network` to slices whose noise is not white.
    ///   - precision: The precision of matrix products.
    /// - Precondition: If `impulses` is given, its target is impulses and that of `network` is noise; if `scanner` is
    ///   given, its target and that of `network` are noise.
    public init(
        _ network: Network, impulses: Network? = nil, scanner: Network? = nil, precision: Precision = .single
    ) {
        func predictor(_ network: Network) -> NoisePredictor {
            NoisePredictor(Model(network: network, record: [:]), precision: precision)
        }
        let isForNoise = network.configuration.target == .noise
        precondition(impulses.map { isForNoise && $0.configuration.target == .impulses } ?? true, "Targets of networks")
        precondition(scanner.map { isForNoise && $0.configuration.target == .noise } ?? true, "Targets of networks")
        self.init(
            impulses: isForNoise ? impulses.map(predictor) : predictor(network),
            noise: isForNoise ? predictor(network) : nil, scanner: scanner.map(predictor))
    }

    /// Creates a denoiser from a model file.
    ///
    /// - Parameters:
    ///   - path: The path of a safetensors file that `ctdenoise train` wrote.
    ///   - precision: The precision of matrix products.
    /// - Throws: `FileError` if the file cannot be read or has no valid network.
    public init(modelAt path: String, precision: Precision = .single) throws(FileError) {
        let predictor = try NoisePredictor(Safetensors(contentsOf: path), file: path, precision: precision)
        let isForNoise = predictor.model.network.configuration.target == .noise
        self.init(impulses: isForNoise ? nil : predictor, noise: isForNoise ? predictor : nil, scanner: nil)
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
        return Denoiser(impulses: other, noise: noise, scanner: scanner)
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
        let name = model.rawValue
        unsafe self.init(
            impulses: try estimator(model.impulseFile, "the \(name) model for impulses"),
            noise: try estimator(model.file, "the \(name) model for white noise"),
            scanner: try estimator(model.scannerFile, "the \(name) model for scanner noise"))
    }

    private init(impulses: NoisePredictor?, noise: NoisePredictor?, scanner: NoisePredictor?) {
        self.impulses = impulses
        self.noise = noise
        self.scanner = scanner
    }

    // MARK: - Denoising

    /// Returns `slice` without the noise that the model predicts.
    ///
    /// If the model has a network for noise of scanners, the slice's spectrum decides between it and the one for white
    /// noise. If the model has a network for impulses, and about one sample in 5000 or more differs from all its
    /// neighbours by at least 400 HU, the samples with the value of salt or pepper are replaced first. The remaining
    /// noise is then estimated twice, the second time from the transposed slice, since missing samples make estimates
    /// worse; this takes half as long again. White noise below 3 HU is not removed, and below 5 HU only in part, so
    /// that clean slices are returned unchanged; of faint noise of scanners, up to 1.8 times the prediction is removed.
    /// A model with a single network for all noise may predict a few impulses and nothing else, so its whole prediction
    /// is removed.
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
        denoised(slice, amount: .strength(strength), threads: threads).slice
    }

    /// Returns `slice` without some or all of the noise that the model predicts, and what is known of the noise.
    ///
    /// - Parameters:
    ///   - slice: A slice of any size.
    ///   - amount: How much of the noise to remove.
    ///   - threads: The largest number of threads; `nil` for the number of processors.
    /// - Precondition: A strength is in 0…1, and noise to leave is not negative; `threads` is positive.
    public func denoised(
        _ slice: CTSlice, amount: DenoisingAmount = .strength(1), threads: Int? = nil
    ) -> Denoised {
        denoised(slice, amount: amount, threads: threads, tiling: Tiling()) { _ in }
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
                            try denoised(slice, amount: .strength(strength), threads: threads, tiling: Tiling()) {
                                share throws(CancellationError) in
                                if isCancelled.isSet { throw CancellationError() }
                                progress?(share)
                            }.slice
                        }.mapError { $0 as any Error })
                }
            }
        } onCancel: {
            isCancelled.set()
        }
    }

    /// Returns the result of ``denoised(_:amount:threads:)`` with another tiling.
    ///
    /// - Parameter report: Called with the fraction done, 0…1, at the start, after each block of each network, and at
    ///   the end.
    /// - Throws: Rethrows the error of `report`.
    func denoised<Failure: Error>(
        _ slice: CTSlice, amount: DenoisingAmount = .strength(1), threads: Int?, tiling: Tiling,
        report: (Double) throws(Failure) -> Void
    ) throws(Failure) -> Denoised {
        precondition(amount.complaint == nil, amount.complaint ?? "")
        try report(0)
        if amount.isNothing {
            try report(1)
            return Denoised(slice: slice, noise: nil)
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
        var removed: RemovedPart?
        if let noise {
            let colour = scanner == nil ? nil : NoiseColour(estimate, width: slice.width)
            // Beside impulses, noise must be more than the texture that they leave of tissue.
            let isColoured = colour.map { !$0.isWhite && (found == nil || $0.isStrong) } ?? false
            let network = isColoured ? scanner ?? noise : noise
            var predicted = try passes.noise(in: estimate, by: network, report: report)
            // Impulses left in place are strong but rare, so that the noise would pass for faint.
            let certain = impulses == nil ? 1 : (isColoured ? FaintNoise.scanner : .white).part(of: predicted)
            if found != nil && certain > 0 {
                let other = try passes.noise(in: estimate, transposed: true, by: network, report: report)
                for index in predicted.indices { predicted[index] = (predicted[index] + other[index]) / 2 }
            }
            removed = RemovedPart(
                of: predicted, in: estimate, width: slice.width, certain: certain, amount: amount,
                kind: scanner == nil ? nil : isColoured ? .scanner : .white, colour: colour)
            if let removed { for index in estimate.indices { estimate[index] -= removed.factor * predicted[index] } }
        }
        let isIsolated = found == nil ? nil : slice.isolatedEnds(outside: tissue)
        // For other amounts than a strength, the part of the noise is chosen above.
        let strength = if case .strength(let strength) = amount { strength } else { 1.0 }
        let unit = strength / slice.scale.slope
        var result = slice
        result.samples = slice.samples.indices.map { index in
            let sample = slice.samples[index]
            if tissue.contains(sample) { return sample - unit * Double(seen[index] - estimate[index]) }
            guard let found, found.mayBe(seen[index]), isIsolated?[index] == true else { return sample }
            return sample + strength * (slice.scale.stored(hu: Double(estimate[index])) - sample)
        }
        try report(1)
        return Denoised(slice: result, noise: removed?.finding)
    }
}

/// The part of the predicted noise that is removed, before the strength is applied, and what is known of it.
private struct RemovedPart {
    let factor: Float
    let finding: Denoised.Noise

    /// - Parameters:
    ///   - predicted: The predicted noise in HU.
    ///   - hu: The noisy slice.
    ///   - certain: The part of the prediction that is surely noise; more than 1 if there is more noise than predicted.
    ///   - kind: The kind of noise, if the model distinguishes some.
    ///   - colour: The colour of the noisy slice, if it was measured.
    init(
        of predicted: [Float], in hu: [Float], width: Int, certain: Float, amount: DenoisingAmount,
        kind: Denoised.Noise.Kind?, colour: NoiseColour?
    ) {
        // Where more than the prediction is removed, so much is known to be noise.
        let scale = Double(max(certain, 1))
        let square =
            predicted.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(predicted.count, 1)) * scale * scale
        let strength: Double
        switch amount {
        case .strength(let share):
            (factor, strength) = (certain, share)
        case .targetNoise(let target):
            factor = certain * Float(Self.part(of: predicted, times: certain, leaving: target, in: hu, width: width))
            strength = 1
        }
        finding = Denoised.Noise(
            kind: kind, deviation: square.squareRoot(), removed: strength * Double(factor) / scale,
            isFaint: certain < 1 && square > 0,
            isUnknown: colour.map { Self.isLeft(predicted, times: certain, in: hu, width: width, $0) } ?? false)
    }

    /// Returns whether a slice still has most of strong noise when the prediction is removed.
    private static func isLeft(
        _ predicted: [Float], times certain: Float, in hu: [Float], width: Int, _ colour: NoiseColour
    ) -> Bool {
        // The colour is known, and rules most slices out. Anatomy that is fine for the size of the slice passes; only
        // noise is in flat places, too.
        guard colour.isStrong else { return false }
        let rest = zip(hu, predicted).map { $0 - certain * $1 }
        guard colour.isLeft(in: rest, width: width),
            let before = NoiseEstimate(hu.map { Double($0) }, width: width).body, before >= 20,
            let after = NoiseEstimate(rest.map { Double($0) }, width: width).body
        else { return false }
        return after > 0.65 * before
    }

    /// Returns the fraction of `certain` · `predicted` to remove so that noise of `target` HU is left.
    ///
    /// What is left of the noise is the rest that was not predicted, of deviation r, and a part g of the prediction, of
    /// deviation p. With noise of deviation t before, its square is r² + g (t² − r² − p²) + g² p².
    private static func part(
        of predicted: [Float], times certain: Float, leaving target: Double, in hu: [Float], width: Int
    ) -> Double {
        let noisy = hu.map { Double($0) }
        let noise = predicted.map { Double(certain * $0) }
        let before = NoiseEstimate(noisy, width: width)
        let rest = NoiseEstimate(zip(noisy, noise).map { $0 - $1 }, width: width)
        let part = NoiseEstimate.deviations(of: noise, inTissuesOf: noisy, width: width)
        let levels = [(before.softTissue, rest.softTissue, part.softTissue), (before.lung, rest.lung, part.lung)]
        for case (let before?, let rest, let part?) in levels where part > 0 {
            if target >= before { return 0 }
            let (rest, square) = (rest ?? 0, part * part)
            if target <= rest { return 1 }
            let half = (before * before - rest * rest - square) / (2 * square)
            let left = (half * half + (target * target - rest * rest) / square).squareRoot() - half
            return 1 - min(max(left, 0), 1)
        }
        let deviation = (noise.reduce(0) { $0 + $1 * $1 } / Double(max(noise.count, 1))).squareRoot()
        return deviation > target ? 1 - target / deviation : 0
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
