import ArgumentParser
import CTImageFiles
import CTImages
import CTMetrics
import CTNoise
import CTSupport

/// How noisy a slice is, as far as it tells itself.
struct NoiseFigures: Encodable, Equatable {
    /// Standard deviations in HU, where there is enough of each.
    let body: Double?
    let lung: Double?
    let softTissue: Double?
    /// The share of samples that salt and pepper replaced.
    let impulseDensity: Double

    init(_ slice: CTSlice) {
        let estimate = NoiseEstimate(slice.hu, width: slice.width)
        (body, lung, softTissue) = (estimate.body, estimate.lung, estimate.softTissue)
        impulseDensity = estimate.impulseDensity
    }

    /// In a phrase; `nil` if nothing can be told.
    var phrase: String? {
        var parts = [("the body", body), ("lung", lung), ("soft tissue", softTissue)].compactMap { name, value in
            value.map { "\(Format.fixed($0, 1)) HU in \(name)" }
        }
        if impulseDensity > 0 { parts.append("impulses \(Format.fixed(100 * impulseDensity, 2)) %") }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}

/// How noisy slices are, each and altogether.
struct NoiseSurvey: Encodable {
    /// One page of a file.
    struct Page: Encodable {
        let file: String
        /// From 1.
        let page: Int
        let pages: Int
        /// Standard deviations in HU, where there is enough of each.
        let body: Double?
        let lung: Double?
        let softTissue: Double?
        /// The share of samples that salt and pepper replaced.
        let impulseDensity: Double
        /// Of the noise power spectrum where the slice is flat, in cycles a mm: where it is greatest, and its mean.
        let peakFrequency: Double?
        let meanFrequency: Double?
    }

    var slices: [Page] = []
    var failed: [FileError] = []
    /// The side of a pixel in mm that frequencies are said with.
    let pixel: Double

    /// Prints the report of all files that `options` name.
    static func print(_ options: BatchOptions, pixel: Double) throws {
        var console = Console()
        var report = NoiseSurvey(pixel: pixel)
        let found = InputFiles(options.input)
        for path in found.skipped { console.line("skipped \(path): neither PNG nor TIFF") }
        var assumptions = Assumptions()
        for failure in found.failures { report.fail(failure, &console) }
        if found.files.isEmpty, found.failures.isEmpty {
            report.fail(InputFiles.none(in: options.input), &console)
        }
        for file in found.files {
            do throws(FileError) {
                let pages = try options.reading.read(file.path).pages
                for (number, slice) in pages.enumerated() {
                    assumptions.tell(slice, of: file.path, to: &console)
                    report.slices.append(
                        Page(slice, file: file.path, page: number + 1, pages: pages.count, pixel: pixel))
                }
            } catch {
                report.fail(error, &console)
            }
        }
        if options.format.json {
            try JSONOutput.print(report)
        } else if !report.slices.isEmpty {
            try StandardOutput.print(report.text)
        }
        if !report.failed.isEmpty { throw ExitCode.failure }
    }

    private mutating func fail(_ failure: FileError, _ console: inout Console) {
        failed.append(failure)
        console.error(failure)
    }

    private var text: String {
        func cell(_ value: Double?, _ places: Int) -> String { value.map { Format.fixed($0, places) } ?? "–" }
        let titles = ["slice", "body HU", "lung HU", "soft HU", "impulses", "peak /mm", "mean /mm"]
        let rows = slices.map { page in
            [
                Format.visible(page.pages == 1 ? page.file : "\(page.file) page \(page.page)"), cell(page.body, 1),
                cell(page.lung, 1), cell(page.softTissue, 1), Format.fixed(100 * page.impulseDensity, 2) + " %",
                cell(page.peakFrequency, 3), cell(page.meanFrequency, 3),
            ]
        }
        return Format.table([titles] + rows)
            + "\nstandard deviations; frequencies for pixels of \(Format.plain(pixel)) mm"
    }
}

extension NoiseSurvey.Page {
    init(_ slice: CTSlice, file: String, page: Int, pages: Int, pixel: Double) {
        let hu = slice.hu
        let estimate = NoiseEstimate(hu, width: slice.width)
        let spectrum = NoiseEstimate.spectrum(of: hu, width: slice.width, pixel: pixel)
        self.init(
            file: file, page: page, pages: pages, body: estimate.body, lung: estimate.lung,
            softTissue: estimate.softTissue,
            impulseDensity: estimate.impulseDensity, peakFrequency: spectrum?.peak, meanFrequency: spectrum?.mean)
    }
}
