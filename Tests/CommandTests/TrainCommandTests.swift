import CTNetwork
import CTTraining
import Foundation
import Testing

@Suite struct `ctdenoise train` {
    /// A folder with training slices in two folders, others for validation, and a recipe that takes a moment.
    private func program(steps: Int = 60) throws -> Program {
        let program = try Program()
        try program.makePhantoms("slices/a/1.png", side: 64)
        try program.makePhantoms("slices/b/1.png", side: 64, "--seed", "1")
        try program.makePhantoms("others/1.png", side: 64, "--seed", "2")
        let recipe = TrainingRecipe(
            description: "test",
            network: NetworkConfiguration(patch: 2, window: 4, channels: 8, hidden: 4, blocks: 1, mixing: 3),
            steps: steps, crops: [.init(count: 2, rows: 16, columns: 16)], warmUp: 5)
        try program.write(Data(recipe.json.utf8), to: "recipe.json")
        return program
    }

    private let arguments = [
        "train", "slices", "--validation", "others", "--recipe", "recipe.json", "--report-every", "20",
    ]

    @Test func `writes a model that denoises, its curve and its record`() throws {
        let program = try program()
        let outcome = try program.run(arguments + ["-o", "m.safetensors", "--curve", "curve.csv"])
        #expect(outcome.status == 0, "\(outcome.messages)")
        #expect(outcome.output.contains("trained 60 steps") && outcome.output.contains("white 25/255"))
        #expect(outcome.messages.contains("training on 2 slices in 2 folders"))
        #expect(outcome.messages.contains("step 40/60  loss "))
        let curve = try String(contentsOf: program.url("curve.csv"), encoding: .utf8).split(separator: "\n")
        #expect(curve.count == 4 && curve[0].hasPrefix("step,loss,white 25/255 noisy dB"))
        #expect(curve.dropFirst().map { $0.prefix(2) } == ["20", "40", "60"])

        let info = try program.json("info", "m.safetensors")
        let model = try #require((info["models"] as? [[String: Any]])?.first)
        let networks = try #require(model["networks"] as? [[String: Any]])
        #expect(networks.map { ($0["record"] as? [String: String])?["description"] } == ["test"])
        #expect(try program.run("denoise", "others", "-o", "out", "--model", "m.safetensors").status == 0)
    }

    @Test(arguments: [SIGTERM, SIGKILL])
    func `a run that is ended goes on from its checkpoint to the same model and curve`(signal: Int32) throws {
        let program = try program(steps: 600)
        let whole = try program.run(arguments + ["-o", "whole.safetensors", "--curve", "whole.csv"])
        try #require(whole.status == 0, "\(whole.messages)")

        let rest = [
            "--checkpoint", "run.checkpoint", "--checkpoint-every", "0", "--curve", "curve.csv", "-o", "m.safetensors",
        ]
        let ended = try program.run(arguments + rest, endedBy: signal, onceItSays: "step 100/600")
        #expect(ended.status == (signal == SIGTERM ? 1 : -1))
        #expect(ended.messages.contains("resume with --resume") == (signal == SIGTERM))
        #expect(!program.files(in: ".").contains("m.safetensors"))

        // Without --resume, the checkpoint is left alone.
        #expect(try program.run(arguments + rest).messages.contains("Pass --resume to resume from it"))
        let resumed = try program.run(arguments + rest + ["--resume", "--jobs", "1"])
        #expect(resumed.status == 0, "\(resumed.messages)")
        #expect(resumed.messages.contains("resumed at step "))
        #expect(try program.bytes("curve.csv") == program.bytes("whole.csv"))
        let models = try ["whole.safetensors", "m.safetensors"].map { name in
            try Safetensors(contentsOf: program.url(name).path).tensors
        }
        #expect(models[0] == models[1])
    }

    @Test func `a checkpoint is refused for another recipe and for other slices`() throws {
        let program = try program(steps: 5)
        let rest = ["-o", "m.safetensors", "--overwrite", "--checkpoint", "run.checkpoint", "--resume"]
        #expect(try program.run(arguments + rest).status == 0)
        let other = try program.run(arguments + rest + ["--steps", "6"])
        #expect(other.status == 1 && other.messages.contains("checkpoint of another recipe"))
        try program.makePhantoms("slices/b/2.png", side: 64, "--seed", "3")
        let more = try program.run(arguments + rest)
        #expect(more.status == 1 && more.messages.contains("other slices"))
    }

    @Test func `a training starts from a model of its recipe's shape`() throws {
        let program = try program()
        #expect(try program.run(arguments + ["-o", "first.safetensors"]).status == 0)
        let again = arguments + ["--start", "first.safetensors", "--checkpoint", "run.checkpoint"]
        #expect(try program.run(again + ["-o", "second.safetensors"]).status == 0)
        func loss(_ model: String) throws -> (record: [String: String], denoised: Double) {
            let record = try Safetensors(contentsOf: program.url(model).path).metadata
            let training = try JSONSerialization.jsonObject(with: Data((record["training"] ?? "").utf8))
            let results = try #require((training as? [String: Any])?["validation"] as? [[String: Any]])
            return (record, try #require(results.first?["denoised"] as? Double))
        }
        let (first, second) = (try loss("first.safetensors"), try loss("second.safetensors"))
        #expect(second.denoised > first.denoised)
        #expect(second.record["start.recipe"] == first.record["recipe"])
        #expect(second.record["start.training"] == first.record["training"])

        // Another starting model, or none, makes it another training.
        let resumed = arguments + ["--checkpoint", "run.checkpoint", "--resume", "-o", "third.safetensors"]
        for start in [[], ["--start", "second.safetensors"]] {
            let outcome = try program.run(resumed + start)
            #expect(
                outcome.status == 1 && outcome.messages.contains("another --stored, --rescale or --start"), "\(start)")
        }
        let shape = try program.run(arguments + ["--start", "fast", "-o", "third.safetensors"])
        #expect(shape.status == 1 && shape.messages.contains("no network with the shape in recipe.json"))
        let own = try program.run(
            arguments + ["--start", "first.safetensors", "-o", "first.safetensors", "--overwrite"])
        #expect(own.status == 1 && own.messages.contains("one of the inputs"))
    }

    @Test func `nothing that is needed is replaced, and nothing is found out too late`() throws {
        let program = try program()
        let slice = try program.bytes("slices/a/1.png")
        for outputs in [
            ["-o", "slices/a/1.png", "--overwrite"], ["-o", "recipe.json", "--overwrite"],
            ["-o", "m", "--curve", "others/1.png", "--overwrite"],
            ["-o", "m", "--curve", "slices/a/1.png", "--overwrite"],
            ["-o", "m", "--checkpoint", "m"], ["-o", "slices", "--overwrite"],
        ] {
            let outcome = try program.run(arguments + outputs)
            #expect(outcome.status == 1 && !outcome.messages.contains("training on"), "\(outputs): \(outcome.messages)")
        }
        #expect(try program.bytes("slices/a/1.png") == slice)
        #expect(!program.files(in: ".").contains("m"))
    }

    @Test func `without a recipe the default one is followed, as far as slices are large enough for it`() throws {
        let program = try Program()
        try program.makePhantoms("slices", side: 64)
        let outcome = try program.run("train", "slices", "-o", "m.safetensors", "--steps", "2", "-j", "2")
        #expect(outcome.status == 0, "\(outcome.messages)")
        let models = try #require(try program.json("info", "m.safetensors")["models"] as? [[String: Any]])
        let networks = try #require(models.first?["networks"] as? [[String: Any]])
        #expect(networks.count == 1)
        try program.makePhantoms("small", side: 32)
        let small = try program.run("train", "small", "-o", "n", "--steps", "2")
        #expect(small.status == 1 && small.messages.contains("slices as large as the recipe's crops"))
    }

    @Test func `slices to measure on are not trained on, and bad input is named`() throws {
        let program = try program()
        let same = try program.run("train", "slices", "--validation", "slices/a", "-o", "m", "--recipe", "recipe.json")
        #expect(same.status == 1 && same.messages.contains("also a training slice"))
        try program.write(Data("{}".utf8), to: "bad.json")
        let bad = try program.run("train", "slices", "-o", "m", "--recipe", "bad.json")
        #expect(bad.status == 1 && bad.messages.contains("error: bad.json: "))
        try program.makePhantoms("small/1.png", side: 16)
        let small = try program.run("train", "slices", "--validation", "small", "-o", "m", "--recipe", "recipe.json")
        #expect(small.status == 1 && small.messages.contains("64×64"))
        for wrong in [["--resume"], ["--checkpoint-every", "inf"], ["--report-every", "0"], ["--curve", ""]] {
            #expect(try program.run(arguments + ["-o", "m"] + wrong).status == 64, "\(wrong)")
        }
    }

    @Test(arguments: [["-o", "m", "--checkpoint", "./m"], ["-o", "m", "--curve", "slices/../M"]])
    func `two outputs are never one file, by whatever path`(outputs: [String]) throws {
        let program = try program()
        let outcome = try program.run(arguments + outputs)
        #expect(outcome.status == 1)
        #expect(outcome.messages.contains("found one name for two outputs"), "\(outcome.messages)")
        #expect(program.files(in: ".").allSatisfy { !$0.lowercased().hasPrefix("m") })
    }

    @Test func `so many steps that their pixels cannot be counted are refused`() throws {
        let program = try program()
        let outcome = try program.run(arguments + ["-o", "m", "--steps", "9000000000000000000"])
        #expect(outcome.status == 1)
        #expect(outcome.messages.contains("found 9000000000000000000 steps"), "\(outcome.messages)")
    }

    @Test func `a file that is named twice is trained on once`() throws {
        let program = try program(steps: 20)
        var all = arguments
        all.insert("slices/a/1.png", at: 2)
        let outcome = try program.run(all + ["-o", "m.safetensors"])
        #expect(outcome.messages.contains("training on 2 slices in 2 folders"), "\(outcome.messages)")
    }
}
