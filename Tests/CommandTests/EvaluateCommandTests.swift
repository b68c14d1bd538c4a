import Foundation
import Testing

@Suite struct `ctdenoise evaluate` {
    @Test func `equal slices have an infinite PSNR, in JSON too`() throws {
        let program = try Program()
        try program.makePhantoms("clean", count: 2)
        let report = try program.json("evaluate", "clean", "clean")
        let mean = try #require(report["mean"] as? [String: Any])
        #expect(mean["psnr"] as? String == "inf")
        #expect(mean["ssim"] as? Double == 1)
        #expect(mean["rmseHU"] as? Double == 0)
        #expect(report["dataRangeHU"] as? Double == 2047)
        #expect(report["ssimWindow"] as? String == "gaussian")
        #expect((report["slices"] as? [Any])?.count == 2)
        #expect(try program.run("evaluate", "clean", "clean", "--at-least-psnr", "99").status == 0)
    }

    @Test func `the same HU are the same in every format`() throws {
        let program = try Program()
        try program.makePhantoms("float.tif", "--format", "tiff32f", "--seed", "4")
        for format in ["png16", "tiff16", "png8"] {
            let file = "\(format).\(format.hasPrefix("png") ? "png" : "tif")"
            try program.makePhantoms(file, "--format", format, "--seed", "4")
            let report = try program.json("evaluate", "float.tif", file)
            let rmse = try #require((report["mean"] as? [String: Any])?["rmseHU"] as? Double)
            // Uniform rounding errors: a step over the root of 12.
            #expect(rmse < (format == "png8" ? 8 : 1.0 / 16) / 2, "\(format)")
        }
    }

    @Test func `a table has the slices, the mean, the data range and the kind of SSIM`() throws {
        let program = try Program()
        try program.makePhantoms("clean", count: 2)
        try program.run("noise", "clean", "-o", "noisy", "--white", "10%")
        let outcome = try program.run("evaluate", "clean", "noisy", "--baseline", "noisy", "--ssim", "uniform")
        #expect(outcome.status == 0)
        for word in program.files(in: "clean") + ["mean of 2", "2047 HU", "7×7 uniform", "baseline"] {
            #expect(outcome.output.contains(word), "\(outcome.output)")
        }
    }

    @Test func `comma-separated values have a line of titles and a line a slice`() throws {
        let program = try Program()
        try program.makePhantoms("clean", count: 2)
        let lines = try program.run("evaluate", "clean", "clean", "--csv").output.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines.first == "file,page,psnr_db,ssim,rmse_hu,data_range_hu,ssim_window")
        #expect(lines.last?.hasSuffix(",1,inf,1.0,0.0,2047,gaussian") == true)
    }

    @Test func `a mean below the threshold is status 2`() throws {
        let program = try Program()
        try program.makePhantoms("clean.png")
        try program.run("noise", "clean.png", "-o", "noisy.png", "--white", "10%")
        let missed = try program.run("evaluate", "clean.png", "noisy.png", "--at-least-psnr", "30")
        #expect(missed.status == 2)
        #expect(missed.messages.contains("30"))
        #expect(missed.output.contains("mean"))
        #expect(try program.run("evaluate", "clean.png", "noisy.png", "--at-least-psnr", "15").status == 0)
        #expect(try program.run("evaluate", "clean.png", "noisy.png", "--at-least-ssim", "0.99").status == 2)
    }

    @Test func `missing partners and other sizes are reported, and the rest is compared`() throws {
        let program = try Program()
        try program.makePhantoms("clean/a.png")
        try program.makePhantoms("clean/b.png")
        try program.makePhantoms("clean/c.png")
        try program.makePhantoms("test/a.png")
        try program.makePhantoms("test/b.png", side: 40)
        let outcome = try program.run("evaluate", "clean", "test")
        #expect(outcome.status == 1)
        #expect(outcome.messages.contains("test/c.png"))
        #expect(outcome.messages.contains("40×40"))
        #expect(outcome.output.contains("mean of 1"))
    }

    @Test func `the data range counts with both its ends`() throws {
        let program = try Program()
        try program.makePhantoms("clean.png")
        try program.run("noise", "clean.png", "-o", "noisy.png", "--white", "10%")
        func mean(_ range: String, _ options: String...) throws -> [String: Any] {
            let arguments = ["evaluate", "clean.png", "noisy.png", "--range", range, "--json"] + options
            let report = try JSONSerialization.jsonObject(with: Data(program.run(arguments).output.utf8))
            return try #require((report as? [String: Any])?["mean"] as? [String: Any])
        }
        let usual = try mean("-1024,1023")
        let lower = try mean("-2048,-1")
        #expect(usual["psnr"] as? Double == lower["psnr"] as? Double)
        // Seen from further below, everything is brighter and so more alike.
        #expect(try #require(lower["ssim"] as? Double) > #require(usual["ssim"] as? Double))
        // HU that count from another zero count from the same end.
        let shifted = try mean("0,2047", "--rescale", "0.031235217822537574,0")
        #expect(abs(try #require(shifted["ssim"] as? Double) - #require(usual["ssim"] as? Double)) < 1e-9)
    }

    @Test(arguments: [
        ["--range", "5,5"], ["--range", "7"], ["--range", "-1e308,1e308"], ["--json", "--csv"], ["--ssim", "3x3"],
        ["--at-least-psnr", "nan"], ["--at-least-psnr", "inf"], ["--at-least-ssim", "nan"],
    ])
    func `wrong usage is status 64`(options: [String]) throws {
        #expect(try Program().run(["evaluate", "a.png", "b.png"] + options).status == 64)
    }
}
