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
            "noise", "clean.png", "-o", "noisy.png", "--impulses", "10%,salt=1")
        #expect(report["clamped"] as? Int == 0)
        #expect((report["settings"] as? [String: Any])?["seed"] as? Int == 0)
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
        ["--impulses", "10%,salt=2"], ["--white", "10%", "--rescale", "1"],
        ["--white", "10%", "--rescale", "0,5"], ["--white", "1e308/1"], ["--white", "1e306%"],
        ["--white", "1e308hu", "--rescale", "1e-5,0"], ["--white", "10%", "--rescale", "1e-310,0"],
        ["--white", "10%", "--rescale", "1,1e300"],
    ])
    func `what cannot be meant is refused with what to write`(options: [String]) throws {
        let program = try Program()
        let outcome = try program.run(["noise", "clean.png", "-o", "noisy"] + options)
        #expect(outcome.status == 64)
        #expect(outcome.output.isEmpty)
        let advice = ["25/255", "10%", "100%", "0.1 for 10 %", "1,-1024", "with this --rescale"]
        #expect(advice.contains { outcome.messages.contains($0) }, "\(outcome.messages)")
    }

    @Test func `noise beyond all numbers is refused for each file whose scale makes it so`() throws {
        let program = try Program()
        let page = CTSlice(
            width: 4, height: 4, samples: [Double](repeating: 0, count: 16),
            format: SampleFormat(kind: .unsignedInteger, bits: 32))
        try program.makePhantoms("in/b.tif", "--format", "tiff32f")
        try ImageFile(pages: [page], container: .tiff).write(to: program.url("in/a.tif").path)
        let outcome = try program.run("noise", "in", "-o", "out", "--white", "1e305hu")
        #expect(outcome.status == 1)
        #expect(outcome.messages.contains("error: in/a.tif: "), "\(outcome.messages)")
        #expect(program.files(in: "out") == ["b.tif"])
    }

    // MARK: - Sets

    /// Makes two patients with two slices each, and one with one.
    private func patients() throws -> Program {
        let program = try Program()
        for (patient, count) in [("a", 2), ("b", 2), ("c", 1)] {
            let output = "clean/\(patient)" + (count == 1 ? "/1.png" : "")
            try program.makePhantoms(output, count: count, side: 64, "--seed", "\(patient.utf8.first ?? 0)")
        }
        return program
    }

    @Test func `a set has pairs of the same names, whole patients in each part, and a manifest of all`() throws {
        let program = try patients()
        let made = try program.run(
            "noise", "clean", "-o", "set", "--pairs", "--realisations", "3", "--split", "60/20/20",
            "--add", "poisson:10hu..40hu", "--add", "impulses:1%..20%,salt=1", "--seed", "8")
        #expect(made.status == 0 && made.output.contains("made 15 pairs of 15 slices"), "\(made.messages)")
        let json = try JSONSerialization.jsonObject(with: Data(try program.bytes("set/manifest.json")))
        let manifest = try #require(json as? [String: Any])
        let pairs = try #require(manifest["pairs"] as? [[String: Any]])
        #expect(pairs.count == 15)
        let parts = Dictionary(grouping: pairs) { "\($0["split"] ?? "")" }
        #expect(Set(parts.keys) == ["train", "val", "test"])
        let groups = parts.mapValues { Set($0.map { "\($0["group"] ?? "")" }) }
        #expect(groups.values.reduce(0) { $0 + $1.count } == 3, "\(groups)")
        var drawn: Set<String> = []
        for pair in pairs {
            let (clean, noisy) = (try #require(pair["clean"] as? String), try #require(pair["noisy"] as? String))
            #expect(clean.replacingOccurrences(of: "/clean/", with: "/noisy/") == noisy)
            #expect(try program.bytes("set/" + clean) == program.bytes("clean/" + (pair["source"] as? String ?? "")))
            #expect((pair["noisySHA256"] as? String)?.count == 64)
            drawn.insert("\(pair["noise"] ?? "")")
        }
        #expect(drawn.count == 15)
        let csv = String(decoding: try program.bytes("set/manifest.csv"), as: UTF8.self)
        #expect(csv.split(separator: "\n").count == 16)
    }

    @Test func `a set is made again from its manifest, byte by byte, on any number of threads`() throws {
        let program = try patients()
        try program.run(
            "noise", "clean", "-o", "set", "--pairs", "--realisations", "2", "-j", "1", "--add",
            "dose:20%..60%,noise=20hu",
            "--add", "correlated:5hu..20hu", "--add", "white:10hu", "--add", "white:10hu", "--add", "rings:10hu")
        let again = try program.run("noise", "clean", "-o", "again", "--from", "set/manifest.json", "-j", "2")
        #expect(again.status == 0, "\(again.messages)")
        let names = program.files(in: "set")
        #expect(names.count == 22 && program.files(in: "again") == names)
        for name in names { #expect(try program.bytes("set/" + name) == program.bytes("again/" + name), "\(name)") }

        // Other slices are refused.
        try program.makePhantoms("clean/c/1.png", side: 64, "--seed", "1", "--overwrite")
        let other = try program.run("noise", "clean", "-o", "third", "--from", "set/manifest.json")
        #expect(other.status == 1 && other.messages.contains("a file that differs from the manifest's"))
        #expect(!program.files(in: "third").contains("manifest.json"))
    }

    @Test func `two hundred pairs are made again on another number of threads`() throws {
        let program = try patients()
        let made = try program.run(
            "noise", "clean", "-o", "set", "--pairs", "--realisations", "40", "--split", "60/20/20", "-j", "3",
            "--add", "correlated:5hu..20hu,kernel=sharp", "--add", "white:5/255..50/255", "--add", "impulses:1%..20%")
        #expect(made.output.contains("made 200 pairs"), "\(made.messages)")
        let again = try program.run("noise", "clean", "-o", "again", "--from", "set/manifest.json", "-j", "1")
        #expect(again.status == 0, "\(again.messages)")
        let names = program.files(in: "set")
        #expect(names.count == 402 && program.files(in: "again") == names)
        let differing = try names.filter { try program.bytes("set/" + $0) != program.bytes("again/" + $0) }
        #expect(differing.isEmpty)
    }

    @Test func `a set can be trained on, and its patients for validation are measured`() throws {
        let program = try patients()
        try program.run(
            "noise", "clean", "-o", "set", "--pairs", "--split", "60/40", "--add", "correlated:100hu", "--link")
        let trained = try program.run(
            "train", "set/manifest.json", "-o", "m.safetensors", "--steps", "3", "--report-every", "3")
        #expect(trained.status == 0 && trained.messages.contains("pairs: noisy "), "\(trained.messages)")
        let both = try program.run("train", "set/manifest.json", "clean", "-o", "n.safetensors", "--steps", "3")
        #expect(both.status == 1 && both.messages.contains("only the manifest"))
    }

    @Test func `a set never replaces an input, nor anything unasked`() throws {
        let program = try Program()
        try program.makePhantoms("w/noisy/P1.png", side: 64)
        let slice = try program.bytes("w/noisy/P1.png")
        for link in [[], ["--link"]] {
            let options = ["--pairs", "--white", "50hu", "--overwrite"] + link
            #expect(try program.run(["noise", "w/noisy", "-o", "w"] + options).messages.contains("an input itself"))
        }
        #expect(try program.bytes("w/noisy/P1.png") == slice)
        #expect(
            try program.run("noise", "w", "-o", "w", "--pairs", "--white", "5hu").messages.contains(
                "the input w itself"))
        try program.write(Data("mine".utf8), to: "set/manifest.csv")
        let made = ["noise", "w", "-o", "set", "--pairs", "--white", "5hu"]
        #expect(try program.run(made).messages.contains("found an existing file"))
        #expect(try program.bytes("set/manifest.csv") == Data("mine".utf8))

        // Links replace copies, and copies replace links.
        #expect(try program.run(made + ["--overwrite"]).status == 0)
        for more in [["--link"], []] {
            let again = try program.run(made + ["--overwrite"] + more)
            #expect(again.status == 0, "\(again.messages)")
            #expect(try program.bytes("set/clean/noisy/P1.png") == slice)
        }
        #expect(try program.bytes("w/noisy/P1.png") == slice)
    }

    @Test func `patients are not torn apart, and no part is empty`() throws {
        let program = try Program()
        for patient in ["p1", "p2", "p3"] {
            for series in ["s1", "s2"] { try program.makePhantoms("clean/\(patient)/\(series)/1.png", side: 64) }
        }
        for seed in 0..<4 {
            let made = try program.run(
                "noise", "clean", "-o", "set\(seed)", "--pairs", "--white", "5hu", "--split", "80/10/10", "--seed",
                "\(seed)")
            #expect(made.status == 0, "\(made.messages)")
            for part in ["train", "val", "test"] {
                let names = program.files(in: "set\(seed)/\(part)/clean")
                #expect(names.count == 2 && Set(names.map { $0.prefix(2) }).count == 1, "\(names)")
            }
        }
        let few = try program.run(
            "noise", "clean/p1", "clean/p2", "-o", "few", "--pairs", "--white", "5hu", "--split", "80/10/10")
        #expect(few.status == 1 && few.messages.contains("found 2 groups; expected at least 3"), "\(few.messages)")
    }

    @Test func `a manifest that somebody changed is refused, and so are files that are not its own`() throws {
        let program = try patients()
        try program.run("noise", "clean", "-o", "set", "--pairs", "--white", "30hu", "--rescale", "1,-1024")
        let text = String(decoding: try program.bytes("set/manifest.json"), as: UTF8.self)
        for (old, new) in [
            ("noisy pairs 1", "noisy pairs 9"), ("\"noisy/a", "\"../a"), ("\"seed\" : \"0\"", "\"seed\" : \"abc\""),
            ("\"rescale:1,-1024\"", "\"rescale:0,-1024\""),
        ] {
            let changed = text.replacingOccurrences(of: old, with: new)
            #expect(changed != text, "\(old)")
            try program.write(Data(changed.utf8), to: "set/other/manifest.json")
            for command in [
                ["train", "set/other/manifest.json", "-o", "m", "--steps", "1"],
                ["noise", "clean", "-o", "again", "--from", "set/other/manifest.json"],
            ] {
                let outcome = try program.run(command)
                #expect(outcome.status == 1 && outcome.messages.contains("manifest.json: found "), "\(new): \(outcome)")
            }
        }
        #expect(program.files(in: "again").isEmpty)
        let train = ["train", "set/manifest.json", "--steps", "1"]
        let own = try program.run(train + ["-o", "set/manifest.json", "--overwrite"])
        #expect(own.status == 1 && own.messages.contains("one of the inputs"))
        #expect(try program.run("train", "set", "-o", "m", "--steps", "1").messages.contains("found a set of pairs"))
        try program.makePhantoms("set/noisy/a/phantom-001.png", side: 64, "--seed", "77", "--overwrite")
        let other = try program.run(train + ["-o", "m"])
        #expect(
            other.status == 1 && other.messages.contains("a file that differs from the manifest's"),
            "\(other.messages)")
    }

    @Test func `says how noisy slices are, and writes nothing`() throws {
        let program = try Program()
        try program.makePhantoms("clean.tif", side: 256, "--format", "tiff32f")
        try program.run("noise", "clean.tif", "-o", "noisy.tif", "--add", "white:50hu", "--add", "impulses:5%")
        let report = try program.json("noise", "noisy.tif", "--estimate")
        let page = try #require((report["slices"] as? [[String: Any]])?.first)
        #expect(abs(try #require(page["softTissue"] as? Double) - 50) < 5)
        #expect(abs(try #require(page["impulseDensity"] as? Double) - 0.05) < 0.01)
        #expect(program.files(in: ".") == ["clean.tif", "noisy.tif"])

        // So do info and, with --noise, evaluate.
        let mean = try #require(
            try program.json("evaluate", "clean.tif", "noisy.tif", "--noise")["mean"] as? [String: Any])
        #expect(abs(try #require(mean["noiseHU"] as? Double) - 50) < 5)
        let table = try program.run("evaluate", "clean.tif", "noisy.tif", "--noise", "--csv").output.split(
            separator: "\n")
        #expect(table.first?.contains("bias_hu,reference_noise_hu,noise_hu,") == true)
        let file = try #require((try program.json("info", "noisy.tif")["files"] as? [[String: Any]])?.first)
        let noise = try #require((file["pages"] as? [[String: Any]])?.first?["noise"] as? [String: Any])
        #expect(abs(try #require(noise["softTissue"] as? Double) - 50) < 5)
        #expect(try program.run("info", "noisy.tif").output.contains(" HU in soft tissue, impulses "))
        #expect(try program.run("noise", "noisy.tif").status == 64)
        #expect(try program.run("noise", "noisy.tif", "--estimate", "-o", "x").status == 64)
    }

    @Test(arguments: [
        ["--pairs"], ["--pairs", "--white", "10%", "--realisations", "0"], ["--white", "10%", "--split", "80/20"],
        ["--add", "white:50hu..10hu"], ["--add", "white:0hu...40hu"],
        ["--pairs", "--white", "10%", "--split", "abc"], ["--pairs", "--white", "10%", "--group-by", "file"],
        ["--add", "fog:10%"], ["--add", "white:10hu,salt=1"],
        ["--add", "white:10hu", "--impulses", "5%"], ["--from", "m.json", "--white", "10%"],
    ])
    func `what makes no set is wrong usage`(options: [String]) throws {
        let outcome = try Program().run(["noise", "clean", "-o", "set"] + options)
        #expect(outcome.status == 64, "\(outcome.messages)")
    }

    @Test func `a pattern finds patients in names, and an image in two parts is named`() throws {
        let program = try Program()
        for patient in 1...5 {
            for slice in 1...2 {
                let name = "in/0000\(patient)_0\(slice)_01.png"
                try program.makePhantoms(name, side: 40, "--seed", "\(10 * patient + slice)")
            }
        }
        let arguments = ["noise", "in", "--pairs", "--split", "60/40", "--white", "20hu", "--group-by"]
        let set = try program.json(arguments + ["^[0-9]+", "-o", "set"])
        #expect((set["warnings"] as? [String])?.isEmpty == true)
        let manifest = try program.object("set/manifest.json")
        let pairs = try #require(manifest["pairs"] as? [[String: Any]])
        let parts = Dictionary(grouping: pairs) { $0["group"] as? String ?? "" }
        #expect(parts.keys.sorted() == (1...5).map { "0000\($0)" })
        #expect(parts.values.allSatisfy { Set($0.map { $0["split"] as? String }).count == 1 })
        // A group of the expression counts alone.
        try program.run(arguments + ["_0([0-9])_", "-o", "slices"])
        let slices = try #require(try program.object("slices/manifest.json")["pairs"] as? [[String: Any]])
        #expect(Set(slices.compactMap { $0["group"] as? String }) == ["1", "2"])

        for patient in 2...5 {
            let copy = program.url("in/0000\(patient)_03_01.png")
            try FileManager.default.copyItem(at: program.url("in/00001_01_01.png"), to: copy)
        }
        let twins = try program.json(arguments + ["^[0-9]+", "-o", "twins"])
        let warnings = try #require(twins["warnings"] as? [String])
        #expect(warnings.count == 1 && warnings[0].contains("hold the same image"), "\(warnings)")
        let strange = try program.run(arguments + ["patient([0-9]+)", "-o", "strange"])
        #expect(strange.status == 1 && strange.messages.contains("a name without “patient([0-9]+)”"))
        #expect(try program.run(arguments + ["([0-9]", "-o", "strange"]).status == 64)
    }

    @Test func `a set says how its sources store HU, as without --pairs`() throws {
        let program = try Program()
        try program.writePhantoms("in", count: 2) { $0 + 1024 }
        for options in [["-o", "a"], ["-o", "b", "--pairs", "--realisations", "2"]] {
            let outcome = try program.run(["noise", "in", "--white", "20hu"] + options)
            let notes = outcome.messages.components(separatedBy: "recognised as HU + 1024").count
            #expect(outcome.status == 0 && notes == 2, "\(outcome.messages)")
        }
        let manifest = try program.object("b/manifest.json")
        let pairs = try #require(manifest["pairs"] as? [[String: Any]])
        #expect(pairs.count == 4 && pairs.allSatisfy { $0["stored"] as? String == "hu+1024" })
        #expect(try program.run("noise", "in", "-o", "c", "--from", "b/manifest.json").status == 0)
        for name in program.files(in: "b") {
            #expect(try program.bytes("b/" + name) == program.bytes("c/" + name), "\(name)")
        }
    }
}
