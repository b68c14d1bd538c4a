public import CTImages

/// A synthetic chest CT slice in HU without noise: body, lungs with vessels that taper towards the pleura, airways,
/// heart, spine, ribs, and nodules of known position, size and contrast.
///
/// The patient lies supine and is seen from the feet, so the patient's left is on the right. The image contains no
/// person's data and is bit-identical for the same arguments on every platform.
///
/// ```swift
/// let phantom = ChestPhantom(width: 512, height: 512, seed: 1)
/// let slice = phantom.slice(format: .int16, scale: IntensityScale(slope: 1, intercept: 0))
/// ```
public struct ChestPhantom: Equatable, Sendable {
    /// A round nodule to be placed in the lungs.
    public struct NoduleRequest: Hashable, Sendable {
        /// The diameter in mm, where the contrast is half that at the centre.
        public let diameter: Double

        /// The contrast in HU with the surrounding lung: 850 for a solid nodule, 250 for ground glass.
        public let contrast: Double

        /// Creates a request for a nodule.
        ///
        /// - Parameters:
        ///   - diameter: The diameter in mm, 0.5…40.
        ///   - contrast: The contrast in HU with the surrounding lung, −150…2000.
        /// - Precondition: Both are in their range.
        public init(diameter: Double, contrast: Double) {
            precondition((0.5...40).contains(diameter), "A nodule of \(diameter) mm")
            precondition((-150...2000).contains(contrast), "A nodule of \(contrast) HU")
            self.diameter = diameter
            self.contrast = contrast
        }
    }

    /// A nodule in the image.
    public struct Nodule: Hashable, Sendable {
        /// The centre in samples: `x` counts columns, `y` rows; integers are the centres of samples.
        public let x, y: Double

        /// The diameter in mm, where the contrast is half that at the centre.
        public let diameter: Double

        /// The contrast in HU with the surrounding lung.
        public let contrast: Double

        /// The HU value at the centre. If samples are not much smaller than the nodule, they are means that include
        /// lung.
        public let hu: Double
    }

    /// The number of columns.
    public let width: Int

    /// The number of rows.
    public let height: Int

    /// The distance between adjacent samples in mm.
    public let spacing: Double

    /// The image in HU, `height` rows of `width` samples.
    public let hu: [Double]

    /// The nodules, in the order of their requests.
    public let nodules: [Nodule]

    /// Three solid nodules of 4, 6 and 10 mm, and a ground-glass nodule of 8 mm.
    public static let someNodules = [
        NoduleRequest(diameter: 10, contrast: 880), NoduleRequest(diameter: 6, contrast: 880),
        NoduleRequest(diameter: 4, contrast: 800), NoduleRequest(diameter: 8, contrast: 250),
    ]

    /// Creates an image that shows at least 360 mm × 270 mm.
    ///
    /// - Parameters:
    ///   - width: The number of columns.
    ///   - height: The number of rows.
    ///   - seed: A number that identifies the patient.
    ///   - nodules: The nodules to place in the lungs, where there is most room for them.
    /// - Precondition: `width` and `height` are at least 16.
    public init(width: Int, height: Int, seed: UInt64, nodules: [NoduleRequest] = someNodules) {
        precondition(width >= 16 && height >= 16, "A phantom has 16×16 samples at least, not \(width)×\(height)")
        let spacing = max(360 / Double(width), 270 / Double(height))
        // Coarse images are means of finer ones, so that thin structures count by their share of a sample.
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

    /// Returns the image as stored in a format, rounded and clamped.
    ///
    /// - Parameters:
    ///   - format: The storage format of a sample.
    ///   - scale: The meaning of stored values. If `nil`, floating-point samples are HU, and the range of an integer
    ///     format spans −1024…1023 HU.
    public func slice(format: SampleFormat, scale: IntensityScale? = nil) -> CTSlice {
        CTSlice(width: width, height: height, samples: hu, format: format, scale: scale).with(hu: hu).quantized().slice
    }
}
