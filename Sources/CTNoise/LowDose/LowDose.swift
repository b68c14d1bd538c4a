internal import CTMetrics

internal import CTSupport

/// What a slice would look like if it had been scanned with a part of its dose.
///
/// The slice, as attenuation, is projected (``CTProjection/ParallelBeam``). Photons that arrive at each cell are Poisson numbers, to which
/// the electronics add Gaussian noise; their negative logarithm, less the line integral without noise, is reconstructed with the
/// scanner's kernel. That is the noise of the lower dose. Since the slice has noise of its full dose already, the noise is added times
/// √(1 − fraction), so that variances add up to what the lower dose has. Only noise is reconstructed, so the slice loses no
/// resolution. The way is that of Yu et al. 2012, "Development and validation of a practical lower-dose-simulation tool" (doi
/// 10.1097/RCT.0b013e318258e891), with what an image has in place of the scanner's own data.
///
/// How many photons there are follows from the noise at full dose: either that of soft tissue is told, or the one of soft tissue and the
/// one of lung are measured, of which the geometric mean errs least, or the lower where they disagree by a factor of two. A slice in which nothing can be measured gets no noise;
/// ``NoiseModel/complaint(about:)`` tells.
public struct LowDose: Hashable, Sendable {
    /// The part of the dose, above 0 and below 1.
    public var fraction: Double

    /// The standard deviation of noise in soft tissue at full dose; `nil` to measure it.
    public var noise: NoiseStrength?

    /// The kernel that the slice was reconstructed with.
    public var kernel: ReconstructionKernel

    /// The side of a pixel in mm.
    public var pixel: Double

    /// Makes a dose.
    public init(
        fraction: Double, noise: NoiseStrength? = nil, kernel: ReconstructionKernel = .soft, pixel: Double = 0.7
    ) {
        self.fraction = fraction
        self.noise = noise
        self.kernel = kernel
        self.pixel = pixel
    }

    /// The attenuation of water in 1/mm at 70 keV, about the mean energy of a tube at 120 kV: 0.1929 cm²/g (NIST XCOM).
    static let water = 0.0193

    /// The filter before the patient lets the middle have more photons than the edge: as many as come through a cylinder of water of this
    /// radius in mm, weak enough to fit how noise in lung and soft tissue compare in scans of the chest.
    static let bowTieRadius = 400.0

    /// The standard deviation of what electronics add, in photons of a cell.
    static let electronics = 1.0

    /// Adds the noise to a slice in HU.
    ///
    /// - Parameters:
    ///   - hu: (height, width).
    ///   - told: The standard deviation in soft tissue at full dose, in HU; `nil` to measure noise.
    ///   - random: Names the noise.
    ///   - threads: At most so many work at it; the result is the same for any number.
    func apply(to hu: inout [Double], width: Int, told: Double?, random: CounterRandom, threads: Int) {
        let measured = told == nil ? NoiseEstimate(hu, width: width) : nil
        let height = hu.count / width
        guard width > 1, height > 1, told ?? measured?.softTissue ?? measured?.lung ?? 0 > 0 else { return }
        let longer = Double(max(width, height))
        let beam = ParallelBeam(
            width: width, height: height, pixel: pixel, views: Int((longer * 1.75).rounded(.up)), cellsPerPixel: 2)
        let reconstruction = FilteredBackProjection(beam, kernel: kernel)
        // What is no number counts as air: a reconstruction carries it everywhere.
        let attenuation = hu.map { hu in
            let possible = hu.isNaN ? -1000 : min(max(hu, -1000), 10_000)
            return Float((1 + possible / 1000) * Self.water)
        }
        let integrals = beam.project(attenuation, threads: threads)
        let toHU = Float(1000 / Self.water)

        let weakening = weakening(of: integrals, beam)
        // What one photon a cell would make of it, to first order, tells how many are needed.
        let unit = integrals.indices.map { index in
            let deviation = exponential(0.5 * Double(weakening[index]))
            return Float(deviation * random.normal(at: UInt64(index)))
        }
        let unitNoise = reconstruction.image(of: unit, threads: threads).map { Double($0 * toHU) }
        let ratios: [Double]
        if let told {
            ratios = [NoiseEstimate.rootMeanSquare(of: unitNoise, inSoftTissueOf: hu, width: width) / told]
        } else {
            let found = NoiseEstimate.deviations(of: unitNoise, inTissuesOf: hu, width: width)
            ratios = [(found.lung, measured?.lung), (found.softTissue, measured?.softTissue)].compactMap { unit, full in
                if let unit, let full { unit / full } else { nil }
            }
        }
        guard let most = ratios.max(), let least = ratios.min() else { return }
        // Anatomy only adds to what is measured: of two answers of which one is twice the other, it is the lower noise that may be right.
        // Variance is one over their number.
        let ratio = most > 2 * least ? most : (most * least).squareRoot()
        let photons = fraction * ratio * ratio
        guard photons > 0, photons.isFinite else { return }
        // The full dose has noise of the electronics already; this is what is missing, as all noise is scaled below.
        let electronics = Self.electronics * (1 + fraction).squareRoot()

        let poisson = PoissonNumbers(random: random)
        let other = UInt64(integrals.count)
        let noise = integrals.indices.map { index -> Float in
            let mean = photons * exponential(-Double(weakening[index]))
            let electronic = electronics * random.normal(at: 2 * other + UInt64(index))
            // Scanners do not take the logarithm of nothing either.
            let counted = max(poisson.deviate(mean: mean, at: other + UInt64(index)) + electronic, 0.5)
            return Float(-logarithm(counted / mean))
        }
        let scale = Double(toHU) * (1 - fraction).squareRoot()
        let added = reconstruction.image(of: noise, threads: threads)
        for index in hu.indices { hu[index] += scale * Double(added[index]) }
    }

    /// The negative logarithm of what arrives at each cell of one photon that was meant for it: after the filter and
    /// the patient.
    private func weakening(of integrals: [Float], _ beam: ParallelBeam) -> [Float] {
        let radius = Self.bowTieRadius
        let filter = (0..<beam.cells).map { cell in
            let chord = 2 * max(radius * radius - beam.distance(of: cell) * beam.distance(of: cell), 0).squareRoot()
            return Float(Self.water * (2 * radius - chord))
        }
        // One photon in e⁸⁰ is none.
        return integrals.indices.map { min(integrals[$0] + filter[$0 % beam.cells], 80) }
    }
}
