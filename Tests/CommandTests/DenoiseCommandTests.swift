import CTImageFiles
import CTImages
import CTNetwork
import Foundation
import Testing

@Suite struct `ctdenoise denoise` {
    private func meanPSNR(_ report: [String: Any], _ key: String = "mean") throws -> Double {
        try #require((report[key] as? [String: Any])?["psnr"] as? Double)
    }

    @Test func `makes noisy slices better`() throws {
        let program = try Program()
        try program.makePhantoms("clean", count: 2, side: 64)
        try program.run("noise", "clean", "-o", "noisy", "--white", "25/255", "--impulses", "5%", "--seed", "1")
        let outcome = try program.run("denoise", "noisy", "-o", "denoised", "--jobs", "2")
        #expect(outcome.status == 0, "\(outcome.messages)")
        #expect(outcome.output.contains("denoised 2 slices of 2 files"))
        #expect(program.files(in: "denoised") == program.files(in: "clean"))
        let report = try program.json("evaluate", "clean", "denoised", "--baseline", "noisy")
        #expect(try meanPSNR(report) > meanPSNR(report, "baselineMean") + 8)
    }

    @Test func `gives the same for every number of threads`() throws {
        let program = try Program()
        try program.makePhantoms("in/a.tif", "--format", "tiff32f")
        try program.run("denoise", "in", "-o", "one", "--jobs", "1")
        try program.run("denoise", "in", "-o", "three", "--jobs", "3")
        #expect(try program.bytes("one/a.tif") == program.bytes("three/a.tif"))
    }

    @Test func `multiplies as exactly as it is told, and says how`() throws {
        let program = try Program()
        try program.makePhantoms("in/a.tif", side: 64, "--format", "tiff32f")
        let single = try program.json("denoise", "in", "-o", "single")
        let fast = try program.json("denoise", "in", "-o", "fast", "--precision", "fast")
        #expect((single["settings"] as? [String: Any])?["precision"] as? String == "single")
        let settings = try #require(fast["settings"] as? [String: Any])
        let arithmetic = try #require(settings["arithmetic"] as? String)
        // On a CPU without bf16 nothing changes; on others the result changes slightly.
        let same = try program.bytes("single/a.tif") == program.bytes("fast/a.tif")
        #expect(same == (arithmetic == "single precision"))
        if !same { #expect(try meanPSNR(program.json("evaluate", "single", "fast")) > 50) }
        #expect(try program.run("denoise", "in", "-o", "out", "--precision", "double").status == 64)
    }

    @Test func `goes on after a bad file`() throws {
        let program = try Program()
        try program.makePhantoms("in/b.png", side: 32)
        try program.write(Data([0x89, 0x50, 0x4E, 0x47]), to: "in/a.png")
        let outcome = try program.run("denoise", "in", "-o", "out", "--json")
        #expect(outcome.status == 1)
        #expect(program.files(in: "out") == ["b.png"])
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect((report["failed"] as? [[String: Any]])?.first?["file"] as? String == "in/a.png")
    }

    /// Writes the model of a network that estimates the same noise everywhere.
    private func writeModel(
        seeing noise: Float, target: NetworkConfiguration.Target = .noise, to name: String, in program: Program
    ) throws {
        let configuration = NetworkConfiguration(
            target: target, window: 4, channels: 4, hidden: 2, blocks: 1, mixing: 3, center: -300, spread: 500)
        var generator = SystemRandomNumberGenerator()
        var network = Network(configuration: configuration, using: &generator)
        // A new head has weights of zero, which leaves its bias.
        let bias = try #require(network.layout.parameters.first { $0.name == "head.bias" })
        network.parameters[bias.range.lowerBound] = noise
        try network.safetensors(metadata: ["description": "flat"]).write(to: program.url(name).path)
    }

    @Test func `--model says which network denoises`() throws {
        let program = try Program()
        try program.makePhantoms("a.tif", side: 32, "--format", "tiff32f")
        try writeModel(seeing: 0.25, to: "flat.safetensors", in: program)
        let report = try program.json("denoise", "a.tif", "-o", "b.tif", "--model", "flat.safetensors")
        #expect((report["settings"] as? [String: Any])?["model"] as? String == "flat.safetensors")
        let before = try ImageFile(contentsOf: program.url("a.tif").path).pages[0].samples
        let after = try ImageFile(contentsOf: program.url("b.tif").path).pages[0].samples
        // A quarter of the spread is 125 HU; single precision is that of the file.
        let worst = zip(before, after).map { abs($0 - 125 - $1) }.max()
        #expect(try #require(worst) < 1e-3)
        #expect(try program.run("info", "flat.safetensors").output.contains("description: flat"))
    }

    @Test func `--impulse-model says which network replaces impulses before --model removes the rest`() throws {
        let program = try Program()
        try program.makePhantoms("clean.tif", side: 64, "--format", "tiff32f")
        try program.run("noise", "clean.tif", "-o", "a.tif", "--impulses", "10%")
        try writeModel(seeing: 0.25, to: "noise.safetensors", in: program)
        try writeModel(seeing: 0.5, target: .impulses, to: "impulses.safetensors", in: program)
        let models = ["--model", "noise.safetensors", "--impulse-model", "impulses.safetensors"]
        let report = try program.json(["denoise", "a.tif", "-o", "b.tif"] + models)
        #expect((report["settings"] as? [String: Any])?["impulseModel"] as? String == "impulses.safetensors")
        let before = try ImageFile(contentsOf: program.url("a.tif").path).pages[0].samples
        let after = try ImageFile(contentsOf: program.url("b.tif").path).pages[0].samples
        // An impulse loses 250 HU to its own network, and 125 HU as all samples do.
        let worst = zip(before, after).map { abs($0 - ($0 == 1023 || $0 == -1024 ? 375 : 125) - $1) }.max()
        #expect(try #require(worst) < 1e-3)
        // It is an impulse network, and not the only network.
        for wrong in [
            ["--impulse-model", "noise.safetensors"],
            ["--model", "impulses.safetensors", "--impulse-model", "impulses.safetensors"],
            ["--impulse-model", "missing.safetensors"],
        ] {
            #expect(try program.run(["denoise", "a.tif", "-o", "c.tif"] + wrong).status == 1, "\(wrong)")
        }
        #expect(program.files(in: ".").allSatisfy { $0 != "c.tif" })
    }

    @Test func `what a file will not have is said once, and stands in the JSON`() throws {
        let program = try Program()
        try program.makePhantoms("in/a.png", side: 32)
        // An animation of one frame, for which it takes one more chunk.
        let chunk: [UInt8] = [0, 0, 0, 8] + Array("acTL".utf8) + [0, 0, 0, 1, 0, 0, 0, 0]
        let bytes = try [UInt8](program.bytes("in/a.png"))
        let animated = bytes[..<33] + chunk + Self.checksum(chunk[4...]) + bytes[33...]
        try program.write(Data(animated), to: "in/a.png")
        try program.write(Data(animated), to: "in/b.png")
        let outcome = try program.run("denoise", "in", "-o", "out", "--json")
        #expect(outcome.status == 0)
        let text = "the output will not have the 1 frame of an animation"
        #expect(outcome.messages.components(separatedBy: text).count == 2, "\(outcome.messages)")
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let files = try #require(report["files"] as? [[String: Any]])
        #expect(files.count == 2 && files.allSatisfy { ($0["omissions"] as? [String])?.count == 1 })
    }

    /// CRC-32 of a PNG chunk's type and data.
    private static func checksum(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var sum: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: ~sum >> $0) }
    }

    @Test func `--model takes the models inside the program by name, and tells unknown ones the names`() throws {
        let program = try Program()
        try program.makePhantoms("a.tif", side: 32, "--format", "tiff32f")
        let fast = try program.json("denoise", "a.tif", "-o", "fast.tif", "--model", "fast")
        #expect((fast["settings"] as? [String: Any])?["model"] as? String == "fast")
        try program.run("denoise", "a.tif", "-o", "default.tif", "--model", "default")
        try program.run("denoise", "a.tif", "-o", "plain.tif")
        #expect(try program.bytes("fast.tif") != program.bytes("plain.tif"))
        #expect(try program.bytes("default.tif") == program.bytes("plain.tif"))
        for name in ["quick", "", "Fast"] {
            let outcome = try program.run("denoise", "a.tif", "-o", "b.tif", "--model", name)
            #expect(outcome.status == 64)
            #expect(outcome.messages.contains("default or fast"), "\(outcome.messages)")
        }
        // A path or an existing file is a file; the name of a bundled model takes precedence.
        try writeModel(seeing: 0.25, to: "quick", in: program)
        try program.write(program.bytes("quick"), to: "fast")
        try program.run("denoise", "a.tif", "-o", "quick.tif", "--model", "quick")
        try program.run("denoise", "a.tif", "-o", "file.tif", "--model", "./fast")
        try program.run("denoise", "a.tif", "-o", "name.tif", "--model", "fast")
        #expect(try program.bytes("quick.tif") == program.bytes("file.tif"))
        #expect(try program.bytes("name.tif") == program.bytes("fast.tif"))
    }

    @Test func `the model is never overwritten`() throws {
        let program = try Program()
        try program.makePhantoms("in/a.tif", side: 32)
        try writeModel(seeing: 0, to: "model.safetensors", in: program)
        let model = try program.bytes("model.safetensors")
        try program.write(model, to: "out/a.tif")
        for (model, output) in [("model.safetensors", "./model.safetensors"), ("out/a.tif", "out")] {
            let report = try program.run("denoise", "in/a.tif", "-o", output, "--model", model, "--overwrite")
            #expect(report.status == 1)
            #expect(report.messages.contains("the model \(model) itself"), "\(report.messages)")
        }
        #expect(try program.bytes("model.safetensors") == model)
        #expect(try program.bytes("out/a.tif") == model)
    }

    @Test func `a model that is none is an error before any work`() throws {
        let program = try Program()
        try program.makePhantoms("a.png", side: 32)
        try program.write(Data("nonsense".utf8), to: "model.safetensors")
        for model in ["model.safetensors", "missing.safetensors"] {
            let outcome = try program.run("denoise", "a.png", "-o", "out", "--model", model)
            #expect(outcome.status == 1)
            #expect(outcome.messages.contains("error: \(model): "))
        }
        #expect(program.files(in: "out").isEmpty)
        #expect(try program.run("denoise", "a.png", "-o", "out", "--jobs", "0").status == 64)
    }

    // MARK: - Strength

    private func samples(_ name: String, in program: Program) throws -> [[Double]] {
        try ImageFile(contentsOf: program.url(name).path).pages.map(\.samples)
    }

    @Test func `leaves the noise of another dose, or so many HU, and says what was found`() throws {
        let program = try Program()
        try program.makePhantoms("clean", side: 192, "--format", "tiff32f")
        try program.run("noise", "clean", "-o", "noisy", "--add", "scanner:40hu,kernel=soft", "--seed", "1")
        let dose = try program.json("denoise", "noisy", "-o", "dose", "--like-dose", "100%", "--dose", "25%")
        let settings = try #require(dose["settings"] as? [String: Any])
        #expect(settings["likeDose"] as? Double == 1 && settings["dose"] as? Double == 0.25)
        #expect(settings["strength"] as? Double == 0.5)
        #expect((dose["warnings"] as? [String])?.contains { $0.contains("taken as") } == false)
        let files = try #require(dose["files"] as? [[String: Any]])
        let page = try #require((files[0]["pages"] as? [[String: Any]])?.first)
        #expect(page["kind"] as? String == "scanner" && page["removed"] as? Double == 0.5 && page["page"] as? Int == 1)
        #expect(try #require(page["predictedHU"] as? Double) > 15)
        let assumed = try program.json("denoise", "noisy", "-o", "assumed", "--like-dose", "1")
        #expect(
            try program.bytes("assumed/\(program.files(in: "clean")[0])")
                == program.bytes("dose/\(program.files(in: "clean")[0])"))
        #expect((assumed["warnings"] as? [String])?.contains { $0.contains("taken as 25 %") } == true)
        let target = try program.json("denoise", "noisy", "-o", "target", "--target-noise", "15hu")
        #expect((target["settings"] as? [String: Any])?["targetNoiseHU"] as? Double == 15)
        let outcome = try program.run("denoise", "noisy", "-o", "all")
        #expect(outcome.output.contains(", 1 with scanner noise"), "\(outcome.output)")
    }

    @Test(arguments: [
        (["--like-dose", "20%"], "--like-dose must be more than the dose of the slices, 25 %"),
        (["--like-dose", "much"], "write a dose as 25% or 0.25"), (["--dose", "25%"], "say with --like-dose"),
        (["--target-noise", "20"], "write noise as 20hu"), (["--target-noise", "3stored"], "write noise as 20hu"),
        (["--target-noise", "20hu", "--strength", "0.5"], "exclude one another"),
    ])
    func `refuses doses and noise that cannot be aimed at`(options: [String], message: String) throws {
        let program = try Program()
        try program.makePhantoms("in", side: 64)
        let outcome = try program.run(["denoise", "in", "-o", "out"] + options)
        #expect(outcome.status == 64 && outcome.messages.contains(message), "\(outcome.messages)")
        #expect(program.files(in: "out").isEmpty)
    }

    @Test func `--strength takes out a part of the noise, and 0 nothing at all`() throws {
        let program = try Program()
        try program.makePhantoms("in/a.tif", side: 32, "--format", "tiff32f")
        try program.makePhantoms("in/b.png", side: 32)
        try writeModel(seeing: 0.25, to: "flat.safetensors", in: program)
        let half = try program.json(
            "denoise", "in", "-o", "half", "--model", "flat.safetensors", "--strength", "0.5")
        #expect((half["settings"] as? [String: Any])?["strength"] as? Double == 0.5)
        let before = try samples("in/a.tif", in: program)[0]
        let worst = try zip(before, samples("half/a.tif", in: program)[0]).map { abs($0 - 62.5 - $1) }.max()
        #expect(try #require(worst) < 1e-3)
        try program.run("denoise", "in", "-o", "none", "--strength", "0")
        for name in ["a.tif", "b.png"] {
            #expect(try samples("none/\(name)", in: program) == samples("in/\(name)", in: program))
        }
        let whole = try program.json("denoise", "in", "-o", "whole", "--strength", "1")
        #expect((whole["settings"] as? [String: Any])?["strength"] as? Double == 1)
        try program.run("denoise", "in", "-o", "plain")
        #expect(try program.bytes("whole/a.tif") == program.bytes("plain/a.tif"))
        for strength in ["-0.1", "1.01", "nan", "inf"] {
            let outcome = try program.run("denoise", "in", "-o", "out", "--strength", strength)
            #expect(outcome.status == 64)
            #expect(outcome.messages.contains("--strength must be from 0"), "\(outcome.messages)")
        }
    }

    // MARK: - Removed noise

    @Test func `--save-noise writes what the output lacks of the input, page by page`() throws {
        let program = try Program()
        try program.makePhantoms("in/p/a.png", side: 32)
        let pages = try (1...2).map { seed in
            try program.makePhantoms("page.tif", side: 24, "--seed", "\(seed)", "--overwrite")
            return try ImageFile(contentsOf: program.url("page.tif").path).pages[0]
        }
        try ImageFile(pages: pages, container: .tiff).write(to: program.url("in/stack.tif").path)
        let report = try program.json("denoise", "in", "-o", "out", "--save-noise", "removed", "--strength", "0.7")
        #expect(program.files(in: "removed") == ["p/a.tiff", "stack.tiff"])
        #expect(report["noise"] as? String == "removed")
        let files = try #require(report["files"] as? [[String: Any]])
        #expect(files.map { $0["noise"] as? String } == ["removed/p/a.tiff", "removed/stack.tiff"])
        for (name, noise) in [("p/a.png", "p/a.tiff"), ("stack.tif", "stack.tiff")] {
            let input = try ImageFile(contentsOf: program.url("in/\(name)").path).pages
            let output = try ImageFile(contentsOf: program.url("out/\(name)").path).pages
            let removed = try ImageFile(contentsOf: program.url("removed/\(noise)").path).pages
            #expect(removed.map(\.format) == input.map { _ in .float32 })
            for page in input.indices {
                let expected = zip(input[page].hu, output[page].hu).map { $0 - $1 }
                let worst = zip(removed[page].samples, expected).map { abs($0 - $1) }.max()
                #expect(try #require(worst) < 1e-4)
                #expect(expected.contains { $0 != 0 })
            }
        }
        let text = try program.run("denoise", "in", "-o", "out", "--save-noise", "removed", "--overwrite").output
        #expect(text.contains("noise: removed"))
    }

    @Test func `--save-noise replaces nothing that it should not`() throws {
        let program = try Program()
        try program.makePhantoms("in/a.tiff", side: 24)
        try program.makePhantoms("twins/a.tif", side: 24)
        try program.makePhantoms("twins/a.png", side: 24)
        let input = try program.bytes("in/a.tiff")
        try FileManager.default.createDirectory(at: program.url("made"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(at: program.url("link"), withDestinationURL: program.url("made"))
        let refused: [(input: String, output: String, noise: String, why: String)] = [
            ("in", "out", "in", "the input in itself"), ("in", "new//", "new", "the output folder itself"),
            ("in", "no/../b", "b", "the output folder itself"),
            ("in", "out", "out", "the output folder itself"),
            ("in", "out", "./out/", "the output folder itself"),
            ("in", "made", "link", "the output folder itself"),
            ("in/a.tiff", "new/a.tiff", "new", "found one output name for"),
            ("twins", "out", "removed", "found one output name for"),
            ("in", "out", "removed.tif", "expected the name of a folder"),
            ("in", "out", "in/a.tiff/removed", "expected a folder"),
        ]
        for (name, output, noise, why) in refused {
            let outcome = try program.run("denoise", name, "-o", output, "--save-noise", noise, "--overwrite")
            #expect(outcome.status == 1)
            #expect(outcome.messages.contains(why), "\(noise): \(outcome.messages)")
        }
        #expect(try program.bytes("in/a.tiff") == input)
        #expect(program.files(in: "out") + program.files(in: "made") + program.files(in: "new") == [])
        #expect(try program.run("denoise", "in", "-o", "out", "--save-noise", "").status == 64)

        try program.write(Data("mine".utf8), to: "removed/a.tiff")
        let outcome = try program.run("denoise", "in", "-o", "out", "--save-noise", "removed")
        #expect(outcome.status == 1)
        #expect(outcome.messages.contains("removed/a.tiff: found an existing file"))
        #expect(program.files(in: "out").isEmpty)
        #expect(try program.run("denoise", "in", "-o", "out", "--save-noise", "removed", "--overwrite").status == 0)
        #expect(try program.bytes("removed/a.tiff") != Data("mine".utf8))
    }

    @Test func `--save-noise inside the input folder is no input the next time`() throws {
        let program = try Program()
        try program.makePhantoms("in/a.tif", side: 24)
        for _ in 1...2 {
            let report = try program.json(
                "denoise", "in", "-o", "in/out", "--save-noise", "in/removed", "--overwrite")
            #expect((report["files"] as? [Any])?.count == 1)
        }
        #expect(program.files(in: "in") == ["a.tif", "out/a.tif", "removed/a.tiff"])
    }

    @Test func `a place that takes no noise is one error before any work`() throws {
        let program = try Program()
        try program.makePhantoms("in/p/a.tif", side: 24)
        try program.write(Data(), to: "removed/p")
        let report = try program.json("denoise", "in", "-o", "out", "--save-noise", "removed", status: 1)
        #expect((report["failed"] as? [[String: Any]])?.map { $0["file"] as? String } == ["removed/p"])
        #expect((report["notDone"] as? [String]) == ["in/p/a.tif"])
        #expect(program.files(in: "out").isEmpty)
    }

    @Test func `slices of which nothing changes are counted apart, beside their noise`() throws {
        let program = try Program()
        try program.makePhantoms("in/clean.png", side: 128)
        try program.run("noise", "in/clean.png", "-o", "in/noisy.png", "--white", "40hu")
        let arguments = ["denoise", "in", "-o", "out", "--strength", "0"]
        let report = try program.json(arguments + ["--report", "page.html"])
        let unchanged = try #require(report["unchanged"] as? [[String: Any]])
        #expect(unchanged.map { $0["file"] as? String } == ["in/clean.png", "in/noisy.png"])
        #expect(try (35...45).contains(#require(unchanged[1]["noiseHU"] as? Double)))
        let warnings = try #require(report["warnings"] as? [String])
        #expect(warnings.contains { $0.contains("2 slices of 2 unchanged; the estimate of their noise is ") })
        #expect(String(decoding: try program.bytes("page.html"), as: UTF8.self).contains("2 slices of 2 unchanged"))
        #expect(try program.run(arguments + ["--overwrite"]).output.contains("2 of them unchanged"))
        let changed = try program.json("denoise", "in/noisy.png", "-o", "one.png")
        #expect((changed["unchanged"] as? [Any])?.isEmpty == true)
    }
}
