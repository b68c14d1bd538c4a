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
    func add(to report: inout Report, sources: [Source], worst: [Int]) async {
        let chosen = worst.prefix(Self.most).sorted()
        // Pictures of 512×512 pixels need about as much; more would be of no use.
        let budget = min(Self.bytes / max(chosen.count, 1), 1_200_000)
        let reading = reading
        var rows = report.rows
        await inParallel(chosen, jobs: jobs) { row -> Pictures? in
            let source = sources[row]
            func read(_ path: String) -> Slice? {
                guard let pages = try? reading.read(path).pages, pages.indices.contains(source.page) else { return nil }
                return pages[source.page]
            }
            guard let test = read(source.test) else { return nil }
            return Pictures(
                test: test, reference: source.reference.flatMap(read), baseline: source.baseline.flatMap(read),
                budget: budget)
        } each: { row, pictures in
            rows[row].pictures = pictures
        }
        report.rows = rows
    }
}
