internal import CTSupport

/// How the power of a slice's noise is spread over high spatial frequencies.
///
/// The slice is cut into 8×8 blocks, and the discrete cosine transform of each is taken. For each wave, the median
/// magnitude over blocks measures noise, since anatomy is in few blocks; Ponomarenko et al. 2003 estimate noise in this
/// way ("Blind evaluation of additive noise variance in textured images by nonlinear processing of block DCT data",
/// doi 10.1117/12.477717). The powers of waves are averaged in rings of equal frequency.
public struct NoiseColour: Hashable, Sendable {
    /// The standard deviation in HU that white noise with the power of the ring would have, for rings of 0.18…0.27,
    /// 0.27…0.36, 0.36…0.44 and above 0.44 cycles per pixel.
    public let deviations: [Double]

    /// The standard deviation in HU that a quarter of the blocks are below.
    ///
    /// Anatomy gives slices without noise up to 30 HU.
    let quietDeviation: Double

    /// The fewest blocks to measure.
    private static let leastBlocks = 50

    /// The most blocks to measure, evenly spread.
    private static let mostBlocks = 1024

    /// Measures a slice.
    ///
    /// - Parameters:
    ///   - hu: The slice in HU, in rows of `width`.
    ///   - width: The number of columns, at least 1.
    /// - Returns: `nil` if the slice has fewer than 50 whole blocks in the body.
    /// - Precondition: All values are finite.
    public init?(_ hu: [Float], width: Int) {
        let (columns, rows) = (width / 8, hu.count / width / 8)
        var blocks: [[SIMD8<Float>]] = []
        let all = columns * rows
        let step = max(all / Self.mostBlocks, 1)
        for number in stride(from: 0, to: all, by: step) {
            let start = number / columns * 8 * width + number % columns * 8
            let block = (0..<8).map { row in
                var values = SIMD8<Float>()
                for column in 0..<8 { values[column] = hu[start + row * width + column] }
                return values
            }
            let mean = block.reduce(SIMD8<Float>()) { $0 + $1 }.sum() / 64
            // Air around the body has hardly any noise, or is clamped.
            guard mean > -980, block.contains(where: { $0 != SIMD8(repeating: block[0][0]) }) else { continue }
            blocks.append(Self.cosineTransform(block))
        }
        guard blocks.count >= Self.leastBlocks else { return nil }
        var powers = [(sum: Double, count: Int)](repeating: (0, 0), count: Self.rings.count)
        for v in 0..<8 {
            for u in 0..<8 {
                guard let ring = Self.rings.firstIndex(where: { $0.contains(u * u + v * v) }) else { continue }
                let sizes = blocks.map { abs($0[v][u]) }.sorted()
                // The median magnitude of a normal deviate is 0.6745 standard deviations.
                let deviation = Double(sizes[sizes.count / 2]) / 0.6745
                powers[ring].sum += deviation * deviation
                powers[ring].count += 1
            }
        }
        let variances = blocks.map { block in
            block.reduce(0) { $0 + ($1 * $1).sum() } - block[0][0] * block[0][0]
        }.sorted()
        quietDeviation = (Double(variances[variances.count / 4]) / 64).squareRoot()
        deviations = powers.map { ($0.sum / Double($0.count)).squareRoot() }
    }

    /// Squares of the frequencies of rings, in units of a sixteenth of a cycle per pixel.
    private static let rings = [9..<19, 19..<33, 33..<51, 51..<99]

    /// Whether noise has nearly the same power at all high frequencies, and is too strong to be anatomy.
    ///
    /// Noise of scanners has less power in the corners of the spectrum, even with sharp kernels: 0.55 to 0.75 of that
    /// in the ring below; white noise of 40 HU and more has 0.83 to 1.05.
    public var isWhite: Bool {
        let (middle, fine, corner) = (deviations[1], deviations[2], deviations[3])
        guard fine >= 20 else { return false }
        let (above, below) = (corner * corner / (fine * fine), middle * middle / (fine * fine))
        return (0.8...1.15).contains(above) && below < 1.4
    }

    /// Whether there is more noise than anatomy could pass for.
    package var isStrong: Bool { quietDeviation >= 35 }

    /// Returns whether most of the noise, if it is strong, is still in a slice from which noise was removed.
    ///
    /// - Parameters:
    ///   - hu: The slice without the removed noise.
    ///   - width: The number of columns.
    package func isLeft(in hu: [Float], width: Int) -> Bool {
        guard let rest = NoiseColour(hu, width: width) else { return false }
        return rest.quietDeviation > 0.65 * quietDeviation
    }

    /// Returns the orthonormal cosine transform of a block, row by row.
    private static func cosineTransform(_ block: [SIMD8<Float>]) -> [SIMD8<Float>] {
        transposed(down(transposed(down(block))))
    }

    private static func down(_ block: [SIMD8<Float>]) -> [SIMD8<Float>] {
        (0..<8).map { wave in
            var sum = SIMD8<Float>()
            for row in 0..<8 { sum += basis[wave * 8 + row] * block[row] }
            return sum
        }
    }

    private static func transposed(_ block: [SIMD8<Float>]) -> [SIMD8<Float>] {
        (0..<8).map { row in
            var values = SIMD8<Float>()
            for column in 0..<8 { values[column] = block[column][row] }
            return values
        }
    }

    /// The waves, one per row.
    private static let basis: [Float] = (0..<64).map { index in
        let (wave, place) = (Double(index / 8), Double(index % 8))
        let scale = wave == 0 ? 0.125 : 0.25
        return Float(scale.squareRoot() * cosine(.pi * wave * (place + 0.5) / 8))
    }
}
