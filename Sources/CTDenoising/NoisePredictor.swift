internal import CTImages
internal import CTNetwork
internal import CTSupport

/// A network in use: from HU to the HU of noise that it sees.
struct NoisePredictor: Sendable {
    let model: Denoiser.Model
    private let inference: InferenceNetwork

    init(_ model: Denoiser.Model, precision: Precision) {
        self.model = model
        inference = InferenceNetwork(model.network, precision: precision)
    }

    /// Makes one of a model file.
    ///
    /// - Throws: ``FileError`` if it holds no network, or one from which nothing finite comes.
    init(_ file: Safetensors, file name: String, precision: Precision) throws(FileError) {
        var record = file.metadata
        record["config"] = nil
        self.init(try Denoiser.Model(network: Network(file, file: name), record: record), precision: precision)
        // Finite weights can still be so large that nothing finite comes out.
        let ramp = (0..<256).map { Float($0) * 16 - 2300 }
        let noise = noise(in: ramp, width: 16, height: 16, threads: 1) { _ in }
        guard noise.allSatisfy(\.isFinite) else {
            throw FileError(
                .malformed, file: name, found: "weights so large that no finite noise comes out",
                expected: "a model whose training went well", advice: "Use another model.")
        }
    }

    /// The noise in an image of any size, both in HU.
    ///
    /// - Parameter afterBlock: Called after each of the network's blocks with the share of them that is done, 0…1.
    /// - Throws: What `afterBlock` throws.
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

    /// The index in `0..<count` that `index` falls on when the indices are reflected at both ends, which are
    /// not repeated.
    private static func reflected(_ index: Int, count: Int) -> Int {
        guard count > 1 else { return 0 }
        let period = 2 * (count - 1)
        let position = ((index % period) + period) % period
        return position < count ? position : period - position
    }
}
