/// What a report page shows: figures of slices, charts and pictures, of whatever kind they are.
///
/// ``html`` is one file that needs nothing else: no network, no server, no other file.
package struct ReportPage: Sendable {
    /// A figure that every slice has.
    package struct Metric: Sendable {
        /// Which way is better.
        package enum Better: String, Sendable {
            /// More.
            case higher
            /// Less.
            case lower
            /// The nearer to zero, the better.
            case nearZero
            /// Neither: it is only said.
            case neither
        }

        /// As in a table's title: "PSNR".
        package let name: String
        /// "dB", "HU", or nothing.
        package let unit: String
        /// Digits after the point.
        package let places: Int
        /// Which way is better.
        package let better: Better
        /// What it is, in a sentence.
        package let meaning: String
        /// Whether the baseline has it too.
        package let isOfBaseline: Bool

        /// Says what a metric is.
        package init(
            _ name: String, unit: String = "", places: Int, better: Better, meaning: String, isOfBaseline: Bool = true
        ) {
            (self.name, self.unit, self.places, self.better, self.meaning) = (name, unit, places, better, meaning)
            self.isOfBaseline = isOfBaseline
        }
    }

    /// One slice.
    package struct Row: Sendable {
        /// File, and page if there are several.
        package let name: String
        /// What it is a slice of: its folder.
        package let patient: String
        /// One for each metric; `nil` where it is not defined.
        package let values: [Double?]
        /// The same of the baseline; empty if there is none.
        package let baseline: [Double?]
        /// Pictures, if this slice is among those that have some.
        package var pictures: Pictures?

        /// Says what is known of a slice.
        package init(
            name: String, patient: String, values: [Double?], baseline: [Double?] = [], pictures: Pictures? = nil
        ) {
            (self.name, self.patient, self.values, self.baseline) = (name, patient, values, baseline)
            self.pictures = pictures
        }
    }

    /// A number that is worth a box at the top.
    package struct Card: Sendable {
        /// What the number is.
        package let title: String
        /// With its unit.
        package let value: String
        /// What it is compared with, or where it comes from.
        package let note: String

        /// Makes a box.
        package init(_ title: String, value: String, note: String) {
            (self.title, self.value, self.note) = (title, value, note)
        }
    }

    /// Of the page.
    package var title: String
    /// In a sentence below the title.
    package var summary: String
    /// What the figures are relative to, and where they come from: pairs of a word and what it is.
    package var facts: [(name: String, value: String)]
    /// Boxes at the top.
    package var cards: [Card] = []
    /// Below them.
    package var figures: [Figure] = []
    /// The figures of each slice.
    package var metrics: [Metric]
    /// What is judged, in a word: "denoised".
    package var testName: String
    /// What stands beside it, in a word: "noisy"; empty if nothing does.
    package var baselineName: String
    /// The slices; each has as many values as there are metrics.
    package var rows: [Row] = [] {
        didSet { precondition(rows.allSatisfy { $0.values.count == metrics.count }, "rows of other metrics") }
    }
    /// What readers should know before they believe the figures.
    package var remarks: [String] = []

    /// Starts a report without slices.
    package init(
        title: String, summary: String, facts: [(name: String, value: String)], metrics: [Metric], testName: String,
        baselineName: String
    ) {
        (self.title, self.summary, self.facts, self.metrics) = (title, summary, facts, metrics)
        (self.testName, self.baselineName) = (testName, baselineName)
    }
}
