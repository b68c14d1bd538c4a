/// What a report page shows: figures of slices, charts and pictures, of whatever kind they are.
///
/// ``html`` is one file that needs nothing else: no network, no server, no other file.
public struct ReportPage: Sendable {
    /// A figure that every slice has.
    public struct Metric: Sendable {
        /// Which way is better.
        public enum Better: String, Sendable {
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
        public let name: String
        /// "dB", "HU", or nothing.
        public let unit: String
        /// Digits after the point.
        public let places: Int
        /// Which way is better.
        public let better: Better
        /// What it is, in a sentence.
        public let meaning: String
        /// Whether the baseline has it too.
        public let isOfBaseline: Bool

        /// Says what a metric is.
        public init(
            _ name: String, unit: String = "", places: Int, better: Better, meaning: String, isOfBaseline: Bool = true
        ) {
            (self.name, self.unit, self.places, self.better, self.meaning) = (name, unit, places, better, meaning)
            self.isOfBaseline = isOfBaseline
        }
    }

    /// One slice.
    public struct Row: Sendable {
        /// File, and page if there are several.
        public let name: String
        /// What it is a slice of: its folder.
        public let patient: String
        /// One for each metric; `nil` where it is not defined.
        public let values: [Double?]
        /// The same of the baseline; empty if there is none.
        public let baseline: [Double?]
        /// Pictures, if this slice is among those that have some.
        public var pictures: Pictures?

        /// Says what is known of a slice.
        public init(
            name: String, patient: String, values: [Double?], baseline: [Double?] = [], pictures: Pictures? = nil
        ) {
            (self.name, self.patient, self.values, self.baseline) = (name, patient, values, baseline)
            self.pictures = pictures
        }
    }

    /// A number that is worth a box at the top.
    public struct Card: Sendable {
        /// What the number is.
        public let title: String
        /// With its unit.
        public let value: String
        /// What it is compared with, or where it comes from.
        public let note: String

        /// Makes a box.
        public init(_ title: String, value: String, note: String) {
            (self.title, self.value, self.note) = (title, value, note)
        }
    }

    /// Of the page.
    public var title: String
    /// In a sentence below the title.
    public var summary: String
    /// What the figures are relative to, and where they come from: pairs of a word and what it is.
    public var facts: [(name: String, value: String)]
    /// Boxes at the top.
    public var cards: [Card] = []
    /// Below them.
    public var figures: [Figure] = []
    /// The figures of each slice.
    public var metrics: [Metric]
    /// What is judged, in a word: "denoised".
    public var testName: String
    /// What stands beside it, in a word: "noisy"; empty if nothing does.
    public var baselineName: String
    /// The slices; each has as many values as there are metrics.
    public var rows: [Row] = [] {
        didSet { precondition(rows.allSatisfy { $0.values.count == metrics.count }, "rows of other metrics") }
    }
    /// What readers should know before they believe the figures.
    public var remarks: [String] = []

    /// Starts a report without slices.
    public init(
        title: String, summary: String, facts: [(name: String, value: String)], metrics: [Metric], testName: String,
        baselineName: String
    ) {
        (self.title, self.summary, self.facts, self.metrics) = (title, summary, facts, metrics)
        (self.testName, self.baselineName) = (testName, baselineName)
    }
}
