import CTImageFiles
import CTImages
import CTPhantoms
import Foundation
import Testing

/// Tests of what `noise` and `denoise` have in common: how they find files and where they write.
@Suite struct `Many files` {
    /// A command that writes files, without its file arguments.
    private func run(_ program: Program, _ arguments: String...) throws -> Program.Outcome {
        try program.run(["noise", "--white", "10%"] + arguments)
    }

    @Test func `several files at a time come out as one by one, in order`() throws {
        let program = try Program()
        try program.makePhantoms("in/a", count: 7, side: 48)
        let pages = (1...3).map { ChestPhantom(width: 40, height: 32, seed: $0).slice(format: .int16) }
        try ImageFile(pages: pages, container: .tiff).write(to: program.url("in/b.tif").path)
        try program.write(Data("no picture".utf8), to: "in/a/phantom-0.png")
        try program.makePhantoms("in/z", count: 2, side: 64)
        func run(_ jobs: String) throws -> (files: [String], unchanged: [String], bytes: [Data]) {
            let report = try program.json(["denoise", "in", "-o", jobs, "--jobs", jobs], status: 1)
            let files = try #require(report["files"] as? [[String: Any]]).compactMap { $0["input"] as? String }
            let unchanged = try #require(report["unchanged"] as? [[String: Any]]).compactMap { $0["file"] as? String }
            #expect((report["failed"] as? [[String: Any]])?.count == 1)
            return (files, unchanged, try program.files(in: jobs).map { try program.bytes("\(jobs)/\($0)") })
        }
        let one = try run("1")
        #expect(one.files == one.files.sorted() && one.files.count == 10)
        for jobs in ["2", "3", "8"] {
            let several = try run(jobs)
            #expect(several.files == one.files && several.unchanged == one.unchanged && several.bytes == one.bytes)
        }
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
        #expect(outcome.messages.contains("Use .png"))
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

    @Test(arguments: [SIGINT, SIGTERM])
    func `asked to stop leave whole files, and nothing else`(signal: Int32) throws {
        let program = try Program()
        try program.makePhantoms("one.png", side: 128)
        for number in 1...60 { try program.write(program.bytes("one.png"), to: "in/\(number).png") }
        let outcome = try program.run(
            ["denoise", "in", "-o", "out", "--json"], endedBy: signal, onceItSays: "note: ")
        #expect(outcome.status == 1, "not ended by the signal, nor as if nothing had been")
        #expect(outcome.messages.contains("stopped after "), "\(outcome.messages)")
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let written = try #require(report["files"] as? [[String: Any]]).compactMap { $0["output"] as? String }
        #expect(written.map { $0.dropFirst("out/".count) }.sorted() == program.files(in: "out").map { $0[...] })
        #expect(written.count + (try #require(report["notDone"] as? [String])).count == 60)
        #expect(written.count < 60)
    }

    @Test func `asked to stop being drawn leave whole files, and nothing else`() throws {
        let program = try Program()
        let outcome = try program.shell(
            """
            "$CTDENOISE" phantom -o drawn --count 2000 --size 32 & job=$!
            for try in $(seq 200); do [ -e drawn/phantom-0001.png ] && break; sleep 0.05; done
            kill -TERM $job; wait $job
            """)
        #expect(outcome.status == 1)
        #expect(outcome.messages.contains("stopped after "), "\(outcome.messages)")
        let drawn = program.files(in: "drawn")
        #expect(drawn.count < 2000 && drawn.allSatisfy { $0.hasSuffix(".png") })
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self"), "needs a folder that nobody can write to"))
    func `that cannot be written anywhere are one error before any work`() throws {
        let program = try Program()
        try program.makePhantoms("in", count: 3)
        let report = try program.json("denoise", "in", "-o", "/proc/none", status: 1)
        #expect((report["failed"] as? [[String: Any]])?.map { $0["file"] as? String } == ["/proc/none"])
        #expect((report["notDone"] as? [String])?.count == 3)
        let drawn = try program.json("phantom", "-o", "/proc/none/a.png", "--size", "16", status: 1)
        #expect((drawn["failed"] as? [Any])?.count == 1)
    }

    @Test(.enabled(if: geteuid() != 0, "root may write everywhere"))
    func `where nothing can be written are one error before any work`() throws {
        let program = try Program()
        try program.makePhantoms("in", count: 3)
        try FileManager.default.createDirectory(
            at: program.url("out"), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o555])
        for output in ["out", "out/new"] {
            let report = try program.json("denoise", "in", "-o", output, status: 1)
            #expect((report["failed"] as? [[String: Any]])?.map { $0["file"] as? String } == [output])
        }
    }

    @Test func `are done though nobody reads the messages`() throws {
        let program = try Program()
        try program.makePhantoms("in", count: 2)
        let outcome = try program.shell(
            #"(sleep 0.3; "$CTDENOISE" noise in -o out --white 10% 2>&1 >summary; echo $? >status) | true"#)
        #expect(outcome.status == 0)
        #expect(program.files(in: "out") == program.files(in: "in"))
        #expect(try program.bytes("status") == Data("0\n".utf8))
        #expect(try program.bytes("summary").starts(with: Data("added noise".utf8)))
    }

    @Test func `are done though nobody reads the summary, which is an error`() throws {
        let program = try Program()
        try program.makePhantoms("in", count: 2)
        let outcome = try program.shell(
            #"(sleep 0.3; "$CTDENOISE" noise in -o out --white 10%; echo $? >status) | true"#)
        #expect(program.files(in: "out") == program.files(in: "in"))
        #expect(try program.bytes("status") == Data("1\n".utf8))
        #expect(outcome.messages.contains("error: standard output: "), "\(outcome.messages)")
    }

    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs a device that is always full"),
        arguments: [
            "evaluate a.png a.png", "evaluate a.png a.png --csv", "evaluate a.png a.png --json", "info", "info a.png",
            "info --json", "noise a.png -o b.png --white 10%", "phantom -o c.png --size 16",
        ])
    func `whose results are lost are an error`(arguments: String) throws {
        let program = try Program()
        try program.makePhantoms("a.png")
        let outcome = try program.shell("\"$CTDENOISE\" \(arguments) >/dev/full")
        #expect(outcome.status == 1)
        #expect(outcome.messages.contains("error: standard output: "), "\(outcome.messages)")
    }

    @Test func `that cannot be found under their names are errors, not skipped`() throws {
        let program = try Program()
        try program.makePhantoms("in/a.png")
        try FileManager.default.createSymbolicLink(
            at: program.url("in/b.png"), withDestinationURL: program.url("nowhere"))
        // Some file systems refuse a name that is not UTF-8.
        _ = try program.shell(#"cp in/a.png "in/$(printf 's\351rie.png')" 2>/dev/null"#)
        let outcome = try run(program, "in", "-o", "out")
        #expect(outcome.status == 1)
        #expect(outcome.messages.contains("error: in/b.png: found a broken link"), "\(outcome.messages)")
        #expect(!outcome.messages.contains("neither PNG nor TIFF"))
        #expect(program.files(in: "out") == ["a.png"])
        #if os(Linux)
        #expect(outcome.messages.contains("found a name that is not UTF-8"), "\(outcome.messages)")
        #endif
    }

    @Test func `of names that would steer a terminal are shown harmlessly`() throws {
        let program = try Program()
        let name = "a\u{1B}[31m\n.png"
        try program.makePhantoms("in/\(name)")
        let outcome = try run(program, "in", "-o", "out")
        #expect(program.files(in: "out") == [name])
        let seen = try outcome.messages + program.run("info", "in").output + program.run("evaluate", "in", "out").output
        #expect(seen.contains(#"a\u{1B}[31m\u{A}.png"#), "\(seen)")
        #expect(!seen.contains("\u{1B}"))
    }

    @Test func `are not written to what looks like another kind of image, nor to nowhere`() throws {
        let program = try Program()
        try program.makePhantoms("a.png")
        for ending in ["jpg", "DCM", "gif"] {
            let outcome = try run(program, "a.png", "-o", "new.\(ending)")
            #expect(outcome.status == 1)
            #expect(outcome.messages.contains("expected .png or .tif"), "\(outcome.messages)")
            #expect(try program.run("phantom", "-o", "new.\(ending)", "--size", "16").status == 1)
        }
        #expect(try run(program, "a.png", "-o", "new.jpg/").status == 0)
        #expect(try run(program, "a.png", "-o", "v1.2").status == 0)
        #expect(program.files(in: "new.jpg") + program.files(in: "v1.2") == ["a.png", "a.png"])
        #expect(try run(program, "a.png", "-o", "").status == 64)
        #expect(try program.run("phantom", "-o", "").status == 64)
    }

    @Test(arguments: [
        ["--jobs", "-1"], ["--max-pixels", "-1"],
    ])
    func `with numbers out of range are told the range`(options: [String]) throws {
        let outcome = try Program().run(["denoise", "a.png", "-o", "b.png"] + options)
        #expect(outcome.status == 64)
        #expect(outcome.messages.contains("1 or more, not -1"), "\(outcome.messages)")
    }

    @Test func `that would be far from any HU by --rescale are doubted`() throws {
        let program = try Program()
        try program.makePhantoms("in", count: 2)
        let outcome = try run(program, "in", "-o", "out", "--rescale", "1e300,1")
        #expect(outcome.status == 0)
        #expect(
            outcome.messages.components(separatedBy: "check --stored or --rescale").count == 2, "\(outcome.messages)")
    }

    @Test func `none at all is an error`() throws {
        let program = try Program()
        try program.write(Data("hello".utf8), to: "in/notes.txt")
        #expect(try run(program, "in", "-o", "out").status == 1)
    }
}
