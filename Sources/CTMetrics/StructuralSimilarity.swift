#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// How structural similarity looks at the surroundings of a sample.
public enum SimilarityWindow: String, Hashable, Sendable, CaseIterable {
    /// Gaussian weights of deviation 1.5 in a window of 11×11, biased covariance: as published.
    ///
    /// Equal to scikit-image's `structural_similarity(…, gaussian_weights=True, sigma=1.5,
    /// use_sample_covariance=False)`.
    case gaussian
    /// Equal weights in a window of 7×7, unbiased covariance.
    ///
    /// Equal to what scikit-image's `structural_similarity` does if it is told nothing.
    case uniform

    /// Samples along a side of the window.
    public var size: Int {
        switch self {
        case .gaussian: 11
        case .uniform: 7
        }
    }

    /// The weights along one side, of sum 1; the window's are their products.
    var weights: [Double] {
        switch self {
        case .gaussian:
            let weights = (-5...5).map { (distance: Int) -> Double in
                exp(-Double(distance * distance) / (2 * 1.5 * 1.5))
            }
            let sum = weights.reduce(0, +)
            return weights.map { $0 / sum }
        case .uniform:
            return [Double](repeating: 1.0 / 7, count: 7)
        }
    }

    /// What turns a weighted covariance into the one that is used.
    var covarianceFactor: Double {
        switch self {
        case .gaussian: 1
        case .uniform: 49.0 / 48
        }
    }
}

/// The mean structural similarity (SSIM) of two images: 1 if they are equal, towards 0 the less they have in common.
///
/// Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural similarity" (2004),
/// doi 10.1109/TIP.2003.819861, with K₁ = 0.01 and K₂ = 0.03: the mean over all windows that lie inside the image of
///
///     (2 μx μy + C₁) (2 σxy + C₂) / ((μx² + μy² + C₁) (σx² + σy² + C₂)),  C₁ = (K₁ L)², C₂ = (K₂ L)²,  L = dataRange
///
/// The luminance factor supposes that samples count from the lower end of the data range: give HU plus 1024, not HU.
/// The version for slices does.
///
/// - Parameters:
///   - reference: `height` rows of `width` samples that are taken to be right.
///   - test: As many that are judged.
///   - width: Columns.
///   - height: Rows.
///   - dataRange: From the least to the greatest value that samples could have, in their units.
///   - window: What of the surroundings counts, and how much.
/// - Returns: The mean similarity, at most 1.
/// - Throws: ``MetricError`` if sizes differ, the image is smaller than the window, the data range is not positive or a
///   sample is not finite.
/// - Precondition: `reference.count == width * height`.
public func structuralSimilarity(
    _ reference: [Double], _ test: [Double], width: Int, height: Int, dataRange: Double,
    window: SimilarityWindow = .gaussian
) throws(MetricError) -> Double {
    try structuralSimilarity(
        Samples(values: reference), Samples(values: test), width: width, height: height, dataRange: dataRange,
        window: window)
}

func structuralSimilarity(
    _ reference: Samples, _ test: Samples, width: Int, height: Int, dataRange: Double, window: SimilarityWindow
) throws(MetricError) -> Double {
    try check(dataRange: dataRange)
    try check(reference.values, test.values)
    precondition(
        reference.values.count == width * height, "\(reference.values.count) samples for \(width)×\(height)")
    let size = window.size
    guard width >= size && height >= size else {
        throw .smallerThanWindow(width: width, height: height, window: size)
    }
    let c1 = (0.01 * dataRange) * (0.01 * dataRange)
    let c2 = (0.03 * dataRange) * (0.03 * dataRange)
    let sum =
        switch window {
        case .gaussian: gaussianSum(reference, test, width: width, c1: c1, c2: c2)
        case .uniform: uniformSum(reference, test, width: width, c1: c1, c2: c2)
        }
    if !sum.isFinite { try checkFinite(reference.array, test.array) }
    return sum / Double((width - size + 1) * (height - size + 1))
}

// MARK: - The sum over all windows

private typealias Vector = SIMD4<Double>

// A function for each window, never merged: where the number of weights is a constant, loops over them are unrolled, and
// where the constants of the formula come from outside, the compiler does not put them into one register. That is a
// third of the time.

@inline(never)
private func gaussianSum(_ reference: Samples, _ test: Samples, width: Int, c1: Double, c2: Double) -> Double {
    similaritySum(reference, test, width: width, c1: c1, c2: c2, window: .gaussian, half: 5)
}

@inline(never)
private func uniformSum(_ reference: Samples, _ test: Samples, width: Int, c1: Double, c2: Double) -> Double {
    similaritySum(reference, test, width: width, c1: c1, c2: c2, window: .uniform, half: 3)
}

/// The sum of the similarities of all windows inside the image; `half` is `window.size / 2`.
///
/// The window is separable: rows of the moments x, y, x² + y² and xy are weighted down the columns first, then along the
/// row. It is symmetric: two samples share a weight.
@inline(__always)
private func similaritySum(
    _ reference: Samples, _ test: Samples, width: Int, c1: Double, c2: Double, window: SimilarityWindow, half: Int
) -> Double {
    let last = 2 * half
    let size = last + 1
    precondition(window.size == size && width >= size && test.values.count == reference.values.count)
    // Vectors for what arrays would look up again each time, since anything might have changed them.
    let array = window.weights
    var weights = SIMD8<Double>()
    for k in 0...half { weights[k] = array[k] }
    var starts = SIMD16<Int>()
    let factor = window.covarianceFactor
    let places = width - last
    let lanes = Vector(0, 1, 2, 3)
    // A row holds its four moments one after another, each with room for a vector that begins in its last place.
    let stride = (width + 6) / 4 * 4
    let length = 4 * stride
    // The last `size` rows of moments, row y at y % size; and those in the window, weighted.
    let rows = Numbers(size * length)
    let columns = Numbers(length)
    var sum = Vector.zero
    for y in 0..<(reference.values.count / width) {
        let row = y % size * length
        rows.copy(reference.values, y * width..<(y + 1) * width, to: row)
        rows.copy(test.values, y * width..<(y + 1) * width, to: row + stride)
        for i in Swift.stride(from: row, to: row + width, by: 4) {
            let a = reference.slope * rows[i] + reference.intercept - reference.low
            let b = test.slope * rows[i + stride] + test.intercept - test.low
            rows[i] = a
            rows[i + stride] = b
            rows[i + 2 * stride] = a * a + b * b
            rows[i + 3 * stride] = a * b
        }
        if y < last { continue }

        // Where the rows in the window are, from the top.
        for k in 0..<size { starts[k] = (y - last + k) % size * length }
        for vector in 0..<length / 4 {
            let i = 4 &* vector
            var total = weights[half] * rows[starts[half] &+ i]
            for k in 0..<half { total += weights[k] * (rows[starts[k] &+ i] + rows[starts[last - k] &+ i]) }
            columns[i] = total
        }

        @inline(__always)
        func mean(_ moment: Int, _ place: Int) -> Vector {
            let i = moment &* stride &+ place
            var total = weights[half] * columns[i &+ half]
            for k in 0..<half { total += weights[k] * (columns[i &+ k] + columns[i &+ (last - k)]) }
            return total
        }
        for vector in 0..<(places + 3) / 4 {
            let place = 4 &* vector
            let (x, y) = (mean(0, place), mean(1, place))
            let product = x * y
            let squares = x * x + y * y
            let variances = factor * (mean(2, place) - squares)
            let covariance = factor * (mean(3, place) - product)
            let similarity = (2 * product + c1) * (2 * covariance + c2) / ((squares + c1) * (variances + c2))
            // The last vector may reach beyond the last place.
            if place &+ 4 <= places {
                sum += similarity
            } else {
                sum += similarity.replacing(with: 0, where: lanes .>= Double(places - place))
            }
        }
    }
    return sum.sum()
}

/// Numbers in memory of its own, zero at first, taken and put four at a time from any place.
///
/// Places are checked in debug builds only: to check them always would take half of the time.
@safe
private struct Numbers: ~Copyable {
    private let base: UnsafeMutablePointer<Double>
    private let count: Int

    init(_ count: Int) {
        unsafe base = .allocate(capacity: count)
        unsafe base.initialize(repeating: 0, count: count)
        self.count = count
    }

    deinit { unsafe base.deallocate() }

    /// The four numbers from `place` on.
    subscript(place: Int) -> Vector {
        @inline(__always)
        get {
            assert(place >= 0 && place + 4 <= count, "\(place) of \(count)")
            return unsafe UnsafeRawPointer(base + place).loadUnaligned(as: Vector.self)
        }
        @inline(__always)
        nonmutating set {
            assert(place >= 0 && place + 4 <= count, "\(place) of \(count)")
            unsafe UnsafeMutableRawPointer(base + place).storeBytes(of: newValue, as: Vector.self)
        }
    }

    /// Copies a part of an array.
    func copy(_ values: [Double], _ range: Range<Int>, to place: Int) {
        precondition(values.indices.contains(range) && place >= 0 && place + range.count <= count)
        unsafe values.withUnsafeBufferPointer { values in
            guard let first = values.baseAddress else { return }
            unsafe (base + place).update(from: first + range.lowerBound, count: range.count)
        }
    }
}
