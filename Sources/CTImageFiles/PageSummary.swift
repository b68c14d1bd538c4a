package import CTImages

/// What there is to say about one page of an image file, for people.
package struct PageSummary: Hashable, Sendable {
    /// A named text in the file.
    package struct Text: Hashable, Sendable {
        /// The PNG keyword or the TIFF tag's name.
        package let name: String

        /// The text, whole.
        package let value: String
    }

    /// Columns.
    package let width: Int

    /// Rows.
    package let height: Int

    /// How samples are stored in the slice.
    package let format: SampleFormat

    /// What the file's pixels consist of, for example "grey + alpha" or "RGB (grey)".
    package let pixels: String

    /// The compression scheme, for example "Deflate, predictor 2".
    package let compression: String

    /// How the page is laid out, for example "interlaced" or "tiles of 64×64".
    package let layout: String

    /// Pixels per length, for example "0.5 × 0.5 pixels per mm", or `nil` if the file does not say.
    package let resolution: String?

    /// The texts in the file.
    package let texts: [Text]

    /// Other things worth knowing, for example what will be lost when the file is written.
    package let notes: [String]
}
