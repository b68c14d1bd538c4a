internal import CTSupport

/// Reconstruction by filtered back-projection of parallel views (Kak and Slaney 1988, doi 10.1137/1.9780898719277).
package struct FilteredBackProjection: Sendable {
    /// The scan that is reconstructed.
    package let beam: ParallelBeam

    /// Its kernel.
    package let kernel: ReconstructionKernel

    private let transform: FourierTransform
    /// For each frequency of ``transform``.
    private let filter: [Float]

    /// Prepares reconstructions.
    package init(_ beam: ParallelBeam, kernel: ReconstructionKernel) {
        self.beam = beam
        self.kernel = kernel
        // What wraps around must not reach the view.
        let length = FourierTransform.length(atLeast: 2 * beam.cells)
        transform = FourierTransform(length: length)
        // The ramp, limited to the frequencies of the cells, is sampled in space: sampled in frequency it would
        // lose the mean (Kak and Slaney, equation 61).
        var ramp = [Float](repeating: 0, count: 2 * length)
        ramp[0] = Float(1 / (4 * beam.cell))
        for n in stride(from: 1, to: length / 2, by: 2) {
            let value = Float(-1 / (Double(n * n) * .pi * .pi * beam.cell))
            (ramp[2 * n], ramp[2 * (length - n)]) = (value, value)
        }
        transform.transform(rows: &ramp)
        filter = (0..<length).map { k in
            let frequency = Double(min(k, length - k)) / (Double(length) * beam.cell)
            return ramp[2 * k] * Float(kernel.weight(frequency)) / Float(length)
        }
    }

    /// Filters each view.
    ///
    /// - Parameter projections: (views, cells).
    package func filtered(_ projections: [Float], threads: Int = 1) -> [Float] {
        precondition(projections.count == beam.views * beam.cells, "\(projections.count) values")
        return unsafe parallel(rows: beam.views, of: beam.cells, threads: threads) { view, result in
            var numbers = [Float](repeating: 0, count: 2 * filter.count)
            for j in 0..<beam.cells { numbers[2 * j] = projections[view * beam.cells + j] }
            transform.transform(rows: &numbers)
            for k in filter.indices {
                numbers[2 * k] *= filter[k]
                numbers[2 * k + 1] *= filter[k]
            }
            transform.transform(rows: &numbers, inverse: true)
            for j in 0..<beam.cells { unsafe result[j] = numbers[2 * j] }
        }
    }

    /// The attenuations, in 1/mm, that have these line integrals.
    ///
    /// - Parameter projections: (views, cells).
    /// - Returns: (height, width). The same for any number of threads.
    package func image(of projections: [Float], threads: Int = 1) -> [Float] {
        beam.backProject(filtered(projections, threads: threads), threads: threads)
    }
}
