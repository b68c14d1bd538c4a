import Foundation
import Testing

@Suite struct `ctdenoise phantom` {
    @Test func `writes one file, or as many as asked for into a folder`() throws {
        let program = try Program()
        #expect(try program.run("phantom", "-o", "new/one.png", "--size", "64x48").status == 0)
        #expect(try program.run("phantom", "-o", "many", "--size", "32", "--count", "3").status == 0)
        #expect(program.files(in: "new") == ["one.png"])
        #expect(program.files(in: "many").count == 3)
        let report = try program.json("info", "new/one.png")
        let page = try #require(((report["files"] as? [[String: Any]])?.first?["pages"] as? [[String: Any]])?.first)
        #expect(page["width"] as? Int == 64)
        #expect(page["height"] as? Int == 48)
    }

    @Test func `is the same for the same seed and another for another`() throws {
        let program = try Program()
        try program.makePhantoms("a.png", "--seed", "1")
        try program.makePhantoms("b.png", "--seed", "1")
        try program.makePhantoms("c.png", "--seed", "2")
        #expect(try program.bytes("a.png") == program.bytes("b.png"))
        #expect(try program.bytes("a.png") != program.bytes("c.png"))
    }

    @Test func `tells its nodules`() throws {
        let program = try Program()
        let report = try program.json("phantom", "-o", "a.png", "--size", "256", "--nodules", "10:880,6:400,5:250")
        let file = try #require((report["files"] as? [[String: Any]])?.first)
        #expect((file["nodules"] as? [Any])?.count == 3)
    }

    @Test func `takes the greatest numbers`() throws {
        let program = try Program()
        let report = try program.json(
            "phantom", "-o", "many", "--size", "16", "--count", "2", "--seed", "\(UInt64.max)", "--rescale", "1e-300,0")
        #expect((report["files"] as? [[String: Any]])?.last?["seed"] as? Int == 0)
        try program.makePhantoms("a.png", side: 16)
        #expect(try program.run("denoise", "a.png", "-o", "b.png", "--jobs", "\(Int.max)").status == 0)
        #expect(try program.run("denoise", "a.png", "-o", "c.png", "--rescale", "1e300,0").status == 0)
    }

    @Test func `tells what it wrote before it failed`() throws {
        let program = try Program()
        try FileManager.default.createDirectory(
            at: program.url("many/phantom-002.png"), withIntermediateDirectories: true)
        let report = try program.json(
            "phantom", "-o", "many", "--size", "16", "--count", "3", "--overwrite", status: 1)
        #expect((report["files"] as? [Any])?.count == 1)
        #expect((report["failed"] as? [[String: Any]])?.first?["file"] as? String == "many/phantom-002.png")
    }

    @Test func `does not overwrite`() throws {
        let program = try Program()
        try program.makePhantoms("a.png")
        #expect(try program.run("phantom", "-o", "a.png", "--size", "32").status == 1)
        #expect(try program.run("phantom", "-o", "a.png", "--size", "32", "--overwrite").status == 0)
    }

    @Test(arguments: [
        ["--size", "0"], ["--size", "12x"], ["--size", "5x5x5"], ["--count", "0"], ["--format", "gif"],
        ["--nodules", "3"], ["--nodules", "90:800"], ["--nodules", "nan:800"], ["--count", "\(Int.max)"],
        ["--size", "\(Int.max)"], ["--seed", "-1"], ["--rescale", "1e-310,0"], ["--rescale", "nan,0"],
    ])
    func `wrong usage is status 64`(options: [String]) throws {
        #expect(try Program().run(["phantom", "-o", "a.png"] + options).status == 64)
    }
}
