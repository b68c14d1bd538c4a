internal import CTFourier
internal import CTProjection

/// Gaussian noise with a power spectrum: frequency times the square of a kernel's weight, which is what filtered back-projection
/// makes of white noise in the views (Riederer, Pelc and Chesler 1978, doi 10.1088/0031-9155/23/3/008).
struct CorrelatedNoise {
    let kernel: ReconstructionKernel

    /// The side of a pixel in mm.
    let pixel: Double

    /// A field of standard deviation 1.
    ///
    /// It is part of one that repeats, but only beyond a margin of 64 pixels.
    func field(width: Int, height: Int, random: CounterRandom) -> [Double] {
        let side = FourierTransform.length(atLeast: max(width, height) + 64)
        var numbers = [Float](repeating: 0, count: 2 * side * side)
        var power = 0.0
        let step = 1 / (Double(side) * pixel)
        for row in 0..<side {
            for column in 0..<side {
                let (v, u) = (Double(min(row, side - row)), Double(min(column, side - column)))
                let frequency = (u * u + v * v).squareRoot() * step
                let amplitude = frequency.squareRoot() * kernel.weight(frequency)
                power += amplitude * amplitude
                let index = row * side + column
                numbers[2 * index] = Float(amplitude * random.normal(at: UInt64(2 * index)))
                numbers[2 * index + 1] = Float(amplitude * random.normal(at: UInt64(2 * index + 1)))
            }
        }
        FourierTransform(length: side).transform(square: &numbers, inverse: true)
        // The real part of a sum of waves, each of independent real and imaginary amplitudes.
        let scale = 1 / power.squareRoot()
        return (0..<height).flatMap { row in
            (0..<width).map { Double(numbers[2 * (row * side + $0)]) * scale }
        }
    }
}
