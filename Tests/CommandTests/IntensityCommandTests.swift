import CTImageFiles
import CTImages
import Foundation
import Testing

@Suite struct `Intensities of files` {
    /// Ways to store HU, by name.
    struct Storage: Sendable, CustomTestStringConvertible {
        let name: String
        let format: SampleFormat
        let stored: @Sendable (Double) -> Double

        var testDescription: String { "\(name), \(format)" }
    }

    static let storages: [Storage] = [
        Storage(name: "hu", format: .int16) { $0 }, Storage(name: "hu", format: .float32) { $0 },
        Storage(name: "hu+1000", format: .uint16) { max($0 + 1000, 0) },
        Storage(name: "hu+1024", format: .uint16) { max($0 + 1024, 0) },
        Storage(name: "hu+8192", format: .uint16) { $0 + 8192 },
        Storage(name: "hu+32768", format: .uint16) { $0 + 32768 },
        Storage(name: "wrapped", format: .uint16) { $0 < 0 ? $0 + 65536 : $0 },
        Storage(name: "unit:-1024,3071", format: .float32) { min(max(($0 + 1024) / 4095, 0), 1) },
        Storage(name: "symmetric:-1024,3071", format: .float32) { min(max(2 * ($0 + 1024) / 4095 - 1, -1), 1) },
        Storage(name: "1/mm:0.0192", format: .float32) { 0.0192 * (1 + $0 / 1000) },
        Storage(name: "1/cm:0.2", format: .float32) { 0.2 * (1 + $0 / 1000) },
    ]

    @Test(arguments: storages)
    func `make no difference to denoised HU`(storage: Storage) throws {
        let program = try Program()
        try program.writePhantoms("hu.tif", format: .float32) { max($0, -1000) }
        let name = storage.format.kind == .unsignedInteger ? "a.png" : "a.tif"
        try program.writePhantoms(name, format: storage.format) { storage.stored(max($0, -1000)) }
        let report = try program.json("denoise", name, "-o", "out/")
        let file = try #require((report["files"] as? [[String: Any]])?.first)
        #expect((file["scale"] as? [String: Any])?["origin"] as? String == storage.name)
        try program.run("denoise", "hu.tif", "-o", "right/", "--stored", "hu")
        // The written file says how it stores HU.
        let quality = try program.json("evaluate", "right/hu.tif", "out/\(name)")
        let rmse = try #require((quality["mean"] as? [String: Any])?["rmseHU"] as? Double)
        // Rounding alone gives 0.29 HU; and HU + 1000 has no room for what is below air, as a tenth of the samples are.
        #expect(rmse < (storage.name == "hu+1000" ? 2 : 0.4), "\(rmse) HU")
        #expect((quality["warnings"] as? [String])?.isEmpty == true)
    }

    @Test func `give the figures of files whose scale is told, in all jobs`() throws {
        let program = try Program()
        try program.writePhantoms("clean", count: 3) { max($0 + 1024, 0) }
        func psnr(_ suffix: String, _ options: [String]) throws -> Double {
            let (noisy, out) = ("noisy\(suffix)", "out\(suffix)")
            try program.run(["noise", "clean", "-o", noisy, "--white", "25/255"] + options)
            try program.run(["denoise", noisy, "-o", out] + options)
            let report = try program.json(["evaluate", "clean", out] + options)
            return try #require((report["mean"] as? [String: Any])?["psnr"] as? Double)
        }
        let recognised = try psnr("1", [])
        #expect(try recognised == psnr("2", ["--stored", "hu+1024"]))
        #expect(try recognised != psnr("3", ["--stored", "full-range"]))
    }

    @Test func `that may be several things are refused, and nothing is written`() throws {
        let program = try Program()
        try program.writeUndecided("in/a.png")
        for arguments in [
            ["denoise", "in", "-o", "out"], ["noise", "in", "-o", "out", "--white", "20hu"],
            ["noise", "in", "-o", "out", "--white", "20hu", "--pairs"], ["noise", "in", "--estimate"],
            ["train", "in", "-o", "out", "--steps", "1"],
        ] {
            let outcome = try program.run(arguments)
            #expect(outcome.status == 64, "\(arguments): \(outcome)")
            #expect(outcome.messages.contains("Pass --stored "), "\(outcome.messages)")
            #expect(!FileManager.default.fileExists(atPath: program.url("out").path), "\(arguments)")
        }
        let sides = try program.run("evaluate", "in", "in")
        #expect(sides.status == 64 && sides.messages.contains("Pass --reference-stored "), "\(sides.messages)")
        let report = try program.json("denoise", "in", "-o", "out", status: 64)
        #expect((report["failed"] as? [[String: Any]])?.count == 1)
        #expect(try program.run("denoise", "in", "-o", "out", "--stored", "window:0,2000").status == 0)
    }

    @Test func `of each side of an evaluation are their own, and named where they differ`() throws {
        let program = try Program()
        try program.writePhantoms("a/1.png") { max($0, -1024) + 1024 }
        try program.writePhantoms("b/1.tif", format: .float32) { max($0, -1024) }
        let outcome = try program.run("evaluate", "a", "b", "--json")
        #expect(outcome.status == 0 && outcome.messages.contains("differ in scale: HU + 1024; HU"), "\(outcome)")
        let report = try program.json("evaluate", "a", "b")
        #expect((report["mean"] as? [String: Any])?["rmseHU"] as? Double == 0)
        let slice = try #require((report["slices"] as? [[String: Any]])?.first)
        #expect((slice["referenceScale"] as? [String: Any])?["origin"] as? String == "hu+1024")
        #expect((slice["testScale"] as? [String: Any])?["origin"] as? String == "hu")
        let told = try program.json("evaluate", "a", "b", "--reference-stored", "hu+1000", "--test-stored", "hu")
        #expect((told["mean"] as? [String: Any])?["biasHU"] as? Double == -24)
    }

    @Test func `pair up with files of another format or case if the name is unique`() throws {
        let program = try Program()
        try program.writePhantoms("a/Slice.png") { $0 + 1024 }
        try program.writePhantoms("a/two.png") { $0 + 1024 }
        try program.writePhantoms("b/slice.tiff", format: .int16) { $0 }
        try program.writePhantoms("b/two.TIF", format: .int16) { $0 }
        let report = try program.json("evaluate", "a", "b")
        #expect((report["slices"] as? [[String: Any]])?.map { $0["file"] as? String } == ["Slice.png", "two.png"])
        // A mask may have another format than the slices, too.
        try program.write(program.bytes("b/slice.tiff"), to: "masks/slice.TIFF")
        try program.write(program.bytes("b/two.TIF"), to: "masks/Two.tif")
        let masked = try program.run("evaluate", "a", "b", "--mask", "masks")
        #expect(masked.status == 0, "\(masked.messages)")
        // Not unique: which of the two is meant?
        try program.writePhantoms("b/two.tif", format: .int16) { $0 }
        #expect(try program.run("evaluate", "a", "b").status == 1)
    }

    @Test func `of a file that differs from those beside it are its own, with a warning`() throws {
        let program = try Program()
        try program.writePhantoms("in", count: 5) { $0 + 1024 }
        try program.writePhantoms("in/other.png") { $0 + 8192 }
        let report = try program.json("denoise", "in", "-o", "out")
        let files = try #require(report["files"] as? [[String: Any]])
        let origins = files.map { ($0["scale"] as? [String: Any])?["origin"] as? String }
        #expect(origins == ["hu+1024", "hu+1024", "hu+1024", "hu+1024", "hu+1024", "hu+8192"])
        let warnings = try #require(report["warnings"] as? [String])
        #expect(warnings.contains { $0.contains("other.png") && $0.contains("HU + 8192") }, "\(warnings)")
    }

    @Test func `that a description states are used, unless the samples contradict`() throws {
        let program = try Program()
        try program.writePhantoms("a.png") { $0 + 1024 }
        try program.addText("Rescale Intercept", "-1024", to: "a.png", as: "stated.png")
        try program.addText("Rescale Intercept", "0", to: "a.png", as: "wrong.png")
        let stated = try program.run("noise", "stated.png", "--estimate")
        #expect(stated.status == 0 && stated.messages.contains("as the file says"), "\(stated.messages)")
        let wrong = try program.run("denoise", "wrong.png", "-o", "out.png")
        #expect(wrong.status == 64 && wrong.messages.contains("--stored hu+1024, or --stored rescale:1,0"), "\(wrong)")
    }

    @Test func `that the program once wrote are doubted if the values have changed`() throws {
        let program = try Program()
        try program.writePhantoms("hu.tif", format: .int16) { $0 }
        var file = try ImageFile(contentsOf: program.url("hu.tif").path)
        file.adopt(.offset(1024))
        try file.write(to: program.url("stale.tif").path)
        let outcome = try program.run("denoise", "stale.tif", "-o", "out.tif")
        #expect(
            outcome.status == 64 && outcome.messages.contains("Pass --stored hu, or --stored hu+1024"), "\(outcome)")
    }

    @Test func `that differ from page to page are refused`() throws {
        let program = try Program()
        try program.writePhantoms("in", count: 3, format: .int16) { $0 }
        var pages = try (1...3).map { try ImageFile(contentsOf: program.url("in/\($0).tif").path).pages[0] }
        pages[1].samples = pages[1].samples.map { $0 + 1024 }
        try ImageFile(pages: pages, container: .tiff).write(to: program.url("mixed.tif").path)
        let outcome = try program.run("denoise", "mixed.tif", "-o", "out.tif")
        #expect(outcome.status == 64 && outcome.messages.contains("on page "), "\(outcome)")
        #expect(!FileManager.default.fileExists(atPath: program.url("out.tif").path))
        #expect(try program.run("denoise", "mixed.tif", "-o", "out.tif", "--stored", "hu").status == 0)
    }

    @Test func `of 8-bit pictures in larger types, and of doubtful files among clear ones, are noticed`() throws {
        let program = try Program()
        try program.writePhantoms("in", count: 8) { $0 + 1024 }
        func byte(_ hu: Double) -> Double { (255 * min(max((hu + 1350) / 1500, 0), 1)).rounded() }
        try program.writePhantoms("in/byte.png") { byte($0) }
        let report = try program.json("denoise", "in", "-o", "out")
        let warnings = try #require(report["warnings"] as? [String])
        #expect(
            warnings.contains { $0.contains("byte.png") && $0.contains("unlike the files beside it") }, "\(warnings)")
        let survey = try program.run("noise", "in/byte.png", "--estimate")
        #expect(survey.status == 0 && !survey.messages.contains("HU + 10"), "\(survey.messages)")
        // No HU at all as the others hold them.
        try program.writePhantoms("in/strange.png") { 65535 - 40 * max($0 + 1000, 0) / 3 }
        let strange = try program.run("denoise", "in", "-o", "out", "--overwrite")
        #expect(strange.messages.contains("strange.png: "), "\(strange.messages)")
    }

    @Test func `of floating-point numbers that are no HU are refused`() throws {
        let program = try Program()
        try program.makePhantoms("hu.tif", side: 24, "--format", "tiff32f")
        var file = try ImageFile(contentsOf: program.url("hu.tif").path)
        file.pages[0].samples = file.pages[0].samples.map { Double(Float(($0 + 1000) / 7000)) }
        try file.write(to: program.url("small.tif").path)
        let outcome = try program.run("denoise", "small.tif", "-o", "out.tif")
        #expect(outcome.status == 64 && outcome.messages.contains("Pass --stored unit"), "\(outcome)")
        #expect(try program.run("denoise", "small.tif", "-o", "out.tif", "--stored", "unit").status == 0)
    }

    @Test func `without CT are assumed, with a warning`() throws {
        let program = try Program()
        try program.makePhantoms("small.png", side: 16)
        let report = try program.json("denoise", "small.png", "-o", "out.png")
        let warnings = try #require(report["warnings"] as? [String])
        #expect(warnings.count == 1 && warnings[0].contains("no CT was recognised"))
    }

    @Test func `are described by info`() throws {
        let program = try Program()
        try program.writePhantoms("a.png") { $0 + 1024 }
        try program.writeUndecided("b.png")
        let report = try program.json("info", "a.png", "b.png")
        let pages = try #require(report["files"] as? [[String: Any]]).map {
            try #require(($0["pages"] as? [[String: Any]])?.first)
        }
        #expect((pages[0]["scale"] as? [String: Any])?["origin"] as? String == "hu+1024" && pages[0]["doubt"] == nil)
        #expect((pages[1]["doubt"] as? String)?.hasPrefix("it may be ") == true)
    }
}

extension Program {
    /// Writes a picture that looks like CT in several conventions.
    fileprivate func writeUndecided(_ name: String) throws {
        try writePhantoms(name, format: .uint8) { hu in 255 * min(max((hu + 1100) / 1900, 0), 1) }
    }

    /// Copies a PNG with an additional text.
    fileprivate func addText(_ keyword: String, _ text: String, to name: String, as copy: String) throws {
        var png = [UInt8](try bytes(name))
        let data = Array("tEXt\(keyword)\0\(text)".utf8)
        func bigEndian(_ number: UInt32) -> [UInt8] {
            (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
        }
        var sum = UInt32.max
        for byte in data {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        // After the signature and IHDR.
        png.insert(contentsOf: bigEndian(UInt32(data.count - 4)) + data + bigEndian(~sum), at: 33)
        try write(Data(png), to: copy)
    }
}
