/// Tells whether a slice holds salt-and-pepper.
///
/// An impulse sticks out of all its neighbours and has the same value as every other: salt the greatest, pepper the least that
/// can be stored. Noise sticks out as far if it is strong, but each time by another value; edges and air that was clamped have
/// equal values, but side by side.
struct ImpulseDetector {
    /// HU that an impulse is above or below each of its four neighbours, at least.
    private static let prominence: Float = 400

    /// One sample in so many has to be an impulse, and a few of them altogether.
    private static let (rarity, few) = (5000, 4)

    /// The share of samples that stick out to one side that has to have one value. With white noise of 25/255 beside them
    /// impulses have 0.6 and more, with 50/255 half.
    private static let agreement = 0.4

    /// Whether `image`, HU in rows of `width`, holds impulses.
    static func finds(_ image: [Float], width: Int) -> Bool {
        let height = width > 0 ? image.count / width : 0
        guard width > 2, height > 2 else { return false }
        var (peaks, dips): ([Float], [Float]) = ([], [])
        for row in 1..<height - 1 {
            for index in row * width + 1..<(row + 1) * width - 1 {
                let value = image[index]
                let (left, right) = (image[index - 1], image[index + 1])
                let (above, below) = (image[index - width], image[index + width])
                if value >= max(max(left, right), max(above, below)) + prominence {
                    peaks.append(value)
                } else if value <= min(min(left, right), min(above, below)) - prominence {
                    dips.append(value)
                }
            }
        }
        let (salt, pepper) = (equals(peaks, of: image.count), equals(dips, of: image.count))
        // Strong noise in lung that was clamped has equal dips as well, but then as many peaks of all values.
        if salt > 0, pepper > 0 { return true }
        return salt > 0 && 2 * dips.count < salt || pepper > 0 && 2 * peaks.count < pepper
    }

    /// How many of the values are one, 0 if these are too few for impulses.
    private static func equals(_ values: [Float], of count: Int) -> Int {
        guard values.count >= few, values.count * rarity >= count else { return 0 }
        let sorted = values.sorted()
        var (longest, run) = (1, 1)
        for index in sorted.indices.dropFirst() {
            run = sorted[index] == sorted[index - 1] ? run + 1 : 1
            longest = max(longest, run)
        }
        let isEnough =
            longest >= few && longest * rarity >= count && Double(longest) >= agreement * Double(values.count)
        return isEnough ? longest : 0
    }
}
