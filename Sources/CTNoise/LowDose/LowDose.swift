internal import CTMetrics

internal import CTSupport

/// Simulated low dose: what a slice would look like if it had been scanned with a fraction of its dose.
///
/// The slice is converted to attenuation and forward-projected into parallel views. The photon count of each cell is a
/// Poisson deviate plus Gaussian electronic noise; its negative logarithm minus the noiseless line integral is
/// reconstructed with the scanner's kernel and gives the noise of the lower dose. Since the slice already has the noise
/// of its full dose, the noise is scaled by √(1 − fraction) before it is added, so that the variances add up to that of
/// the lower dose. Only noise is reconstructed, so the slice keeps its resolution. The method is that of Yu et al.
/// 2012, "Development and validation of a practical lower-dose-simulation tool" (doi 10.1097/RCT.0b013e318258e891),
/// with image data in place of the scanner's raw data.
///
/// The photon count follows from the noise at full dose. Either ``noise`` gives that of soft tissue, or the noise of
/// soft tissue and of lung are measured: their geometric mean has the smallest error, but if they disagree by more than
/// a factor of two the lower is used. A slice in which neither can be measured gets no noise; see
/// `NoiseModel.complaint(about:)`.
public struct LowDose: Hashable, Sendable {
    /// The fraction of the full dose, above 0 and below 1.
    public var fraction: Double

    /// The standard deviation of the noise in soft tissue at full dose; `nil` to measure it.
    public var noise: NoiseStrength?

    /// The kernel that the slice was reconstructed with.
    public var kernel: ReconstructionKernel

    /// The side of a pixel in mm, 0.01…100.
    public var pixel: Double

    /// Creates a dose; ``NoiseModel/init(_:)`` checks the ranges.
    public init(
        fraction: Double, noise: NoiseStrength? = nil, kernel: ReconstructionKernel = .soft, pixel: Double = 0.7
    ) {
        self.fraction = fraction
        self.noise = noise
        self.kernel = kernel
        self.pixel = pixel
    }

    /// The attenuation of water in 1/mm at 70 keV, about the mean energy of a 120 kV tube: 0.1929 cm²/g (NIST XCOM).
    static let water = 0.0193

    /// The radius in mm of the water cylinder that the bow-tie filter compensates for, so that more photons pass at the
    /// centre than at the edge. The filter is weak enough to match the ratio of lung to soft-tissue noise in chest
    /// scans.
    static let bowTieRadius = 400.0

    /// The standard deviation of electronic noise, in photons per cell.
    static let electronics = 1.0

    /// Adds the noise of the lower dose to a slice.
    ///
    /// - Parameters:
    ///   - hu: (height, width), in HU.
    ///   - told: The standard deviation in soft tissue at full dose, in HU; `nil` to measure it.
    ///   - random: The source of the noise.
    ///   - threads: The largest number of threads; the result does not depend on it.
    func apply(to hu: inout [Double], width: Int, told: Double?, random: CounterRandom, threads: Int) {
        let measured = told == nil ? NoiseEstimate(hu, width: width) : nil
        let height = hu.count / width
        guard width > 1, height > 1, told ?? measured?.softTissue ?? measured?.lung ?? 0 > 0 else { return }
        let longer = Double(max(width, height))
        let beam = ParallelBeam(
            width: width, height: height, pixel: pixel, views: Int((longer * 1.75).rounded(.up)), cellsPerPixel: 2)
        let reconstruction = FilteredBackProjection(beam, kernel: kernel)
        // NaN counts as air: a reconstruction would spread it over the whole image.
        let attenuation = hu.map { hu in
            let possible = hu.isNaN ? -1000 : min(max(hu, -1000), 10_000)
            return Float((1 + possible / 1000) * Self.water)
        }
        let scan = Scan(beam, attenuation, threads: threads)
        let toHU = Float(1000 / Self.water)

        // The noise of one photon per cell, to first order, tells how many photons are needed.
        let unitNoise = reconstruction.image(viewsAtATime: scan.viewsAtATime, threads: threads) { views in
            scan.weakening(views).enumerated().map { place, weakening in
                let deviation = exponential(0.5 * Double(weakening))
                return Float(deviation * random.normal(at: UInt64(views.lowerBound * beam.cells + place)))
            }
        }.map { Double($0 * toHU) }
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
        // Anatomy only adds to what is measured, so if the two answers differ by a factor of two, the lower noise is
        // more likely right. The variance is inversely proportional to the number of photons.
        let ratio = most > 2 * least ? most : (most * least).squareRoot()
        let photons = fraction * ratio * ratio
        guard photons > 0, photons.isFinite else { return }
        // The full dose already has electronic noise. This is the missing part, since all noise is scaled below.
        let electronics = Self.electronics * (1 + fraction).squareRoot()

        let poisson = PoissonNumbers(random: random)
        let other = UInt64(beam.views * beam.cells)
        let added = reconstruction.image(viewsAtATime: scan.viewsAtATime, threads: threads) { views in
            scan.weakening(views).enumerated().map { place, weakening in
                let index = UInt64(views.lowerBound * beam.cells + place)
                let mean = photons * exponential(-Double(weakening))
                let electronic = electronics * random.normal(at: 2 * other + index)
                // Scanners avoid the logarithm of zero, too.
                let counted = max(poisson.deviate(mean: mean, at: other + index) + electronic, 0.5)
                return Float(-logarithm(counted / mean))
            }
        }
        let scale = Double(toHU) * (1 - fraction).squareRoot()
        for index in hu.indices { hu[index] += scale * Double(added[index]) }
    }
}

/// The views of a slice, as photons see them.
private struct Scan {
    private let beam: ParallelBeam
    private let attenuation: [Float]
    private let threads: Int
    /// What the bow-tie filter adds to each cell.
    private let filter: [Float]
    /// The line integrals of all views, if they are all used at a time.
    private let integrals: [Float]?

    /// The number of views in memory at a time: all of a square, which has five times as many cells as pixels, but not
    /// all of a long strip, which may have hundreds of times as many.
    let viewsAtATime: Int

    init(_ beam: ParallelBeam, _ attenuation: [Float], threads: Int) {
        (self.beam, self.attenuation, self.threads) = (beam, attenuation, threads)
        let most = max(8 * attenuation.count, 1 << 20)
        viewsAtATime = min(max(most / beam.cells, 1), beam.views)
        integrals = viewsAtATime == beam.views ? beam.project(attenuation, threads: threads) : nil
        let radius = LowDose.bowTieRadius
        filter = (0..<beam.cells).map { cell in
            let chord = 2 * max(radius * radius - beam.distance(of: cell) * beam.distance(of: cell), 0).squareRoot()
            return Float(LowDose.water * (2 * radius - chord))
        }
    }

    /// Returns the negative logarithm of the fraction of photons that reach each cell of some views (views, cells)
    /// through the bow-tie filter and the patient.
    func weakening(_ views: Range<Int>) -> [Float] {
        let integrals = integrals ?? beam.project(attenuation, views: views, threads: threads)
        // Clamped: one photon in e⁸⁰ is as good as none.
        return integrals.indices.map { min(integrals[$0] + filter[$0 % beam.cells], 80) }
    }
}
