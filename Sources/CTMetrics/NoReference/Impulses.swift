internal import CTImages

/// The salt and pepper of a slice.
///
/// An impulse sticks out of all its neighbours and has the same value as every other: salt the greatest, pepper the least that
/// can be stored. Noise sticks out as far if it is strong, but each time by another value; edges and air that was clamped have
/// equal values, but side by side.
package struct Impulses: Hashable, Sendable {
    /// The value of salt in HU, if there is some.
    package let salt: Float?

    /// The value of pepper in HU, if there is some.
    package let pepper: Float?

    /// What networks for impulses were trained with.
    private static let (trainedSalt, trainedPepper) = (
        Float(IntensityScale.huRange.upperBound), Float(IntensityScale.huRange.lowerBound)
    )

    /// HU that an impulse is above or below each of its four neighbours, at least.
    private static let prominence: Float = 400

    /// One sample in so many has to be an impulse, and a few of them altogether.
    private static let (rarity, few) = (5000, 4)

    /// The share of samples that stick out to one side that has to have one value. With white noise of 25/255 beside them
    /// impulses have 0.6 and more, with 50/255 half.
    private static let agreement = 0.4

    /// Finds the impulses of an image, HU in rows of `width`; nil if it has none.
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
        // Strong noise in lung that was clamped has equal dips as well, but then as many peaks of all values.
        let hasSalt = salt.map { pepper != nil || 2 * dips.count < $0.count } ?? false
        let hasPepper = pepper.map { salt != nil || 2 * peaks.count < $0.count } ?? false
        guard hasSalt || hasPepper else { return nil }
        self.salt = hasSalt ? salt?.value : nil
        self.pepper = hasPepper ? pepper?.value : nil
    }

    /// Whether a sample has the value of an impulse. It may also be one of the tissue that has it: air, or bone, that was clamped.
    package func mayBe(_ value: Float) -> Bool { value == salt || value == pepper }

    /// The image with all that may be impulses at the values that networks know.
    package func shown(_ image: [Float]) -> [Float] {
        image.map { value in
            if value == salt { return Self.trainedSalt }
            return value == pepper ? Self.trainedPepper : value
        }
    }

    /// The most common of the values and how many have it, unless these are too few for impulses.
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
