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
        // Where the CPU multiplies no bf16, nothing changes; where it does, something does, but hardly.
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

    /// Writes the model of a network that sees the same noise everywhere.
    private func writeModel(seeing noise: Float, to name: String, in program: Program) throws {
        let configuration = NetworkConfiguration(
            window: 4, channels: 4, hidden: 2, blocks: 1, mixing: 3, center: -300, spread: 500)
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
        #expect((report["settings"] as? [String: String])?["model"] == "flat.safetensors")
        let before = try ImageFile(contentsOf: program.url("a.tif").path).pages[0].samples
        let after = try ImageFile(contentsOf: program.url("b.tif").path).pages[0].samples
        // A quarter of the spread is 125 HU; single precision is that of the file.
        let worst = zip(before, after).map { abs($0 - 125 - $1) }.max()
        #expect(try #require(worst) < 1e-3)
        #expect(try program.run("info", "flat.safetensors").output.contains("description: flat"))
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
}
