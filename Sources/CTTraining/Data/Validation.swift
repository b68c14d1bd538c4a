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
    ///   - limit: The largest number of slices.
    ///   - side: The largest side of the centre in pixels; even.
    /// - Returns: `nil` if no slice remains.
    package init?(_ slices: [CTSlice], limit: Int = 12, side: Int = 384) {
        let large = slices.filter { $0.width >= 64 && $0.height >= 64 }
        let smallest = large.map { min($0.width, $0.height) }.min() ?? 0
        guard smallest > 0 else { return nil }
        let side = min(side, smallest) / 4 * 4
        self.side = side
        let used = (0..<min(limit, large.count)).map { large[$0 * large.count / min(limit, large.count)] }
        let crops = used.map { Self.middle(of: $0, side: side) }
        let range = IntensityScale.huRange
        let width = range.upperBound - range.lowerBound
        let sigma = 25.0 / 255 * width
        let noises: [(name: String, add: (inout [Double], _ stream: UInt64) -> Void)] = [
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
        kinds = noises.map { name, add in
            let pairs = crops.enumerated().map { index, clean in
                var noisy = clean
                add(&noisy, UInt64(index))
                // As in a file, which cannot hold values below the lowest of its range.
                return Pair(clean: clean, noisy: noisy.map { max($0, range.lowerBound).rounded() })
            }
            return Kind(
                name: name, pairs: pairs, noisyPSNR: Self.mean(pairs) { Self.psnr($0.clean, $0.noisy) },
                medianPSNR: Self.mean(pairs) {
                    Self.psnr($0.clean, median3x3($0.noisy, width: side, height: side))
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
                Pair(clean: Self.middle(of: pair.clean, side: side), noisy: Self.middle(of: $0, side: side))
            }
        }
        kinds = [
            Kind(
                name: "pairs", pairs: middles, noisyPSNR: Self.mean(middles) { Self.psnr($0.clean, $0.noisy) },
                medianPSNR: Self.mean(middles) { Self.psnr($0.clean, median3x3($0.noisy, width: side, height: side)) })
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
                return Self.psnr(
                    pair.clean, zip(pair.noisy, noise).map { isAsked($0) ? $0 - spread * Double($1) : $0 })
            }
            return Result(name: kind.name, noisy: kind.noisyPSNR, median: kind.medianPSNR, denoised: denoised)
        }
    }

    private static func middle(of slice: CTSlice, side: Int) -> [Double] {
        let hu = slice.hu
        let (x, y) = ((slice.width - side) / 2, (slice.height - side) / 2)
        return (y..<y + side).flatMap { row in hu[row * slice.width + x..<row * slice.width + x + side] }
    }

    private static func mean(_ pairs: [Pair], _ value: (Pair) -> Double) -> Double {
        pairs.reduce(0) { $0 + value($1) } / Double(pairs.count)
    }

    /// Returns the PSNR in dB; NaN if the network's output is not finite.
    private static func psnr(_ clean: [Double], _ test: [Double]) -> Double {
        let range = IntensityScale.huRange
        return (try? peakSignalToNoiseRatio(clean, test, dataRange: range.upperBound - range.lowerBound)) ?? .nan
    }
}
