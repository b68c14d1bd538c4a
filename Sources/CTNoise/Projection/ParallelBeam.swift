internal import CKernels
internal import CTSupport

/// A scan with parallel rays: views at equal angles over half a turn, cells at equal distances.
///
/// Lengths are in millimetres, attenuation in 1/mm. Views are (``views``, ``cells``): the line integrals along rays, at angle
/// v · π / ``views`` and distance (j − (``cells`` − 1) / 2) · ``cell`` from the middle of the image.
package struct ParallelBeam: Hashable, Sendable {
    /// Pixels of the image.
    package let width: Int, height: Int

    /// The side of a pixel in mm.
    package let pixel: Double

    /// Views over half a turn.
    package let views: Int

    /// Cells of a view.
    package let cells: Int

    /// The width of a cell in mm.
    package let cell: Double

    /// Makes a scan that sees a whole image.
    ///
    /// - Parameters:
    ///   - views: More than π/2 times the longer side in pixels are needed to miss nothing.
    ///   - cellsPerPixel: How many cells are as wide as a pixel.
    /// - Precondition: The image is 2×2 pixels or more; all numbers are positive.
    package init(width: Int, height: Int, pixel: Double, views: Int, cellsPerPixel: Double = 2) {
        precondition(width > 1 && height > 1, "An image of \(width)×\(height)")
        precondition(pixel > 0 && pixel.isFinite && views > 0 && cellsPerPixel > 0, "An impossible scan")
        self.width = width
        self.height = height
        self.pixel = pixel
        self.views = views
        cell = pixel / cellsPerPixel
        let diagonal = Double(width * width + height * height).squareRoot()
        // Odd, so that a cell is in the middle.
        cells = Int((diagonal * cellsPerPixel / 2).rounded(.up)) * 2 + 3
    }

    /// The distance of a cell's middle from the middle of the view, in mm.
    package func distance(of index: Int) -> Double { (Double(index) - Double(cells - 1) / 2) * cell }

    private func angle(_ view: Int) -> Double { Double(view) * .pi / Double(views) }

    // MARK: - Projection

    /// The line integrals of an image of attenuations.
    ///
    /// - Parameters:
    ///   - image: (height, width), 1/mm; zero outside.
    ///   - threads: At most so many work at it.
    /// - Returns: (``views``, ``cells``), without unit. The same for any number of threads.
    package func project(_ image: [Float], threads: Int = 1) -> [Float] {
        precondition(image.count == width * height, "\(image.count) values for \(width)×\(height)")
        // Each ray steps along the axis that it follows more closely.
        let transposed = (0..<width).flatMap { x in (0..<height).map { y in image[y * width + x] } }
        return unsafe parallel(rows: views, of: cells, threads: threads) { view, sums in
            let (sine, cosine) = (sine(angle(view)), cosine(angle(view)))
            let isSteep = abs(cosine) >= abs(sine)
            let (along, across) = isSteep ? (cosine, sine) : (sine, cosine)
            let (rows, columns) = isSteep ? (height, width) : (width, height)
            // A ray t of cell j: x cos + y sin = t, with x and y in pixels from the middle.
            let first = distance(of: 0) / pixel
            let slope = -across / along
            let start = first / along + Double(columns - 1) / 2 - slope * Double(rows - 1) / 2
            unsafe (isSteep ? image : transposed).withUnsafeBufferPointer { image in
                guard let image = image.baseAddress else { return }
                var rays = unsafe ct_rays(
                    image: image, rows: rows, columns: columns, start: start, step: cell / pixel / along, slope: slope,
                    count: cells)
                unsafe ct_noise_kernels_current().pointee.cast_rays(&rays, sums)
            }
            let length = Float(pixel / abs(along))
            for j in 0..<cells { unsafe sums[j] *= length }
        }
    }

    // MARK: - Back-projection

    /// Smears views back over the image and adds them up.
    ///
    /// - Parameters:
    ///   - projections: (``views``, ``cells``).
    ///   - threads: At most so many work at it.
    /// - Returns: (height, width), times π / ``views``. The same for any number of threads.
    package func backProject(_ projections: [Float], threads: Int = 1) -> [Float] {
        precondition(projections.count == views * cells, "\(projections.count) values for \(views)×\(cells)")
        let scale = Float(.pi / Double(views))
        let directions = (0..<views).map { (sine: sine(angle($0)), cosine: cosine(angle($0))) }
        return unsafe parallel(rows: height, of: width, threads: threads) { y, row in
            unsafe projections.withUnsafeBufferPointer { projections in
                guard let projections = projections.baseAddress else { return }
                let kernels = unsafe ct_noise_kernels_current().pointee
                for (view, direction) in directions.enumerated() {
                    let step = pixel / cell
                    let middle = Double(cells - 1) / 2
                    let start =
                        middle + step * (Double(y) - Double(height - 1) / 2) * direction.sine
                        - step * Double(width - 1) / 2 * direction.cosine
                    var smear = unsafe ct_smear(
                        view: projections + view * cells, cells: cells, start: start, step: step * direction.cosine,
                        row: row, pixels: width)
                    unsafe kernels.smear(&smear)
                }
            }
            for x in 0..<width { unsafe row[x] *= scale }
        }
    }
}
