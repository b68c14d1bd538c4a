import ArgumentParser
import CTImageFiles
import CTImages
import CTMetrics
import CTNoise
import CTSupport

/// The estimated noise of a slice.
struct NoiseFigures: Encodable, Equatable {
    /// Standard deviations in HU; `nil` for tissues of too small an area.
    let body: Double?
    let lung: Double?
    let softTissue: Double?
    /// The share of samples replaced by impulse noise.
    let impulseDensity: Double

    init(_ slice: CTSlice) {
        let estimate = NoiseEstimate(slice.tissueHU, width: slice.width)
        (body, lung, softTissue) = (estimate.body, estimate.lung, estimate.softTissue)
        impulseDensity = estimate.impulseDensity
    }

    /// The figures as text; `nil` if nothing could be estimated.
    var phrase: String? {
        var parts = [("the body", body), ("lung", lung), ("soft tissue", softTissue)].compactMap { name, value in
            value.map { "\(Format.fixed($0, 1)) HU in \(name)" }
        }
        if impulseDensity > 0 { parts.append("impulses \(Format.fixed(100 * impulseDensity, 2)) %") }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}

/// The estimated noise of all slices of some files.
struct NoiseSurvey: Encodable {
    /// One page of a file.
    struct Page: Encodable {
        let file: String
        /// The page, counted from 1.
        let page: Int
        let pages: Int
        /// Standard deviations in HU; `nil` for tissues of too small an area.
        let body: Double?
        let lung: Double?
        let softTissue: Double?
        /// The share of samples replaced by impulse noise.
        let impulseDensity: Double
        /// The peak and the mean frequency of the noise power spectrum in flat areas, in cycles per mm.
        let peakFrequency: Double?
        let meanFrequency: Double?
    }

    var slices: [Page] = []
    var failed: [FileError] = []
    /// What was warned of.
    var warnings: [String] = []
    /// The pixel size in mm, for frequencies.
    let pixel: Double

    /// Prints the survey of all files in `options`.
    static func print(_ options: BatchOptions, pixel: Double) throws {
        var console = Console()
        var report = NoiseSurvey(pixel: pixel)
        let found = InputFiles(options.input)
        for path in found.skipped { console.line("skipped \(path): neither PNG nor TIFF") }
        var remarks = IntensityRemarks()
        for failure in found.failures { report.fail(failure, &console) }
        if found.files.isEmpty, found.failures.isEmpty {
            report.fail(InputFiles.none(in: options.input), &console)
        }
        let intensities: Intensities
        do throws(FileError) {
            intensities = try Intensities(found.files.map(\.path), reading: options.reading)
        } catch {
            report.fail(error, &console)
            report.warnings = console.warnings
            if options.format.json { try JSONOutput.print(report) }
            throw ExitCode.validationFailure
        }
        remarks.tell(intensities.remarks, to: &console)
        var bar = ProgressBar(files: found.files.count)
        for file in found.files {
            console.show(bar)
            do throws(FileError) {
                let decoded = try intensities.read(file.path)
                remarks.tell(decoded.remarks, to: &console)
                let pages = decoded.image.pages
                for (number, slice) in pages.enumerated() {
                    report.slices.append(
                        Page(slice, file: file.path, page: number + 1, pages: pages.count, pixel: pixel))
                    bar.slicesDone(ofFile: pages.count)
                }
            } catch {
                report.fail(error, &console)
            }
            bar.fileDone()
        }
        console.clearProgress()
        report.warnings = console.warnings
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
        let hu = slice.tissueHU
        let estimate = NoiseEstimate(hu, width: slice.width)
        let spectrum = NoiseEstimate.spectrum(of: hu, width: slice.width, pixel: pixel)
        self.init(
            file: file, page: page, pages: pages, body: estimate.body, lung: estimate.lung,
            softTissue: estimate.softTissue,
            impulseDensity: estimate.impulseDensity, peakFrequency: spectrum?.peak, meanFrequency: spectrum?.mean)
    }
}
