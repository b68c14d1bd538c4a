internal import CKernels
internal import CTSupport

/// Noise as scanners make it: coloured by the reconstruction kernel, stronger along rays that are weakened more.
///
/// Filtered back-projection turns the noise of the view at some angle into waves whose crests follow its rays, and the
/// variance of a ray is proportional to the exponential of its line integral. Noise at a place is therefore a sum over
/// directions of waves, each as strong as the ray through that place is weakened: behind shoulders, noise consists of
/// streaks. Here there are four directions: rows, columns and both diagonals. That takes a hundredth of the time of
/// ``LowDose``, which projects and reconstructs.
///
/// The power spectrum is `f`^``ramp`` times the square of the kernel's weight and of 1 + ``edge`` · (`f` / 0.5 mm⁻¹)².
/// A ``ramp`` of 1 is that of filtered back-projection (Riederer, Pelc and Chesler 1978, doi
/// 10.1088/0031-9155/23/3/008); noise of iterative reconstructions is coarser, with less of a ramp.
public struct ScannerNoise: Hashable, Sendable {
    /// The standard deviation, as the root mean square over all that is denser than −950 HU.
    public var strength: NoiseStrength

    /// The reconstruction kernel.
    public var kernel: ReconstructionKernel

    /// The side of a pixel in mm, 0.01…100.
    public var pixel: Double

    /// How much the kernel enhances edges: the factor of frequency squared, 0…10.
    public var edge: Double

    /// The power of frequency to which the spectrum rises, 0…2.
    public var ramp: Double

    /// How strongly noise follows attenuation: 0 for equal noise everywhere, 1 as photons are lost, at most 2.
    public var streaks: Double

    /// How many times as strong noise of horizontal rays is as that of vertical ones, beside what attenuation makes of
    /// it; 0.1…10.
    public var lateral: Double

    /// Creates noise; `NoiseModel/init(_:)` checks the ranges.
    public init(
        _ strength: NoiseStrength, kernel: ReconstructionKernel = .soft, pixel: Double = 0.7, edge: Double = 0,
        ramp: Double = 1, streaks: Double = 1, lateral: Double = 1
    ) {
        self.strength = strength
        self.kernel = kernel
        self.pixel = pixel
        self.edge = edge
        self.ramp = ramp
        self.streaks = streaks
        self.lateral = lateral
    }

    /// The distance in pixels beyond which noise is as good as uncorrelated.
    private static let reach = 16

    /// What is wrong with the numbers other than strength, kernel and pixel, as a phrase; `nil` if they are valid.
    var complaint: String? {
        func range(_ value: Double, _ range: ClosedRange<Double>, _ name: String) -> String? {
            range.contains(value)
                ? nil
                : "\(name) of \(plain(value)); it must be \(plain(range.lowerBound)) to \(plain(range.upperBound))"
        }
        return range(edge, 0...10, "an edge enhancement") ?? range(ramp, 0...2, "a ramp")
            ?? range(streaks, 0...2, "streaks") ?? range(lateral, 0.1...10, "a lateral ratio")
    }

    /// Adds noise to a slice.
    ///
    /// - Parameters:
    ///   - hu: (height, width), in HU.
    ///   - deviation: The strength in HU.
    ///   - random: The source of the noise.
    func add(to hu: inout [Float], width: Int, deviation: Float, random: CounterRandom) {
        let height = hu.count / width
        guard width > 0, height > 0, deviation > 0 else { return }
        let rays = Rays(self, hu, width: width)
        let directions = Directions(self, width: width, height: height)
        let fields = NoiseTiles(width: width, height: height, longest: 4096, overlap: 64).fields {
            directions.fields(width: $0, height: $1, random: random, first: $2)
        }
        var (power, count) = (Float(0), Float(0))
        for y in 0..<height {
            for x in 0..<width where hu[y * width + x] > -950 {
                power += rays.variance(x, y, directions.shares)
                count += 1
            }
        }
        if count == 0 {
            for y in 0..<height { for x in 0..<width { power += rays.variance(x, y, directions.shares) } }
            count = Float(hu.count)
        }
        let scale = deviation / (power / count).squareRoot()
        for y in 0..<height {
            for x in 0..<width {
                let index = y * width + x
                hu[index] += scale * rays.sum(x, y, of: fields, at: index)
            }
        }
    }

    // MARK: - Waves

    /// Waves whose crests follow rows, columns, and the diagonals of constant x + y and x − y.
    private struct Directions {
        private let noise: ScannerNoise

        /// The share of each direction in the variance, which sum to 1.
        let shares: [Float]

        init(_ noise: ScannerNoise, width: Int, height: Int) {
            self.noise = noise
            // That of one transform is as good as that of any other.
            let spectrum = Spectrum(noise, across: min(Self.length(width), 512), down: min(Self.length(height), 512))
            let power = spectrum.power
            shares = power.map { $0 / power.reduce(0, +) }
        }

        /// Returns the length of transforms for a side, with a margin since they are periodic.
        static func length(_ side: Int) -> Int { FourierTransform.shortestLength(atLeast: side + reach) }

        /// Returns four fields (height, width), whose variances are ``shares``.
        func fields(width: Int, height: Int, random: CounterRandom, first: UInt64) -> [[Float]] {
            let (across, down) = (Self.length(width), Self.length(height))
            let spectrum = Spectrum(noise, across: across, down: down)
            let transforms = (FourierTransform(length: across), FourierTransform(length: down))
            // Sums of two numbers, as real and as imaginary part: a variance of 4.
            let scale = 1 / (4 * spectrum.power.reduce(0, +)).squareRoot()
            let count = across * down
            return (0..<2).flatMap { pair in
                // Rows and columns are the real and the imaginary part of one transform, diagonals those of another.
                var numbers = [Float](repeating: 0, count: 2 * count)
                unsafe numbers.withUnsafeMutableBufferPointer { numbers in
                    guard let start = numbers.baseAddress else { return }
                    unsafe ct_noise_kernels_current().pointee.add_normals(
                        random.key, first + UInt64(2 * pair * count), 2 * count, scale, start)
                }
                var waves = [Float](repeating: 0, count: 2 * count)
                for row in 0..<down {
                    let other = row == 0 ? 0 : down - row
                    for column in 0..<across {
                        let weight = spectrum.weights(row: row, column: column, pair: pair)
                        if weight.0 == 0 && weight.1 == 0 { continue }
                        let a = 2 * (row * across + column)
                        let b = 2 * (other * across + (column == 0 ? 0 : across - column))
                        // The transforms of two independent real fields.
                        let one = (numbers[a] + numbers[b], numbers[a + 1] - numbers[b + 1])
                        let two = (numbers[a + 1] + numbers[b + 1], numbers[b] - numbers[a])
                        waves[a] = weight.0 * one.0 - weight.1 * two.1
                        waves[a + 1] = weight.0 * one.1 + weight.1 * two.0
                    }
                }
                transforms.0.transform(rows: &waves, inverse: true)
                // Columns outside the slice need no second transform.
                var columns = [Float](repeating: 0, count: 2 * down * width)
                for row in 0..<down {
                    for column in 0..<width {
                        let (from, to) = (2 * (row * across + column), 2 * (column * down + row))
                        (columns[to], columns[to + 1]) = (waves[from], waves[from + 1])
                    }
                }
                transforms.1.transform(rows: &columns, inverse: true)
                return (0..<2).map { part in
                    var field = [Float](repeating: 0, count: width * height)
                    for row in 0..<height {
                        for column in 0..<width {
                            field[row * width + column] = columns[2 * (column * down + row) + part]
                        }
                    }
                    return field
                }
            }
        }
    }

    /// The amplitudes of waves.
    private struct Spectrum {
        /// Amplitudes by frequency squared, in steps of ``step``.
        private let amplitudes: [Float]
        private let step: Float
        /// Signed frequencies of rows and columns in 1/mm.
        private let rows: [Float]
        private let columns: [Float]

        init(_ noise: ScannerNoise, across: Int, down: Int) {
            func frequencies(_ length: Int) -> [Float] {
                (0..<length).map { Float($0 < length / 2 ? $0 : $0 - length) / (Float(length) * Float(noise.pixel)) }
            }
            (rows, columns) = (frequencies(down), frequencies(across))
            let nyquist = 0.5 / noise.pixel
            let count = 512
            // Equal steps of frequency squared cost no square root for each wave.
            let step = 2 * nyquist * nyquist / Double(count - 2)
            self.step = Float(step)
            amplitudes = (0..<count).map { index in
                let square = (Double(index) + 0.5) * step
                let frequency = square.squareRoot()
                return Float(
                    exponential(0.5 * noise.ramp * logarithm(frequency)) * noise.kernel.weight(frequency)
                        * (1 + noise.edge * square / 0.25))
            }
        }

        /// The sum of the squares of the amplitudes of each direction.
        var power: [Float] {
            var sums = [Double](repeating: 0, count: 4)
            for row in rows.indices {
                for column in columns.indices {
                    for pair in 0..<2 {
                        let weight = weights(row: row, column: column, pair: pair)
                        sums[2 * pair] += Double(weight.0 * weight.0)
                        sums[2 * pair + 1] += Double(weight.1 * weight.1)
                    }
                }
            }
            return sums.map { Float($0) }
        }

        /// Returns the amplitudes for rays along rows and columns (pair 0), or along diagonals (pair 1).
        ///
        /// The squares of the weights of adjacent directions sum to 1.
        func weights(row: Int, column: Int, pair: Int) -> (Float, Float) {
            let (u, v) = (columns[column], rows[row])
            let square = u * u + v * v
            if square == 0 { return (0, 0) }
            let amplitude = amplitudes[Int(square / step)] / square
            let weight = amplitude * (pair == 0 ? v * v - u * u : 2 * u * v)
            return weight > 0 ? (weight, 0) : (0, -weight)
        }
    }

    // MARK: - Rays

    /// How strong the noise of each ray is.
    private struct Rays {
        /// By y, x, x + y, and x − y + height − 1.
        private var rows, columns, rising, falling: [Float]
        private let height: Int

        init(_ noise: ScannerNoise, _ hu: [Float], width: Int) {
            let height = hu.count / width
            self.height = height
            rows = [Float](repeating: 0, count: height)
            columns = [Float](repeating: 0, count: width)
            rising = [Float](repeating: 0, count: width + height - 1)
            falling = rising
            let unit = Float(LowDose.water * noise.pixel)
            for y in 0..<height {
                for x in 0..<width {
                    let value = hu[y * width + x]
                    let density = value > -1000 ? min(1 + value / 1000, 3) : 0
                    rows[y] += density
                    columns[x] += density
                    rising[x + y] += density
                    falling[x - y + height - 1] += density
                }
            }
            let root = Float(2).squareRoot()
            let lateral = Float(noise.lateral)
            let streaks = Float(noise.streaks)
            func amplitudes(_ sums: [Float], _ unit: Float, _ factor: Float) -> [Float] {
                let smooth = Self.smoothed(sums)
                return smooth.map { sum in
                    factor * Float(exponential(Double(0.5 * streaks * min(sum * unit, 12))))
                }
            }
            rows = amplitudes(rows, unit, lateral.squareRoot())
            columns = amplitudes(columns, unit, 1 / lateral.squareRoot())
            rising = amplitudes(rising, unit * root, 1)
            falling = amplitudes(falling, unit * root, 1)
        }

        /// Returns means over nine rays, since reconstruction spreads the noise of a ray over its neighbours.
        private static func smoothed(_ sums: [Float]) -> [Float] {
            sums.indices.map { index in
                let near = sums[max(index - 4, 0)...min(index + 4, sums.count - 1)]
                return near.reduce(0, +) / Float(near.count)
            }
        }

        /// Returns the variance at a place.
        func variance(_ x: Int, _ y: Int, _ shares: [Float]) -> Float {
            let (row, column, up, down) = (rows[y], columns[x], rising[x + y], falling[x - y + height - 1])
            return shares[0] * row * row + shares[1] * column * column + shares[2] * up * up + shares[3] * down * down
        }

        /// Returns the noise at a place.
        func sum(_ x: Int, _ y: Int, of fields: [[Float]], at index: Int) -> Float {
            rows[y] * fields[0][index] + columns[x] * fields[1][index] + rising[x + y] * fields[2][index]
                + falling[x - y + height - 1] * fields[3][index]
        }
    }
}
