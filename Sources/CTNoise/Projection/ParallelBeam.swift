internal import CKernels
internal import CTSupport

/// A parallel-beam scan: views at equal angles over half a turn, detector cells at equal distances.
///
/// Lengths are in millimetres, attenuation in 1/mm. Views have the shape (`views`, `cells`) and hold line integrals
/// along rays at angle v · π / `views` and distance (j − (`cells` − 1) / 2) · `cell` from the centre of the image.
package struct ParallelBeam: Hashable, Sendable {
    /// The size of the image in pixels.
    package let width: Int, height: Int

    /// The side of a pixel in mm.
    package let pixel: Double

    /// The number of views over half a turn.
    package let views: Int

    /// The number of cells of a view.
    package let cells: Int

    /// The width of a cell in mm.
    package let cell: Double

    /// Creates a scan that covers a whole image.
    ///
    /// - Parameters:
    ///   - width: The width of the image in pixels.
    ///   - height: The height of the image in pixels.
    ///   - pixel: The side of a pixel in mm.
    ///   - views: The number of views; complete sampling needs more than π/2 times the longer side in pixels.
    ///   - cellsPerPixel: The number of cells per pixel width.
    /// - Precondition: The image has at least 2×2 pixels, and all numbers are positive.
    package init(width: Int, height: Int, pixel: Double, views: Int, cellsPerPixel: Double = 2) {
        precondition(width > 1 && height > 1, "An image of \(width)×\(height)")
        precondition(pixel > 0 && pixel.isFinite && views > 0 && cellsPerPixel > 0, "Sizes of a scan must be positive")
        self.width = width
        self.height = height
        self.pixel = pixel
        self.views = views
        cell = pixel / cellsPerPixel
        let diagonal = Double(width * width + height * height).squareRoot()
        // Odd, so that one cell is central.
        cells = Int((diagonal * cellsPerPixel / 2).rounded(.up)) * 2 + 3
    }

    /// Returns the distance of a cell's centre from the centre of the view, in mm.
    package func distance(of index: Int) -> Double { (Double(index) - Double(cells - 1) / 2) * cell }

    private func angle(_ view: Int) -> Double { Double(view) * .pi / Double(views) }

    // MARK: - Projection

    /// Returns the line integrals of an attenuation image.
    ///
    /// - Parameters:
    ///   - image: (height, width), in 1/mm; zero outside.
    ///   - threads: The largest number of threads; the result does not depend on it.
    /// - Returns: (`views`, `cells`), dimensionless.
    /// - Precondition: `image.count` is width · height.
    package func project(_ image: [Float], threads: Int = 1) -> [Float] {
        project(image, views: 0..<views, threads: threads)
    }

    /// Returns the line integrals of some of the views.
    ///
    /// - Parameters:
    ///   - image: (height, width), in 1/mm; zero outside.
    ///   - some: The views.
    ///   - threads: The largest number of threads; the result does not depend on it.
    /// - Returns: (`some.count`, `cells`), dimensionless.
    /// - Precondition: `image.count` is width · height, and `some` is within the views.
    package func project(_ image: [Float], views some: Range<Int>, threads: Int) -> [Float] {
        precondition(image.count == width * height, "\(image.count) values for \(width)×\(height)")
        precondition(some.lowerBound >= 0 && some.upperBound <= views, "Views \(some) of \(views)")
        // Each ray steps along the axis closer to its direction.
        let transposed = (0..<width).flatMap { x in (0..<height).map { y in image[y * width + x] } }
        return unsafe parallel(rows: some.count, of: cells, threads: threads) { row, sums in
            let view = some.lowerBound + row
            let (sine, cosine) = (sine(angle(view)), cosine(angle(view)))
            let isSteep = abs(cosine) >= abs(sine)
            let (along, across) = isSteep ? (cosine, sine) : (sine, cosine)
            let (rows, columns) = isSteep ? (height, width) : (width, height)
            // Ray t of cell j: x cos + y sin = t, with x and y in pixels from the centre.
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

    /// What a sum of smeared views is multiplied by: π / `views`.
    package var smearing: Float { Float(.pi / Double(views)) }

    /// Returns the sum of an image and of some views, each smeared over the image along its rays.
    ///
    /// - Parameters:
    ///   - projections: (`some.count`, `cells`).
    ///   - some: The views.
    ///   - image: (height, width): the sum of the views before these; `nil` if there are none.
    ///   - threads: The largest number of threads; the result does not depend on it.
    /// - Returns: (height, width), not yet multiplied by ``smearing``.
    /// - Precondition: `projections.count` is some.count · cells.
    package func backProject(
        _ projections: [Float], views some: Range<Int>, onto image: [Float]?, threads: Int
    ) -> [Float] {
        precondition(projections.count == some.count * cells, "\(projections.count) values for \(some)×\(cells)")
        let directions = some.map { (sine: sine(angle($0)), cosine: cosine(angle($0))) }
        return unsafe parallel(rows: height, of: width, threads: threads) { y, row in
            if let image {
                for x in 0..<width { unsafe row[x] = image[y * width + x] }
            }
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
        }
    }
}
