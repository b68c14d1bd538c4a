import CTImageFiles
import CTImages
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
        let titles = try #require(lines.first).split(separator: ",")
        #expect(
            titles[..<11].joined(separator: " ")
                == "file page patient psnr_db ssim ms_ssim gmsd vif rmse_hu mae_hu bias_hu")
        #expect(
            titles[11...].joined(separator: " ") == "data_range_hu range_low_hu range_high_hu is_clipped ssim_window")
        // 48×48 pixels are too few for MS-SSIM.
        let cells = try #require(lines.last).split(separator: ",", omittingEmptySubsequences: false)
        #expect(cells[1...5] == ["1", ".", "inf", "1.0", ""])
        #expect(cells[8...] == ["0.0", "0.0", "0.0", "2047", "-1024", "1023", "false", "gaussian"])
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
        // With a lower range end, everything is brighter and so more similar.
        #expect(try #require(lower["ssim"] as? Double) > #require(usual["ssim"] as? Double))
        // Results do not depend on the zero of the stored values.
        let shifted = try mean("0,2047", "--rescale", "0.031235217822537574,0")
        #expect(abs(try #require(shifted["ssim"] as? Double) - #require(usual["ssim"] as? Double)) < 1e-9)
    }

    @Test func `a window clips and sets the data range`() throws {
        let program = try Program()
        try program.makePhantoms("clean.png")
        try program.run("noise", "clean.png", "-o", "noisy.png", "--white", "10%")
        func mean(_ options: String...) throws -> [String: Double] {
            let outcome = try program.run(["evaluate", "clean.png", "noisy.png", "--json"] + options)
            let report = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
            return try #require(report?["mean"] as? [String: Double])
        }
        let lung = try mean("--window", "lung")
        #expect(lung == (try mean("--window", "-600,1500")))
        // Clipping reduces noise; without it, the same range only shifts PSNR.
        #expect(try #require(lung["rmseHU"]) < #require(try mean()["rmseHU"]))
        let table = try program.run("evaluate", "clean.png", "noisy.png", "--window", "mediastinum").output
        #expect(table.contains("data range 400 HU (-150…250), slices clipped to it"))
        #expect(try program.run("evaluate", "clean.png", "noisy.png").output.contains("nothing clipped"))
    }

    @Test(arguments: [[], ["--at-least-psnr", "90"], ["--at-least-ssim", "0.9", "--json"]])
    func `a mask that is empty everywhere fails, whatever threshold it would meet`(options: [String]) throws {
        let program = try Program()
        try program.makePhantoms("clean/1.png")
        let nothing = CTSlice(width: 48, height: 48, samples: [Double](repeating: 0, count: 48 * 48), format: .uint8)
        try ImageFile(pages: [nothing], container: .png).write(to: program.url("none.png").path)
        let outcome = try program.run(["evaluate", "clean", "clean", "--mask", "none.png"] + options)
        #expect(outcome.status == 1)
        #expect(outcome.messages.contains("nothing was measured"), "\(outcome.messages)")
    }

    @Test func `a mask may be a palette, whose labels count and not its colours`() throws {
        let program = try Program()
        try program.makePhantoms("clean/1.png", side: 2 * 16)
        try program.run("noise", "clean", "-o", "noisy", "--white", "50hu", "--seed", "3")
        // Labels 0 and 1 in the halves of the slice; label 0 is white, and label 1 is red.
        let map = [255, 200] + [UInt8](repeating: 0, count: 254) + [255, 0] + [UInt8](repeating: 0, count: 254)
        let colors = (map + [255, 0] + [UInt8](repeating: 0, count: 254)).flatMap { [$0, $0] }
        func write(_ samples: [UInt8], _ photometric: Int, _ name: String) throws {
            var bytes: [UInt8] = [0x49, 0x49, 42, 0]
            func little(_ number: Int, _ size: Int) -> [UInt8] {
                (0..<size).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
            }
            let tags = [
                (256, 4, 1, 32), (257, 4, 1, 32), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, photometric),
                (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, 32), (279, 4, 1, 1024), (320, 3, 768, 8 + 1024),
            ].filter { photometric == 3 || $0.0 != 320 }
            bytes += little(8 + 1024 + 1536, 4) + samples + colors + little(tags.count, 2)
            for (tag, type, count, value) in tags {
                bytes += little(tag, 2) + little(type, 2) + little(count, 4) + little(value, 4)
            }
            try program.write(Data(bytes + [0, 0, 0, 0]), to: name)
        }
        let labels = (0..<1024).map { UInt8($0 % 32 < 16 ? 0 : 1) }
        try write(labels, 3, "palette.tif")
        try write(labels, 1, "grey.tif")
        func rmse(_ mask: String) throws -> Double {
            let report = try program.json("evaluate", "clean", "noisy", "--mask", mask)
            return try #require((report["mean"] as? [String: Any])?["rmseHU"] as? Double)
        }
        let found = try rmse("palette.tif")
        let expected = try rmse("grey.tif")
        #expect(found == expected && found > 30)
    }

    @Test func `a mask says where`() throws {
        let program = try Program()
        try program.makePhantoms("clean/1.png")
        try program.run("noise", "clean", "-o", "noisy", "--white", "10%")
        try program.makePhantoms("small.png", side: 40)
        let all = try program.json("evaluate", "clean", "noisy")
        let clean = try ImageFile(contentsOf: program.url("clean/1.png").path).pages[0]
        let mask = CTSlice(
            width: 48, height: 48, samples: clean.hu.map { $0 > -900 ? 1 : 0 }, format: .uint8)
        try FileManager.default.createDirectory(at: program.url("body"), withIntermediateDirectories: true)
        try ImageFile(pages: [mask], container: .png).write(to: program.url("body/1.png").path)
        let body = try program.json("evaluate", "clean", "noisy", "--mask", "body")
        func rmse(_ report: [String: Any]) throws -> Double {
            try #require((report["mean"] as? [String: Any])?["rmseHU"] as? Double)
        }
        // Noise on air is clamped at -1024 HU, so that the body has more of it.
        #expect(try rmse(body) > rmse(all))
        #expect(body["mask"] as? String == "body")
        #expect(try rmse(program.json("evaluate", "clean", "noisy", "--mask", "body/1.png")) == rmse(body))
        let other = try program.run("evaluate", "clean", "noisy", "--mask", "small.png")
        #expect(other.status == 1)
        #expect(other.messages.contains("40×40"))
        try program.makePhantoms("masks/2.png")
        #expect(try program.run("evaluate", "clean", "noisy", "--mask", "masks").messages.contains("masks/1.png"))
    }

    @Test func `folders are patients, with their means, and the worst slice is named`() throws {
        let program = try Program()
        for name in ["a/1", "a/2", "b/1"] { try program.makePhantoms("clean/\(name).png") }
        try program.run("noise", "clean", "-o", "noisy", "--white", "10%")
        try program.run("noise", "clean/b/1.png", "-o", "noisy/b/1.png", "--white", "30%", "--overwrite")
        let report = try program.json("evaluate", "clean", "noisy")
        let patients = try #require(report["patients"] as? [[String: Any]])
        #expect(patients.map { $0["patient"] as? String } == ["a", "b"])
        #expect(patients.map { $0["slices"] as? Int } == [2, 1])
        let worst = try #require((report["worst"] as? [String: Any])?["psnr"] as? [String: Any])
        #expect(worst["file"] as? String == "b/1.png")
        #expect((report["spread"] as? [String: Any])?["psnr"] as? Double ?? 0 > 1)
        #expect((report["slices"] as? [[String: Any]])?.count == 3)
        let text = try program.run("evaluate", "clean", "noisy").output
        #expect(text.contains("mean of 2 slices in a"))
        #expect(text.contains("worst slice"))
    }

    @Test func `results do not depend on the number of threads`() throws {
        let program = try Program()
        try program.makePhantoms("clean", count: 5)
        try program.run("noise", "clean", "-o", "noisy", "--white", "10%")
        let one = try program.run("evaluate", "clean", "noisy", "--json", "-j", "1")
        #expect(one.status == 0)
        #expect(try program.run("evaluate", "clean", "noisy", "--json", "-j", "7").output == one.output)
    }

    @Test func `what is no number is told, and the rest is compared`() throws {
        let program = try Program()
        try program.makePhantoms("clean", count: 2, side: 48, "--format", "tiff32f")
        let names = program.files(in: "clean")
        for name in names { try program.write(program.bytes("clean/\(name)"), to: "test/\(name)") }
        var file = try ImageFile(contentsOf: program.url("test/\(names[0])").path)
        file.pages[0].samples[100] = .nan
        try file.write(to: program.url("test/\(names[0])").path, overwrite: true)
        let outcome = try program.run("evaluate", "clean", "test")
        #expect(outcome.status == 1)
        #expect(outcome.messages.contains("test/\(names[0])") && outcome.messages.contains("sample 100"))
        #expect(outcome.output.contains("mean of 1"))
        #expect(outcome.messages.contains("PSNR is infinite"))
    }

    @Test func `pages count one by one: a bad one, or one outside of the mask, does not take the others with it`()
        throws
    {
        let program = try Program()
        func write(_ name: String, _ values: [Double], bad: Int? = nil) throws {
            var pages = values.map {
                CTSlice(width: 32, height: 32, samples: [Double](repeating: $0, count: 1024), format: .float32)
            }
            if let bad { pages[bad].samples[5] = .nan }
            try ImageFile(pages: pages, container: .tiff).write(to: program.url(name).path)
        }
        try write("a.tif", [0, 10, 20])
        try write("b.tif", [1, 12, 23])
        try write("bad.tif", [1, 12, 23], bad: 1)
        try write("mask.tif", [1, 0, 1])
        let masked = try program.json("evaluate", "a.tif", "b.tif", "--mask", "mask.tif")
        let slices = try #require(masked["slices"] as? [[String: Any]])
        #expect(slices.map { $0["page"] as? Int } == [1, 3])
        #expect(
            try program.run("evaluate", "a.tif", "b.tif", "--mask", "mask.tif").messages.contains("1 slice left out"))
        let bad = try program.json("evaluate", "a.tif", "bad.tif", status: 1)
        #expect((bad["slices"] as? [[String: Any]])?.map { $0["page"] as? Int } == [1, 3])
        // The bad file is named.
        #expect(try program.run("evaluate", "bad.tif", "a.tif").messages.contains("error: bad.tif: "))
        // A page too small for SSIM still has a PSNR.
        try write("x.tif", [0])
        var small = try ImageFile(contentsOf: program.url("x.tif").path)
        small.pages = [CTSlice(width: 4, height: 4, samples: (0..<16).map(Double.init), format: .float32)]
        try small.write(to: program.url("x.tif").path, overwrite: true)
        let mean = try #require(
            try program.json("evaluate", "x.tif", "x.tif", "--stored", "hu")["mean"] as? [String: Any])
        #expect(mean["psnr"] as? String == "inf" && mean["ssim"] == nil)
        #expect(try program.run("evaluate", "x.tif", "x.tif", "--stored", "hu", "--at-least-ssim", "0.5").status == 2)
    }

    @Test func `equal slices do not hide those that miss a threshold`() throws {
        let program = try Program()
        try program.makePhantoms("clean", count: 2)
        let names = program.files(in: "clean")
        try program.write(program.bytes("clean/\(names[0])"), to: "test/\(names[0])")
        try program.run("noise", "clean/\(names[1])", "-o", "test/\(names[1])", "--white", "20%")
        #expect(try program.run("evaluate", "clean", "test", "--at-least-psnr", "30").status == 2)
        #expect(try program.run("evaluate", "clean", "clean", "--at-least-psnr", "30").status == 0)
    }

    @Test(arguments: [
        ["--range", "5,5"], ["--range", "7"], ["--range", "-1e308,1e308"], ["--json", "--csv"], ["--ssim", "3x3"],
        ["--window", "lung", "--range", "0,1"], ["--window", "liver"], ["--window", "40,0"], ["--window", "40"],
        ["--mask", ""],
        ["--window", "0,1e-9"],
        ["--pixel", "0.7"], ["--pixel", "0", "--report", "a.html"], ["--at-least-psnr", "nan"],
        ["--at-least-psnr", "inf"], ["--at-least-ssim", "nan"],
    ])
    func `wrong usage is status 64`(options: [String]) throws {
        #expect(try Program().run(["evaluate", "a.png", "b.png"] + options).status == 64)
    }
}
