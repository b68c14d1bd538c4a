internal import CTSupport

/// Gaussian noise whose power spectrum is that of white noise in the views after filtered back-projection: frequency
/// times the square of the kernel's weight (Riederer, Pelc and Chesler 1978, doi 10.1088/0031-9155/23/3/008).
struct CorrelatedNoise {
    let kernel: ReconstructionKernel

    /// The side of a pixel in mm.
    let pixel: Double

    /// The distance in pixels beyond which noise is as good as uncorrelated.
    private static let reach = 64

    /// Returns a noise field (height, width) of standard deviation 1, put together from tiles of at most `longest` a
    /// side.
    func field(width: Int, height: Int, random: CounterRandom, longest: Int = 8192 - reach) -> [Double] {
        NoiseTiles(width: width, height: height, longest: longest, overlap: Self.reach).fields { width, height, first in
            [tile(width: width, height: height, random: random, first: first)]
        }[0]
    }

    /// Returns a noise field whose numbers begin with the number `first` of `random`.
    ///
    /// The field is cut from a periodic one, with a margin of at least `reach` pixels so that it does not repeat.
    private func tile(width: Int, height: Int, random: CounterRandom, first: UInt64) -> [Double] {
        let (across, down) = (
            FourierTransform.length(atLeast: width + Self.reach), FourierTransform.length(atLeast: height + Self.reach)
        )
        var numbers = [Float](repeating: 0, count: 2 * across * down)
        var power = 0.0
        for row in 0..<down {
            for column in 0..<across {
                let v = Double(min(row, down - row)) / (Double(down) * pixel)
                let u = Double(min(column, across - column)) / (Double(across) * pixel)
                let frequency = (u * u + v * v).squareRoot()
                let amplitude = frequency.squareRoot() * kernel.weight(frequency)
                power += amplitude * amplitude
                let index = row * across + column
                numbers[2 * index] = Float(amplitude * random.normal(at: first + UInt64(2 * index)))
                numbers[2 * index + 1] = Float(amplitude * random.normal(at: first + UInt64(2 * index + 1)))
            }
        }
        FourierTransform(length: across).transform(rows: &numbers, inverse: true)
        // Columns outside the field need no second transform.
        var columns = [Float](repeating: 0, count: 2 * down * width)
        for row in 0..<down {
            for column in 0..<width {
                let (from, to) = (2 * (row * across + column), 2 * (column * down + row))
                (columns[to], columns[to + 1]) = (numbers[from], numbers[from + 1])
            }
        }
        FourierTransform(length: down).transform(rows: &columns, inverse: true)
        // The real part of a sum of waves with independent real and imaginary amplitudes.
        let scale = 1 / power.squareRoot()
        return (0..<height).flatMap { row in
            (0..<width).map { Double(columns[2 * ($0 * down + row)]) * scale }
        }
    }
}
