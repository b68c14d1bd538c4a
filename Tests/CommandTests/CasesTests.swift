import CTImageFiles
import CTImages
import Foundation
import TestSupport
import Testing

/// Files as people's programs wrote them, with the results that are right for them.
@Suite(.enabled(if: SharedData.path("cases") != nil, "no files as people have them beside the repository"))
struct `Files as people have them` {
    private func path(_ name: String) throws -> String { try #require(SharedData.path("cases/\(name)")) }

    private func samples(_ path: String) throws -> [Double] { try ImageFile(contentsOf: path).pages[0].samples }

    /// Denoises a case; returns its samples as they were and as they are, and the report.
    private func denoised(
        _ name: String, _ options: String...
    ) throws -> (before: [Double], after: [Double], report: [String: Any]) {
        let program = try Program()
        let report = try program.json(["denoise", try path(name), "-o", "out/"] + options)
        return (try samples(path(name)), try samples(program.url("out/\(name)").path), report)
    }

    private func mean(_ report: [String: Any], _ metric: String) throws -> Double {
        try #require((report["mean"] as? [String: Any])?[metric] as? Double)
    }

    private func origin(_ report: [String: Any]) throws -> String {
        let file = try #require((report["files"] as? [[String: Any]])?.first)
        return try #require((file["scale"] as? [String: Any])?["origin"] as? String)
    }

    @Test func `01: values of 0…1 are no HU`() throws {
        let report = try Program().json(
            "evaluate", try path("01-float-0-to-1-clean.tif"), try path("01-float-0-to-1.tif"), "--range=-1024,3072",
            "--ssim", "uniform")
        // As scikit-image computes it from the files with a data range of 1.
        #expect(try abs(mean(report, "psnr") - 36.72) < 0.01)
        #expect(try abs(mean(report, "ssim") - 0.886) < 0.001)
    }

    @Test func `02: signed HU in an unsigned type`() throws {
        let (before, after, report) = try denoised("02-signed-wrapped-into-uint16.tif")
        #expect(try origin(report) == "wrapped" && report["clamped"] as? Int == 0)
        func signed(_ stored: Double) -> Double { stored >= 32768 ? stored - 65536 : stored }
        // On a file that holds 32-bit floats, it takes out 59 HU.
        let change = zip(before, after).map { signed($0) - signed($1) }
        let rms = (change.map { $0 * $0 }.reduce(0, +) / Double(change.count)).squareRoot()
        #expect((45...75).contains(rms), "\(rms) HU")
        #expect(after.allSatisfy { $0 < 4096 || $0 > 60000 })
    }

    @Test func `03: HU + 32768`() throws {
        #expect(try origin(denoised("03-hu-plus-32768.png").report) == "hu+32768")
    }

    @Test func `11: bounds of samples are statistics`() throws {
        let (first, second) = (
            try denoised("11-smin-smax-are-statistics.tif"), try denoised("11-same-samples-without-tags.tif")
        )
        #expect(first.before == second.before && first.after == second.after)
        #expect(try origin(first.report) == "hu+1024" && origin(second.report) == "hu+1024")
    }

    @Test func `13: salt at the end of the type`() throws {
        let (before, after, _) = try denoised("13-salt-at-65535.png")
        #expect(before.count { $0 == 65535 } == 1298 && before.count { $0 == 0 } == 1274)
        #expect(after.allSatisfy { $0 < 3000 } && after.count { $0 == 0 } < 20)
        let program = try Program()
        try program.run("denoise", path("13-salt-at-65535.png"), "-o", "out.png")
        let survey = try program.json("noise", "out.png", "--estimate")
        let slice = try #require((survey["slices"] as? [[String: Any]])?.first)
        #expect(slice["impulseDensity"] as? Double == 0)
    }

    @Test(arguments: [("14-padding-2000.tif", [-2000.0]), ("15-two-paddings-half.tif", [-2000, -3024])])
    func `14, 15: padding stays, and noise goes`(name: String, paddings: [Double]) throws {
        let (before, after, report) = try denoised(name)
        #expect(try origin(report) == "hu")
        let pairs = zip(before, after)
        #expect(pairs.allSatisfy { !paddings.contains($0) || $0 == $1 })
        #expect(pairs.count { $0 != $1 } > before.count / 4)
        let program = try Program()
        try program.run("noise", path(name), "-o", "noisy/", "--white", "40hu")
        let noisy = try samples(program.url("noisy/\(name)").path)
        #expect(zip(before, noisy).allSatisfy { !paddings.contains($0) || $0 == $1 })
    }

    @Test func `16: each side has a scale of its own`() throws {
        let report = try Program().json(
            "evaluate", try path("16-reference-hu-plus-1024.png"), try path("16-test-float-hu.tif"))
        #expect(try abs(mean(report, "psnr") - 34.18) < 0.01)
    }

    @Test func `17: a set of pairs says how its sources store HU`() throws {
        let program = try Program()
        let outcome = try program.run("noise", path("17-pairs"), "-o", "set", "--pairs", "--white", "40hu")
        #expect(outcome.status == 0 && outcome.messages.contains("recognised as HU + 1024"))
        let clean = try samples(program.url("set/clean/A/1.png").path)
        let noisy = try samples(program.url("set/noisy/A/1.png").path)
        // Where nothing is clamped, the noise has 40 HU.
        let change = zip(clean, noisy).filter { $0.0 > 400 }.map { $1 - $0 }
        let deviation = (change.map { $0 * $0 }.reduce(0, +) / Double(change.count)).squareRoot()
        #expect((39...41).contains(deviation), "\(deviation) HU")
    }

    @Test func `22, 23: samples that are no tissue stay`() throws {
        let (before, after, _) = try denoised("23-gdal-nodata-9999.tif")
        #expect(zip(before, after).allSatisfy { $0 != -9999 || $1 == -9999 })
        let nan = try denoised("22-nan-outside-mask.tif")
        #expect(zip(nan.before, nan.after).allSatisfy { $0.isNaN == $1.isNaN })
        let report = try Program().json(
            "evaluate", try path("22-nan-outside-mask.tif"), try path("22-nan-outside-mask.tif"), "--mask",
            try path("22-mask.png"))
        #expect((report["failed"] as? [Any])?.isEmpty == true)
    }

    @Test(arguments: ["05-tifffile-shaped-one-ifd.tif", "12-imagej-crlf-one-ifd.tif"])
    func `05, 12: stacks in one page are refused`(name: String) throws {
        let program = try Program()
        let outcome = try program.run("denoise", path(name), "-o", "out/")
        #expect(outcome.status == 1 && outcome.messages.contains("a stack of 3 images"), "\(outcome.messages)")
        #expect(program.files(in: "out").isEmpty)
    }

    @Test(arguments: [
        "07-trns-grey-key.png", "08-float24-alpha-crash.tif", "08-palette16-alpha-crash.tif", "20-apng-two-frames.png",
        "21-ome-pyramid-subifd.tif", "25-photoshop-layers-tag.tif", "26-no-stripbytecounts.tif",
        "29-second-page-colour-thumbnail.tif",
    ])
    func `are read and written`(name: String) throws {
        let program = try Program()
        let outcome = try program.run("denoise", path(name), "-o", "out/", "--stored", "full-range")
        // Floats have no range, and none of these are.
        let isFloat = name.contains("float24")
        #expect(outcome.status == (isFloat ? 1 : 0), "\(outcome.messages)")
        #expect(try !isFloat || program.run("denoise", path(name), "-o", "out/", "--stored", "hu").status == 0)
        #expect(program.files(in: "out") == [name])
    }

    @Test func `28: an unspecified sample beside grey is refused`() throws {
        let outcome = try Program().run("denoise", try path("28-grey-and-unspecified-extra.tif"), "-o", "out.tif")
        #expect(outcome.status == 1)
    }
}
