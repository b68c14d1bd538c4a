import CTImageFiles
import CTImages
import CTPhantoms
import Foundation
import Testing

/// What `noise` and `denoise` have in common: how they find files and where they write.
@Suite struct `Many files` {
    /// A command that writes files, before its files.
    private func run(_ program: Program, _ arguments: String...) throws -> Program.Outcome {
        try program.run(["noise", "--white", "10%"] + arguments)
    }

    @Test func `keep their folders and names, and what is no image is skipped`() throws {
        let program = try Program()
        try program.makePhantoms("in/p1/a.png")
        try program.makePhantoms("in/p1/deep/er/b.tif", "--format", "tiff16")
        try program.makePhantoms("in/p2/a.png")
        try program.write(Data("hello".utf8), to: "in/p1/notes.txt")
        try program.write(Data("x".utf8), to: "in/.hidden")
        let outcome = try run(program, "in", "-o", "out/new")
        #expect(outcome.status == 0)
        #expect(program.files(in: "out/new") == ["p1/a.png", "p1/deep/er/b.tif", "p2/a.png"])
        #expect(outcome.messages.contains("skipped in/p1/notes.txt"))
        #expect(!outcome.messages.contains(".hidden"))
        #expect(outcome.output.contains("3 slices of 3 files"))
        #expect(outcome.output.contains("skipped 1 other file"))
    }

    @Test func `keep their pages and their format, and pages are told apart`() throws {
        let program = try Program()
        let pages = (0..<3).map { _ in ChestPhantom(width: 40, height: 32, seed: 1).slice(format: .int16) }
        try ImageFile(pages: pages, container: .tiff).write(to: program.url("stack.tif").path)
        try program.makePhantoms("eight.png", "--format", "png8")
        #expect(try run(program, "stack.tif", "eight.png", "-o", "out").output.contains("4 slices of 2 files"))
        let stack = try ImageFile(contentsOf: program.url("out/stack.tif").path)
        #expect(stack.pages.map(\.format) == [.int16, .int16, .int16])
        #expect(Set(stack.pages.map(\.samples)).count == 3, "pages have the same noise")
        #expect(try ImageFile(contentsOf: program.url("out/eight.png").path).pages.map(\.format) == [.uint8])
        let report = try program.json("evaluate", "stack.tif", "out/stack.tif")
        let slices = try #require(report["slices"] as? [[String: Any]])
        #expect(slices.map { $0["page"] as? Int } == [1, 2, 3])
    }

    @Test func `that are bad do not stop the others, and the status is 1`() throws {
        let program = try Program()
        try program.makePhantoms("in/a.png")
        try program.makePhantoms("in/c.png")
        try program.write(try program.bytes("in/a.png").prefix(60), to: "in/b.png")
        try program.write(Data("no picture at all".utf8), to: "in/d.tif")
        let outcome = try run(program, "in", "missing.png", "-o", "out")
        #expect(outcome.status == 1)
        #expect(program.files(in: "out") == ["a.png", "c.png"])
        for name in ["in/b.png", "in/d.tif", "missing.png"] {
            #expect(outcome.messages.contains("error: \(name): "), "\(outcome.messages)")
        }
        #expect(outcome.output.contains("3 failed"))
        let json = try program.run("noise", "in", "-o", "out", "--white", "10%", "--overwrite", "--json")
        #expect(json.status == 1)
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect((report["failed"] as? [Any])?.count == 2)
        #expect((report["files"] as? [Any])?.count == 2)
    }

    @Test func `are never overwritten where they are inputs`() throws {
        let program = try Program()
        try program.makePhantoms("in/a.png")
        let before = try program.bytes("in/a.png")
        try FileManager.default.createSymbolicLink(
            at: program.url("link"), withDestinationURL: program.url("in"))
        try FileManager.default.createDirectory(at: program.url("hard"), withIntermediateDirectories: true)
        try FileManager.default.linkItem(at: program.url("in/a.png"), to: program.url("hard/a.png"))
        for (input, output) in [
            ("in", "in"), ("in/a.png", "in"), ("in", "./in/../in/"), ("link", "in"), ("in", "link"), ("in", "hard"),
            ("in/a.png", "in/a.png"),
        ] {
            let outcome = try run(program, input, "-o", output, "--overwrite")
            #expect(outcome.status == 1, "\(input) to \(output)")
            #expect(outcome.messages.contains("inputs are never overwritten"))
        }
        #expect(try program.bytes("in/a.png") == before)
        #expect(program.files(in: "in") == ["a.png"])
    }

    @Test func `that exist are replaced only when that is asked for`() throws {
        let program = try Program()
        try program.makePhantoms("in", count: 2)
        let names = program.files(in: "in")
        try program.write(Data("mine".utf8), to: "out/\(names[1])")
        let refused = try run(program, "in", "-o", "out")
        #expect(refused.status == 1)
        #expect(refused.messages.contains("--overwrite"))
        #expect(program.files(in: "out") == [names[1]])
        #expect(try program.bytes("out/\(names[1])") == Data("mine".utf8))
        #expect(try run(program, "in", "-o", "out", "--overwrite").status == 0)
        #expect(program.files(in: "out") == names)
        #expect(try program.bytes("out/\(names[1])") != Data("mine".utf8))
    }

    @Test func `of one name are refused before any work`() throws {
        let program = try Program()
        try program.makePhantoms("one/a.png")
        try program.makePhantoms("two/a.png")
        let outcome = try run(program, "one", "two", "-o", "out")
        #expect(outcome.status == 1)
        #expect(outcome.messages.contains("one/a.png and two/a.png"))
        #expect(program.files(in: "out").isEmpty)
        // The same file twice is one file.
        #expect(try run(program, "one", "one/a.png", "-o", "out").output.contains("1 slice of 1 file"))
    }

    @Test func `of one name but for upper and lower case are refused, since many disks would keep one`() throws {
        let program = try Program()
        try program.makePhantoms("one/P/A.png")
        try program.makePhantoms("two/p/a.png")
        let outcome = try run(program, "one", "two", "-o", "out", "--overwrite")
        #expect(outcome.status == 1)
        #expect(outcome.messages.contains("one/P/A.png and two/p/a.png"))
        #expect(program.files(in: "out").isEmpty)
    }

    @Test func `that cannot be planned are reported as JSON, too`() throws {
        let program = try Program()
        try program.makePhantoms("a.png")
        for arguments in [
            ["noise", "a.png", "-o", "./a.png", "--white", "10%"], ["noise", "a.png", "-o", "b.tif", "--white", "10%"],
            ["denoise", "a.png", "-o", "out", "--model", "missing.safetensors"], ["phantom", "-o", "a.png"],
        ] {
            let outcome = try program.run(arguments + ["--json"])
            #expect(outcome.status == 1)
            #expect(!outcome.messages.isEmpty)
            let report = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
            #expect((report?["failed"] as? [Any])?.count == 1, "\(arguments): \(outcome.output)")
            #expect((report?["files"] as? [Any])?.isEmpty == true)
        }
    }

    @Test func `with more pixels than --max-pixels are refused, all pages together`() throws {
        let program = try Program()
        let page = ChestPhantom(width: 20, height: 16, seed: 1).slice(format: .uint8)
        try ImageFile(pages: [page, page], container: .tiff).write(to: program.url("stack.tif").path)
        try program.makePhantoms("one.png", side: 16)
        let outcome = try run(program, "stack.tif", "one.png", "-o", "out", "--max-pixels", "639")
        #expect(outcome.status == 1)
        #expect(outcome.messages.contains("error: stack.tif: ") && outcome.messages.contains("639"))
        #expect(program.files(in: "out") == ["one.png"])
        for limit in ["640", "\(Int.max)"] {
            #expect(try run(program, "stack.tif", "-o", "out\(limit)", "--max-pixels", limit).status == 0)
            #expect(program.files(in: "out\(limit)") == ["stack.tif"])
        }
        for limit in ["0", "-1", "1\(Int.max)"] {
            #expect(try run(program, "stack.tif", "-o", "none", "--max-pixels", limit).status == 64)
        }
    }

    @Test func `in the output folder are no inputs`() throws {
        let program = try Program()
        try program.makePhantoms("in/a.png")
        #expect(try run(program, "in", "-o", "in/out").status == 0)
        let again = try run(program, "in", "-o", "in/out", "--overwrite")
        #expect(again.status == 0)
        #expect(program.files(in: "in") == ["a.png", "out/a.png"])
    }

    @Test func `leave nothing else behind`() throws {
        let program = try Program()
        try program.makePhantoms("in/a.png")
        try program.run("noise", "in/a.png", "-o", "b.png", "--white", "10%")
        let names = try FileManager.default.contentsOfDirectory(atPath: program.folder.path).sorted()
        #expect(names == ["b.png", "in"])
    }

    @Test func `keep their format, so a name with another ending is refused`() throws {
        let program = try Program()
        try program.makePhantoms("a.png")
        let outcome = try run(program, "a.png", "-o", "b.tif")
        #expect(outcome.status == 1)
        #expect(outcome.messages.contains("Write .png"))
    }

    @Test func `tell each assumption about intensities once, and --rescale makes it needless`() throws {
        let program = try Program()
        try program.makePhantoms("in", count: 3)
        let assumed = try run(program, "in", "-o", "out1")
        #expect(assumed.messages.components(separatedBy: "0…65535").count == 2)
        let declared = try run(program, "in", "-o", "out2", "--rescale", "1,-1024")
        #expect(declared.messages.isEmpty)
        #expect(!assumed.messages.contains("\u{1B}"), "a progress bar although nobody looks")
    }

    @Test func `that hold HU + 1024 make the assumption doubtful`() throws {
        let program = try Program()
        try program.makePhantoms("in", count: 2, side: 48, "--rescale", "1,-1024")
        let assumed = try run(program, "in", "-o", "out1")
        #expect(assumed.status == 0)
        #expect(assumed.messages.components(separatedBy: "say --rescale 1,-1024").count == 2, "\(assumed.messages)")
        #expect(try run(program, "in", "-o", "out2", "--rescale", "1,-1024").messages.isEmpty)
        #expect(try program.run("info", "in").output.contains("doubtful"))
    }

    @Test func `none at all is an error`() throws {
        let program = try Program()
        try program.write(Data("hello".utf8), to: "in/notes.txt")
        #expect(try run(program, "in", "-o", "out").status == 1)
    }
}
