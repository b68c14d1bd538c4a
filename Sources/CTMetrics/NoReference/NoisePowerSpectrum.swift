internal import CTSupport

/// The noise power spectrum (NPS): noise power by spatial frequency, averaged over all directions.
///
/// Follows the report of AAPM's task group 233 (Samei et al. 2019, doi 10.1002/mp.13763): the quadratic trend is
/// removed from half-overlapping squares of the image, and the squared magnitudes of their Fourier transforms are
/// averaged over squares, then over rings of equal frequency.
public struct NoisePowerSpectrum: Hashable, Sendable {
    /// The centre frequencies of the rings, in cycles per mm, from 0 to half a cycle per pixel.
    public let frequencies: [Double]

    /// The noise power at each of ``frequencies``, in HU² mm². Its integral over the plane, corners included, is the
    /// variance.
    public let powers: [Double]

    /// The number of squares averaged.
    package let squares: Int

    /// The side of the squares in pixels.
    package static let side = 32

    /// Creates the spectrum of an image.
    ///
    /// - Parameters:
    ///   - values: Noise in HU, or a uniform object with noise, in rows of `width`.
    ///   - width: The number of columns.
    ///   - isUsed: A mask of the image's size. A square is measured if at least nine tenths of its pixels are true;
    ///     every square if `nil`.
    ///   - pixel: The side of a pixel in mm.
    /// - Returns: `nil` if there is no such square.
    /// - Precondition: `width` is positive and divides the number of values, and `isUsed`, if given, has as many
    ///   elements as `values`.
    public init?(_ values: [Double], width: Int, where isUsed: [Bool]? = nil, pixel: Double) {
        let side = Self.side
        precondition(width > 0 && values.count % width == 0, "\(values.count) values in rows of \(width)")
        precondition(isUsed.map { $0.count == values.count } ?? true, "a mask of another size")
        let height = values.count / width
        guard width >= side, height >= side else { return nil }
        let transform = FourierTransform(length: side)
        let trend = QuadraticTrend(side: side)
        var sum = [Double](repeating: 0, count: side * side)
        var squares = 0
        for top in stride(from: 0, through: height - side, by: side / 2) {
            for left in stride(from: 0, through: width - side, by: side / 2) {
                let indices = (0..<side * side).map { (top + $0 / side) * width + left + $0 % side }
                if let isUsed, indices.count(where: { isUsed[$0] }) * 10 < 9 * indices.count { continue }
                let residual = trend.removed(from: indices.map { values[$0] })
                var numbers = [Float](repeating: 0, count: 2 * residual.count)
                for (index, value) in residual.enumerated() { numbers[2 * index] = Float(value) }
                transform.transform(square: &numbers)
                for index in sum.indices {
                    let (real, imaginary) = (Double(numbers[2 * index]), Double(numbers[2 * index + 1]))
                    sum[index] += real * real + imaginary * imaginary
                }
                squares += 1
            }
        }
        guard squares > 0 else { return nil }
        self.squares = squares
        let rings = side / 2 + 1
        var (powers, counts) = ([Double](repeating: 0, count: rings), [Double](repeating: 0, count: rings))
        for row in 0..<side {
            for column in 0..<side {
                let (v, u) = (Double(min(row, side - row)), Double(min(column, side - column)))
                let ring = Int((u * u + v * v).squareRoot().rounded())
                guard ring < rings else { continue }
                powers[ring] += sum[row * side + column]
                counts[ring] += 1
            }
        }
        let scale = pixel * pixel / Double(side * side * squares)
        self.powers = zip(powers, counts).map { $0 / $1 * scale }
        frequencies = (0..<rings).map { Double($0) / (Double(side) * pixel) }
    }

    /// The peak frequency, in cycles per mm.
    ///
    /// This is the power-weighted mean of all frequencies whose power, smoothed over five rings, is at least 0.8 of the
    /// maximum: spectra of sharp kernels are flat at the top, where the position of the maximum itself is random. The
    /// lowest ring is excluded, since a trend was removed.
    public var peak: Double {
        let weights = [1.0, 2, 3, 2, 1]
        let smooth = powers.indices.map { ring in
            // At either end, only the rings that exist.
            let near = weights.indices.filter { powers.indices.contains(ring + $0 - 2) }
            let sum = near.reduce(0) { $0 + weights[$1] * powers[ring + $1 - 2] }
            return sum / near.reduce(0) { $0 + weights[$1] }
        }
        let least = 0.8 * (smooth.dropFirst().max() ?? 0)
        let top = smooth.indices.dropFirst().filter { smooth[$0] >= least }
        let power = top.reduce(0) { $0 + smooth[$1] }
        return power > 0 ? top.reduce(0) { $0 + frequencies[$1] * smooth[$1] } / power : 0
    }

    /// The mean frequency weighted by power, in cycles per mm.
    public var mean: Double {
        let sum = powers.reduce(0, +)
        return sum > 0 ? zip(frequencies, powers).reduce(0) { $0 + $1.0 * $1.1 } / sum : 0
    }
}

/// The least-squares fit of a polynomial of degree 2 to a square.
private struct QuadraticTrend {
    /// Six orthonormal polynomials on the square.
    private let basis: [[Double]]

    init(side: Int) {
        let places = (0..<side * side).map { index in
            (2 * Double(index % side) / Double(side - 1) - 1, 2 * Double(index / side) / Double(side - 1) - 1)
        }
        let monomials = [
            places.map { _ in 1.0 }, places.map(\.0), places.map(\.1), places.map { $0.0 * $0.0 },
            places.map { $0.0 * $0.1 }, places.map { $0.1 * $0.1 },
        ]
        var basis: [[Double]] = []
        for monomial in monomials {
            let rest = Self.subtract(basis, from: monomial)
            let norm = rest.reduce(0) { $0 + $1 * $1 }.squareRoot()
            basis.append(rest.map { $0 / norm })
        }
        self.basis = basis
    }

    func removed(from values: [Double]) -> [Double] { Self.subtract(basis, from: values) }

    private static func subtract(_ basis: [[Double]], from values: [Double]) -> [Double] {
        basis.reduce(values) { rest, polynomial in
            let part = zip(rest, polynomial).reduce(0) { $0 + $1.0 * $1.1 }
            return zip(rest, polynomial).map { $0 - part * $1 }
        }
    }
}
