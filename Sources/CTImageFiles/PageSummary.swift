public import CTImages

/// What there is to say about one page of an image file, for people.
public struct PageSummary: Hashable, Sendable {
    /// A named text in the file.
    public struct Text: Hashable, Sendable {
        /// The PNG keyword or the TIFF tag's name.
        public let name: String

        /// The text, whole.
        public let value: String
    }

    /// Columns.
    public let width: Int

    /// Rows.
    public let height: Int

    /// How samples are stored in the slice.
    public let format: SampleFormat

    /// What the file's pixels consist of, for example "grey + alpha" or "RGB (grey)".
    public let pixels: String

    /// The compression scheme, for example "Deflate, predictor 2".
    public let compression: String

    /// How the page is laid out, for example "interlaced" or "tiles of 64×64".
    public let layout: String

    /// Pixels per length, for example "0.5 × 0.5 pixels per mm", or `nil` if the file does not say.
    public let resolution: String?

    /// The texts in the file.
    public let texts: [Text]

    /// Other things worth knowing, for example what will be lost when the file is written.
    public let notes: [String]
}
