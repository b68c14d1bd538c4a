import CTImageFiles
import CTImages
import CTReports

/// Gives the slices of a report their pictures, as many as a page of a few megabytes holds.
struct ReportPictures {
    /// The files that a slice is read from.
    struct Source: Sendable {
        let reference: String?
        let test: String
        let baseline: String?
        /// From 0.
        let page: Int
    }

    /// At most so many slices have pictures.
    static let most = 200

    /// Of all pictures together, in the page.
    private static let bytes = 13_500_000

    let reading: ReadingOptions
    let jobs: Int

    /// Reads the files of the `most` worst slices again and adds their pictures; what cannot be read any more has none.
    ///
    /// - Parameters:
    ///   - report: Its rows get pictures.
    ///   - sources: One for each row.
    ///   - worst: Numbers of rows, worst first.
    func add(to report: inout ReportPage, sources: [Source], worst: [Int]) async {
        let chosen = worst.prefix(Self.most).sorted()
        // Pictures of 512×512 pixels need about as much; more would be of no use.
        let budget = min(Self.bytes / max(chosen.count, 1), 1_200_000)
        let reading = reading
        // Each file is read once, whatever pages of it are shown.
        let files = Dictionary(grouping: chosen) { sources[$0].test }.values.sorted { $0[0] < $1[0] }
        var rows = report.rows
        await inParallel(files, jobs: jobs) { numbers -> [(Int, Pictures)] in
            let first = sources[numbers[0]]
            let test = (try? reading.read(first.test).pages) ?? []
            let reference = first.reference.flatMap { try? reading.read($0).pages } ?? []
            let baseline = first.baseline.flatMap { try? reading.read($0).pages } ?? []
            return numbers.compactMap { number in
                let page = sources[number].page
                func slice(_ pages: [CTSlice]) -> CTSlice? { pages.indices.contains(page) ? pages[page] : nil }
                return slice(test).flatMap {
                    Pictures(test: $0, reference: slice(reference), baseline: slice(baseline), budget: budget)
                }.map { (number, $0) }
            }
        } each: { _, pictures in
            for (number, pictures) in pictures { rows[number].pictures = pictures }
        }
        report.rows = rows
    }
}
