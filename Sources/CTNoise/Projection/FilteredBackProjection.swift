internal import CTSupport

/// Reconstruction by filtered back-projection of parallel views (Kak and Slaney 1988, doi 10.1137/1.9780898719277).
package struct FilteredBackProjection: Sendable {
    /// The geometry of the views.
    package let beam: ParallelBeam

    /// The reconstruction kernel.
    package let kernel: ReconstructionKernel

    private let transform: FourierTransform
    /// One factor per frequency of `transform`.
    private let filter: [Float]

    /// Creates a reconstruction for views of `beam`.
    package init(_ beam: ParallelBeam, kernel: ReconstructionKernel) {
        self.beam = beam
        self.kernel = kernel
        // Padding, so that what wraps around does not reach the view.
        let length = FourierTransform.length(atLeast: 2 * beam.cells)
        transform = FourierTransform(length: length)
        // The band-limited ramp is sampled in space: sampling it in frequency would lose the mean (Kak and Slaney,
        // equation 61).
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

    /// Returns filtered views.
    ///
    /// - Parameters:
    ///   - projections: (views, cells), of any number of views.
    ///   - threads: The largest number of threads; the result does not depend on it.
    /// - Precondition: `projections.count` is a multiple of the number of cells.
    package func filtered(_ projections: [Float], threads: Int = 1) -> [Float] {
        precondition(projections.count % beam.cells == 0, "\(projections.count) values")
        return unsafe parallel(rows: projections.count / beam.cells, of: beam.cells, threads: threads) { view, result in
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

    /// Returns the attenuation image, in 1/mm, with these line integrals.
    ///
    /// - Parameters:
    ///   - projections: (views, cells).
    ///   - threads: The largest number of threads; the result does not depend on it.
    /// - Returns: (height, width).
    /// - Precondition: `projections.count` is views · cells.
    package func image(of projections: [Float], threads: Int = 1) -> [Float] {
        image(viewsAtATime: beam.views, threads: threads) { _ in projections }
    }

    /// Returns the image with line integrals that are made for some views at a time, so that not all have to be in
    /// memory.
    ///
    /// - Parameters:
    ///   - count: The number of views at a time.
    ///   - threads: The largest number of threads; the result does not depend on it, nor on `count`.
    ///   - projections: Returns the line integrals of some views: (views, cells).
    /// - Returns: (height, width), in 1/mm.
    package func image(viewsAtATime count: Int, threads: Int, of projections: (Range<Int>) -> [Float]) -> [Float] {
        var sums: [Float]?
        for first in stride(from: 0, to: beam.views, by: count) {
            let views = first..<min(first + count, beam.views)
            sums = beam.backProject(
                filtered(projections(views), threads: threads), views: views, onto: sums, threads: threads)
        }
        return (sums ?? []).map { $0 * beam.smearing }
    }
}
