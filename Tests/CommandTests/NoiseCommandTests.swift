import CTImageFiles
import CTImages
import Foundation
import Testing

@Suite struct `ctdenoise noise` {
    @Test func `white noise has the strength that was asked for`() throws {
        let program = try Program()
        try program.makePhantoms("clean.tif", side: 128, "--format", "tiff32f")
        let made = try program.run("noise", "clean.tif", "-o", "noisy.tif", "--white", "25/255", "--seed", "3")
        #expect(made.status == 0)
        #expect(made.output.contains("1 slice of 1 file"))
        let report = try program.json("evaluate", "clean.tif", "noisy.tif")
        let mean = try #require(report["mean"] as? [String: Any])
        // 20 · log₁₀(255 / 25) dB; 16,384 samples are within 0.05 dB of it four times in five.
        let psnr = try #require(mean["psnr"] as? Double)
        #expect(abs(psnr - 20.172) < 0.2)
    }

    @Test func `salt and pepper replace the share that was asked for, and nothing is clamped`() throws {
        let program = try Program()
        try program.makePhantoms("clean.png", side: 128)
        let report = try program.json(
            "noise", "clean.png", "-o", "noisy.png", "--impulses", "10%", "--salt-share", "1")
        #expect(report["clamped"] as? Int == 0)
        #expect((report["settings"] as? [String: Any])?["seed"] as? String == "0")
    }

    @Test func `the same seed makes the same noise for the same name, whatever else there is`() throws {
        let program = try Program()
        try program.makePhantoms("clean", count: 3)
        let names = program.files(in: "clean")
        try #require(names.count == 3)
        try program.run("noise", "clean", "-o", "all", "--white", "10%", "--seed", "5")
        try program.run("noise", "clean/\(names[1])", "-o", "one", "--white", "10%", "--seed", "5")
        try program.run("noise", "clean", "-o", "other", "--white", "10%", "--seed", "6")
        #expect(program.files(in: "all") == names)
        #expect(try program.bytes("one/\(names[1])") == program.bytes("all/\(names[1])"))
        #expect(try program.bytes("other/\(names[1])") != program.bytes("all/\(names[1])"))
    }

    @Test func `clamped samples are counted`() throws {
        let program = try Program()
        try program.makePhantoms("clean.png")
        let report = try program.json("noise", "clean.png", "-o", "noisy.png", "--white", "400hu")
        // Air is at the lower end of the range, so about half of its samples are.
        #expect(try #require(report["clamped"] as? Int) > 100)
    }

    @Test(arguments: [
        ["--white", "25"], ["--impulses", "10"], ["--impulses", "150%"], ["--white", "-3hu"], [],
        ["--white", "10%", "--salt-share", "2"], ["--white", "10%", "--rescale", "1"],
        ["--white", "10%", "--rescale", "0,5"], ["--white", "1e308/1"], ["--white", "1e306%"],
        ["--white", "1e308hu", "--rescale", "1e-5,0"], ["--white", "10%", "--rescale", "1e-310,0"],
        ["--white", "10%", "--rescale", "1,1e300"],
    ])
    func `what cannot be meant is refused with what to write`(options: [String]) throws {
        let program = try Program()
        let outcome = try program.run(["noise", "clean.png", "-o", "noisy"] + options)
        #expect(outcome.status == 64)
        #expect(outcome.output.isEmpty)
        let advice = ["25/255", "10%", "100%", "--salt-share", "1,-1024", "with this --rescale"]
        #expect(advice.contains { outcome.messages.contains($0) }, "\(outcome.messages)")
    }

    @Test func `noise beyond all numbers is refused for each file whose scale makes it so`() throws {
        let program = try Program()
        let page = Slice(
            width: 4, height: 4, samples: [Double](repeating: 0, count: 16),
            format: SampleFormat(kind: .unsignedInteger, bits: 32))
        try program.makePhantoms("in/b.tif", "--format", "tiff32f")
        try ImageFile(pages: [page], container: .tiff).write(to: program.url("in/a.tif").path)
        let outcome = try program.run("noise", "in", "-o", "out", "--white", "1e305hu")
        #expect(outcome.status == 1)
        #expect(outcome.messages.contains("error: in/a.tif: "), "\(outcome.messages)")
        #expect(program.files(in: "out") == ["b.tif"])
    }
}
