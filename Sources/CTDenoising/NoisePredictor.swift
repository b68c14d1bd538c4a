internal import CTImages
internal import CTNetwork
internal import CTSupport

/// A network that predicts noise, from HU to HU.
struct NoisePredictor: Sendable {
    let model: Denoiser.Model
    private let inference: InferenceNetwork

    init(_ model: Denoiser.Model, precision: Precision) {
        self.model = model
        inference = InferenceNetwork(model.network, precision: precision)
    }

    /// Creates a predictor from a model file.
    ///
    /// - Throws: `FileError` if the file has no valid network, or one whose output is not finite.
    init(_ file: Safetensors, file name: String, precision: Precision) throws(FileError) {
        var record = file.metadata
        record["config"] = nil
        self.init(try Denoiser.Model(network: Network(file, file: name), record: record), precision: precision)
        // Finite weights can still be so large that the output is not finite.
        let ramp = (0..<256).map { Float($0) * 16 - 2300 }
        let noise = noise(in: ramp, width: 16, height: 16, threads: 1) { _ in }
        guard noise.allSatisfy(\.isFinite) else {
            throw FileError(
                .malformed, file: name, found: "weights so large that the predicted noise is not finite",
                expected: "a model from a successful training", advice: "Use another model.")
        }
    }

    /// Returns the noise in an image of any size, both in HU.
    ///
    /// - Parameter afterBlock: Called after each block of the network with the fraction of blocks done, 0…1.
    /// - Throws: Rethrows the error of `afterBlock`.
    func noise<Failure: Error>(
        in hu: [Float], width: Int, height: Int, threads: Int, afterBlock: (_ share: Double) throws(Failure) -> Void
    ) throws(Failure) -> [Float] {
        let configuration = model.network.configuration
        let (center, spread) = (Float(configuration.center), Float(configuration.spread))
        let patch = configuration.patch
        let columns = (width + patch - 1) / patch * patch
        let rows = (height + patch - 1) / patch * patch
        let across = (0..<columns).map { Self.reflected($0, count: width) }
        var input: [Float] = []
        input.reserveCapacity(rows * columns)
        for row in 0..<rows {
            let start = Self.reflected(row, count: height) * width
            for column in across { input.append((hu[start + column] - center) / spread) }
        }
        var noise = [Float](repeating: 0, count: input.count)
        try inference.estimate(input, rows: rows, columns: columns, threads: threads, into: &noise) {
            done throws(Failure) in
            try afterBlock(Double(done) / Double(configuration.blocks))
        }
        if columns > width || rows > height {
            noise = (0..<height).flatMap { row in noise[row * columns..<row * columns + width] }
        }
        return noise.map { $0 * spread }
    }

    /// Returns the index in `0..<count` that `index` is reflected to at both ends, without repeating the edge.
    private static func reflected(_ index: Int, count: Int) -> Int {
        guard count > 1 else { return 0 }
        let period = 2 * (count - 1)
        let position = ((index % period) + period) % period
        return position < count ? position : period - position
    }
}
