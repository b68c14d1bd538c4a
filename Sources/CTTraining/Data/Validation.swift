package import CTImages
internal import CTMetrics
package import CTNetwork
internal import CTNoise

/// Slices held out from training, with fixed noise.
package struct Validation: Sendable {
    /// The performance of a network on one kind of noise: mean PSNR over slices in dB, for a range of 2047 HU.
    package struct Result: Codable, Hashable, Sendable {
        /// The kind of noise.
        package var name: String
        /// The PSNR before denoising.
        package var noisy: Double
        /// The PSNR after a 3×3 median.
        package var median: Double
        /// The PSNR after the network.
        package var denoised: Double
    }

    private struct Pair: Sendable {
        let clean: [Double]
        let noisy: [Double]
        /// Which samples are tissue; `nil` if all are. Only they are compared.
        let isTissue: [Bool]?

        /// The noisy centre is as the clean one where there is no tissue.
        init(_ clean: Middle, noisy: [Double]) {
            (self.clean, isTissue) = (clean.hu, clean.isTissue)
            self.noisy = isTissue.map { zip(zip(noisy, clean.hu), $0).map { $1 ? $0.0 : $0.1 } } ?? noisy
        }

        /// Returns the PSNR of `test` in dB; NaN if it is not finite.
        func psnr(_ test: [Double]) -> Double {
            func tissue(_ values: [Double]) -> [Double] {
                isTissue.map { zip(values, $0).filter(\.1).map(\.0) } ?? values
            }
            let range = IntensityScale.huRange
            let width = range.upperBound - range.lowerBound
            return (try? peakSignalToNoiseRatio(tissue(clean), tissue(test), dataRange: width)) ?? .nan
        }
    }

    /// The centre of a slice.
    private struct Middle {
        /// HU; where there is no tissue, the value that a network is shown in its place.
        let hu: [Double]
        let isTissue: [Bool]?

        init(of slice: CTSlice, side: Int) {
            let (x, y) = ((slice.width - side) / 2, (slice.height - side) / 2)
            let samples = (y..<y + side).flatMap { row in
                slice.samples[row * slice.width + x..<row * slice.width + x + side]
            }
            (hu, isTissue) = TissueMask(slice).view(of: samples)
        }
    }

    private struct Kind: Sendable {
        let name: String
        let pairs: [Pair]
        let noisyPSNR: Double
        let medianPSNR: Double
    }

    private let side: Int
    private let kinds: [Kind]

    /// Creates a validation from the centres of up to `limit` slices, evenly spread over `slices`, with added noise.
    ///
    /// - Parameters:
    ///   - slices: Clean slices; those smaller than 64 pixels on a side are skipped.
    ///   - recipe: The recipe of the training. If it draws noise of scanners, that is measured as well.
    ///   - limit: The largest number of slices.
    ///   - side: The largest side of the centre in pixels; even.
    /// - Returns: `nil` if no slice remains.
    package init?(_ slices: [CTSlice], for recipe: TrainingRecipe? = nil, limit: Int = 12, side: Int = 384) {
        let large = slices.filter { $0.width >= 64 && $0.height >= 64 }
        let smallest = large.map { min($0.width, $0.height) }.min() ?? 0
        guard smallest > 0 else { return nil }
        let side = min(side, smallest) / 4 * 4
        self.side = side
        let used = (0..<min(limit, large.count)).map { large[$0 * large.count / min(limit, large.count)] }
        let crops = used.map { Middle(of: $0, side: side) }
        let range = IntensityScale.huRange
        let width = range.upperBound - range.lowerBound
        let sigma = 25.0 / 255 * width
        var noises: [(name: String, add: (inout [Double], _ stream: UInt64) -> Void)] = [
            ("white 25/255", { WhiteNoise.add(to: &$0, sigma: sigma, seed: 7, stream: $1) }),
            (
                "salt-and-pepper 10%",
                {
                    SaltAndPepper.apply(
                        to: &$0, density: 0.1, saltShare: 0.5, pepper: range.lowerBound, salt: range.upperBound,
                        seed: 7, stream: $1)
                }
            ),
        ]
        if recipe?.noise.hasScannerNoise == true {
            for (name, text) in [
                ("scanner soft", "scanner:40hu,kernel=soft"), ("scanner sharp", "scanner:70hu,kernel=sharp"),
            ] {
                noises.append(
                    (
                        name,
                        { hu, stream in
                            guard let model = try? NoiseModel([NoiseStep(text)]) else { preconditionFailure(text) }
                            var floats = hu.map { Float($0) }
                            model.add(toHU: &floats, width: side, seed: 7 &+ stream)
                            hu = floats.map { Double($0) }
                        }
                    ))
            }
        }
        kinds = noises.map { name, add in
            let pairs = crops.enumerated().map { index, clean in
                var noisy = clean.hu
                add(&noisy, UInt64(index))
                // As in a file, which cannot hold values below the lowest of its range.
                return Pair(clean, noisy: noisy.map { max($0, range.lowerBound).rounded() })
            }
            return Kind(
                name: name, pairs: pairs, noisyPSNR: Self.mean(pairs) { $0.psnr($0.noisy) },
                medianPSNR: Self.mean(pairs) {
                    $0.psnr(median3x3($0.noisy, width: side, height: side))
                })
        }
    }

    /// Creates a validation from the centres of up to `limit` pairs, evenly spread over `pairs`, with the noise they
    /// have.
    ///
    /// - Parameters:
    ///   - pairs: Pairs; those without a noisy slice or smaller than 64 pixels on a side are skipped.
    ///   - limit: The largest number of pairs.
    ///   - side: The largest side of the centre in pixels; even.
    /// - Returns: `nil` if no pair remains.
    package init?(_ pairs: [TrainingSlices.Pair], limit: Int = 24, side: Int = 384) {
        let large = pairs.filter { $0.noisy != nil && $0.clean.width >= 64 && $0.clean.height >= 64 }
        let smallest = large.map { min($0.clean.width, $0.clean.height) }.min() ?? 0
        guard smallest > 0 else { return nil }
        let side = min(side, smallest) / 4 * 4
        self.side = side
        let used = (0..<min(limit, large.count)).map { large[$0 * large.count / min(limit, large.count)] }
        let middles = used.compactMap { pair in
            pair.noisy.map {
                Pair(Middle(of: pair.clean, side: side), noisy: Middle(of: $0, side: side).hu)
            }
        }
        kinds = [
            Kind(
                name: "pairs", pairs: middles, noisyPSNR: Self.mean(middles) { $0.psnr($0.noisy) },
                medianPSNR: Self.mean(middles) { $0.psnr(median3x3($0.noisy, width: side, height: side)) })
        ]
    }

    /// Returns the performance of `network`, one result per kind of noise.
    package func results(of network: Network, threads: Int) -> [Result] {
        let inference = InferenceNetwork(network)
        let (center, spread) = (network.configuration.center, network.configuration.spread)
        return kinds.map { kind in
            let denoised = Self.mean(kind.pairs) { pair in
                let input = pair.noisy.map { Float(($0 - center) / spread) }
                let noise = inference.noise(in: input, rows: side, columns: side, threads: threads)
                let isAsked: (Double) -> Bool =
                    network.configuration.target == .impulses
                    ? { TrainingNoise.mayBeImpulse(Float($0)) } : { _ in true }
                return pair.psnr(zip(pair.noisy, noise).map { isAsked($0) ? $0 - spread * Double($1) : $0 })
            }
            return Result(name: kind.name, noisy: kind.noisyPSNR, median: kind.medianPSNR, denoised: denoised)
        }
    }

    private static func mean(_ pairs: [Pair], _ value: (Pair) -> Double) -> Double {
        pairs.reduce(0) { $0 + value($1) } / Double(pairs.count)
    }
}
