/// Returns the contrast-to-noise ratio (CNR) of a region: the distance between its mean and that of the background, in
/// standard deviations of the background.
///
/// - Parameters:
///   - values: HU, or values in any other unit.
///   - region: A mask of the same size, true in the region.
///   - background: A mask of the same size, true in a uniform background of at least two samples.
/// - Returns: The ratio, never negative; +∞ for contrast on a background without noise, 0 without contrast.
/// - Throws: ``MetricError`` if a mask differs in size or selects too little, or a value is not finite.
public func contrastToNoiseRatio(
    _ values: [Double], region: [Bool], background: [Bool]
) throws(MetricError) -> Double {
    for mask in [region, background] where mask.count != values.count {
        throw .maskDiffers(image: "\(values.count) samples", mask: "\(mask.count)")
    }
    let inside = zip(values, region).filter(\.1).map(\.0)
    let around = zip(values, background).filter(\.1).map(\.0)
    guard !inside.isEmpty, around.count > 1 else { throw .nothingInMask }
    let mean = around.reduce(0, +) / Double(around.count)
    let squares = around.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let contrast = abs(inside.reduce(0, +) / Double(inside.count) - mean)
    guard contrast.isFinite, squares.isFinite else {
        throw .notFinite(image: .test, index: values.firstIndex { !$0.isFinite } ?? 0)
    }
    if contrast == 0 { return 0 }
    return contrast / (squares / Double(around.count - 1)).squareRoot()
}
