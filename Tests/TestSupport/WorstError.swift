/// Returns the largest difference between two lists, relative to the largest magnitude in `expected`; infinite if their
/// counts differ or a value is not finite.
///
/// It is relative to the list rather than to each value: a gradient of a million terms is right if it is right relative
/// to its neighbours, even if it happens to cancel to zero.
package func worstError(_ values: [some BinaryFloatingPoint], _ expected: [some BinaryFloatingPoint]) -> Double {
    guard values.count == expected.count else { return .infinity }
    var (worst, scale) = (0.0, 0.0)
    for (value, reference) in zip(values, expected) {
        let difference = abs(Double(value) - Double(reference))
        guard difference.isFinite else { return .infinity }
        worst = max(worst, difference)
        scale = max(scale, abs(Double(reference)))
    }
    return scale > 0 ? worst / scale : worst
}
