/// The contents of a report: figures of slices, charts and pictures of any kind.
///
/// `html` is a self-contained file, which needs no network, server or other file.
package struct ReportPage: Sendable {
    /// A figure computed for every slice.
    package struct Metric: Sendable {
        /// The direction in which a figure improves.
        package enum Better: String, Sendable {
            /// A higher value is better.
            case higher
            /// A lower value is better.
            case lower
            /// A value nearer to zero is better.
            case nearZero
            /// Neither direction is better.
            case neither
        }

        /// The name in tables, such as "PSNR".
        package let name: String
        /// The unit, such as "dB" or "HU", or an empty string.
        package let unit: String
        /// The number of decimals.
        package let places: Int
        /// The direction in which the figure improves.
        package let better: Better
        /// The definition, as a sentence.
        package let meaning: String
        /// Whether the figure is also computed for the baseline.
        package let isOfBaseline: Bool

        /// Creates a description of a metric.
        package init(
            _ name: String, unit: String = "", places: Int, better: Better, meaning: String, isOfBaseline: Bool = true
        ) {
            (self.name, self.unit, self.places, self.better, self.meaning) = (name, unit, places, better, meaning)
            self.isOfBaseline = isOfBaseline
        }
    }

    /// A slice with its figures.
    package struct Row: Sendable {
        /// The name of the file, with the page number if there are several pages.
        package let name: String
        /// The patient: the folder of the file.
        package let patient: String
        /// The value of each metric; `nil` where it is undefined.
        package let values: [Double?]
        /// The values of the baseline; empty if there is none.
        package let baseline: [Double?]
        /// The pictures, or `nil` if this slice has none.
        package var pictures: Pictures?

        /// Creates a row of figures.
        package init(
            name: String, patient: String, values: [Double?], baseline: [Double?] = [], pictures: Pictures? = nil
        ) {
            (self.name, self.patient, self.values, self.baseline) = (name, patient, values, baseline)
            self.pictures = pictures
        }
    }

    /// A key figure in a box at the top of the page.
    package struct Card: Sendable {
        /// The name of the figure.
        package let title: String
        /// The value with its unit.
        package let value: String
        /// What the value is compared with, or where it comes from.
        package let note: String

        /// Creates a box.
        package init(_ title: String, value: String, note: String) {
            (self.title, self.value, self.note) = (title, value, note)
        }
    }

    /// The title of the page.
    package var title: String
    /// A sentence below the title.
    package var summary: String
    /// The conventions and sources of the figures, as pairs of a term and its description.
    package var facts: [(name: String, value: String)]
    /// The boxes at the top.
    package var cards: [Card] = []
    /// The charts below the boxes.
    package var figures: [Figure] = []
    /// The metrics of each slice.
    package var metrics: [Metric]
    /// The name of the images being assessed: "denoised".
    package var testName: String
    /// The name of the images they are compared with: "noisy"; empty if there are none.
    package var baselineName: String
    /// The slices, each with one value per metric.
    package var rows: [Row] = [] {
        didSet { precondition(rows.allSatisfy { $0.values.count == metrics.count }, "rows of other metrics") }
    }
    /// Caveats that readers should know before they rely on the figures.
    package var remarks: [String] = []

    /// Creates a report without slices.
    package init(
        title: String, summary: String, facts: [(name: String, value: String)], metrics: [Metric], testName: String,
        baselineName: String
    ) {
        (self.title, self.summary, self.facts, self.metrics) = (title, summary, facts, metrics)
        (self.testName, self.baselineName) = (testName, baselineName)
    }
}
