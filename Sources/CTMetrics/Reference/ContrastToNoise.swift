/// The contrast-to-noise ratio (CNR) of a region: how far its mean is from that of the background, in standard deviations of the
/// background.
///
/// - Parameters:
///   - values: HU, or any other units.
///   - region: As many, true in the region.
///   - background: As many, true in the background: something uniform that has at least two samples.
/// - Returns: The ratio, never negative; +∞ for a contrast on a background without noise, 0 if there is neither.
/// - Throws: ``MetricError`` if the masks are of another size or too little is in them, or a value is not finite.
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
