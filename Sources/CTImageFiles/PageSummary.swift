package import CTImages

/// A description of a page of an image file, for people.
package struct PageSummary: Hashable, Sendable {
    /// A named text in the file.
    package struct Text: Hashable, Sendable {
        /// The PNG keyword or the name of the TIFF tag.
        package let name: String

        /// The complete text.
        package let value: String
    }

    /// The number of columns.
    package let width: Int

    /// The number of rows.
    package let height: Int

    /// The storage format of samples in the slice.
    package let format: SampleFormat

    /// The kind of pixels in the file, for example "grey + alpha" or "RGB (grey)".
    package let pixels: String

    /// The compression scheme, for example "Deflate, predictor 2".
    package let compression: String

    /// The layout of the page, for example "interlaced" or "tiles of 64×64".
    package let layout: String

    /// The resolution, for example "0.5 × 0.5 pixels per mm", or `nil` if the file does not state it.
    package let resolution: String?

    /// The texts in the file.
    package let texts: [Text]

    /// Other remarks, for example on what is lost when the file is written.
    package let notes: [String]
}
