public import CTImages

/// A chest-like CT slice that was made up: body, lungs with vessels that taper to the pleura, airways, heart, spine,
/// ribs and nodules of known place, size and contrast, in HU, without noise.
///
/// The picture is seen from the feet, the patient on the back: the patient's left is on the right. It is the same to
/// the last bit for the same arguments on every platform. No person's data went into it.
///
/// ```swift
/// let phantom = ChestPhantom(width: 512, height: 512, seed: 1)
/// let slice = phantom.slice(format: .int16, scale: IntensityScale(slope: 1, intercept: 0))
/// ```
public struct ChestPhantom: Hashable, Sendable {
    /// A round nodule to be put somewhere in the lungs.
    public struct NoduleRequest: Hashable, Sendable {
        /// Diameter in mm, where the contrast is half of that in the middle.
        public let diameter: Double

        /// HU above the lung around it: 850 is a solid nodule, 250 a ground-glass one.
        public let contrast: Double

        /// Asks for a nodule.
        ///
        /// - Precondition: `diameter` is from 0.5 to 40 mm, `contrast` from −150 to 2000 HU.
        public init(diameter: Double, contrast: Double) {
            precondition((0.5...40).contains(diameter), "A nodule of \(diameter) mm")
            precondition((-150...2000).contains(contrast), "A nodule of \(contrast) HU")
            self.diameter = diameter
            self.contrast = contrast
        }
    }

    /// A nodule that is in the picture.
    public struct Nodule: Hashable, Sendable {
        /// The middle in samples: `x` counts columns, `y` rows; whole numbers are the middles of samples.
        public let x, y: Double

        /// Diameter in mm, where the contrast is half of that in the middle.
        public let diameter: Double

        /// HU above the lung around it.
        public let contrast: Double

        /// HU in the middle; where samples are not much smaller than the nodule, they are means with lung around it.
        public let hu: Double
    }

    /// Columns.
    public let width: Int

    /// Rows.
    public let height: Int

    /// mm from sample to sample.
    public let spacing: Double

    /// The picture in HU, `height` rows of `width` samples.
    public let hu: [Double]

    /// The nodules, in the order in which they were asked for.
    public let nodules: [Nodule]

    /// Three solid nodules of 4, 6 and 10 mm and one of ground glass, 8 mm.
    public static let someNodules = [
        NoduleRequest(diameter: 10, contrast: 880), NoduleRequest(diameter: 6, contrast: 880),
        NoduleRequest(diameter: 4, contrast: 800), NoduleRequest(diameter: 8, contrast: 250),
    ]

    /// Makes a picture that shows 360 mm × 270 mm at least.
    ///
    /// - Parameters:
    ///   - width: Columns.
    ///   - height: Rows.
    ///   - seed: Different seeds make different patients.
    ///   - nodules: What to put into the lungs, where they have room for it.
    /// - Precondition: `width` and `height` are 16 or more.
    public init(width: Int, height: Int, seed: UInt64, nodules: [NoduleRequest] = someNodules) {
        precondition(width >= 16 && height >= 16, "A phantom has 16×16 samples at least, not \(width)×\(height)")
        let spacing = max(360 / Double(width), 270 / Double(height))
        // Coarse pictures are means of finer ones, so that thin structures count by their share of a sample.
        let factor = max(Int((spacing / (spacing > 4 ? 2.9 : 1.45)).rounded(.up)), 1)
        var anatomy = Anatomy(
            width: width * factor, height: height * factor, spacing: spacing / Double(factor), seed: seed)
        anatomy.paintBody()
        anatomy.paintMediastinum()
        anatomy.paintBones()
        anatomy.paintLungs()
        let placed = nodules.map { anatomy.paintNodule($0) }

        self.width = width
        self.height = height
        self.spacing = spacing
        hu = anatomy.canvas.averaged(by: factor)
        self.nodules = placed.map { nodule in
            Nodule(
                x: nodule.place.x / spacing + Double(width - 1) / 2,
                y: nodule.place.y / spacing + Double(height - 1) / 2, diameter: nodule.diameter,
                contrast: nodule.contrast, hu: nodule.hu)
        }
    }

    /// The picture as a file of this format stores it, rounded and clamped.
    ///
    /// - Parameters:
    ///   - format: How samples are stored.
    ///   - scale: What stored values mean; without it what is assumed for the format: the range of integers stands for
    ///     −1024…1023 HU, floating point is HU.
    /// - Returns: The slice.
    public func slice(format: SampleFormat, scale: IntensityScale? = nil) -> CTSlice {
        CTSlice(width: width, height: height, samples: hu, format: format, scale: scale).with(hu: hu).quantized().slice
    }
}
