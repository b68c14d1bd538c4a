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
        #expect(try meanPSNR(report) > meanPSNR(report, "baselineMean"))
    }

    @Test func `gives the same for every number of threads`() throws {
        let program = try Program()
        try program.makePhantoms("in/a.tif", "--format", "tiff32f")
        try program.run("denoise", "in", "-o", "one", "--jobs", "1")
        try program.run("denoise", "in", "-o", "three", "--jobs", "3")
        #expect(try program.bytes("one/a.tif") == program.bytes("three/a.tif"))
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
