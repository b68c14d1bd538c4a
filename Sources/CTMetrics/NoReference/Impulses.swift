internal import CTImages

/// The impulse noise of a slice: salt and pepper.
///
/// An impulse stands out from all its neighbours and has the same value as every other impulse of its kind: the
/// greatest storable value for salt, the least for pepper. Strong noise also produces outliers, but with varying
/// values; edges and clamped air have equal values, but adjacent to each other.
package struct Impulses: Hashable, Sendable {
    /// The value of salt in HU, or `nil` if there is none.
    package let salt: Float?

    /// The value of pepper in HU, or `nil` if there is none.
    package let pepper: Float?

    /// The salt and pepper values that networks for impulse noise are trained with.
    private static let (trainedSalt, trainedPepper) = (
        Float(IntensityScale.huRange.upperBound), Float(IntensityScale.huRange.lowerBound)
    )

    /// The minimum difference in HU between an impulse and each of its four neighbours.
    private static let prominence: Float = 400

    /// At least one sample in `rarity`, and at least `few` in all, must be impulses.
    private static let (rarity, few) = (5000, 4)

    /// The minimum share of the outliers on one side that must have the same value. Beside white noise of 25/255,
    /// impulses reach 0.6 or more; beside 50/255, half.
    private static let agreement = 0.4

    /// Finds the impulses of an image in HU, in rows of `width`; returns `nil` if it has none.
    package init?(in image: [Float], width: Int) {
        let height = width > 0 ? image.count / width : 0
        guard width > 2, height > 2 else { return nil }
        var (peaks, dips): ([Float], [Float]) = ([], [])
        for row in 1..<height - 1 {
            for index in row * width + 1..<(row + 1) * width - 1 {
                let value = image[index]
                let (left, right) = (image[index - 1], image[index + 1])
                let (above, below) = (image[index - width], image[index + width])
                if value >= max(max(left, right), max(above, below)) + Self.prominence {
                    peaks.append(value)
                } else if value <= min(min(left, right), min(above, below)) - Self.prominence {
                    dips.append(value)
                }
            }
        }
        let (salt, pepper) = (Self.common(peaks, of: image.count), Self.common(dips, of: image.count))
        // Strong noise in clamped lung also has equal dips, but then as many peaks of varying values.
        let hasSalt = salt.map { pepper != nil || 2 * dips.count < $0.count } ?? false
        let hasPepper = pepper.map { salt != nil || 2 * peaks.count < $0.count } ?? false
        guard hasSalt || hasPepper else { return nil }
        self.salt = hasSalt ? salt?.value : nil
        self.pepper = hasPepper ? pepper?.value : nil
    }

    /// Returns whether a sample has the value of an impulse. It may also be clamped tissue with that value: air or
    /// bone.
    package func mayBe(_ value: Float) -> Bool { value == salt || value == pepper }

    /// Returns the image with all possible impulses replaced by the values that networks are trained with.
    package func shown(_ image: [Float]) -> [Float] {
        image.map { value in
            if value == salt { return Self.trainedSalt }
            return value == pepper ? Self.trainedPepper : value
        }
    }

    /// Returns the most common value and its count, or `nil` if there are too few for impulses.
    private static func common(_ values: [Float], of count: Int) -> (value: Float, count: Int)? {
        guard values.count >= few, values.count * rarity >= count else { return nil }
        let sorted = values.sorted()
        var (longest, run, value) = (1, 1, sorted[0])
        for index in sorted.indices.dropFirst() {
            run = sorted[index] == sorted[index - 1] ? run + 1 : 1
            if run > longest { (longest, value) = (run, sorted[index]) }
        }
        let isEnough =
            longest >= few && longest * rarity >= count && Double(longest) >= agreement * Double(values.count)
        return isEnough ? (value, longest) : nil
    }
}
