import CTTraining
import Foundation
import Testing

@Suite struct `ctdenoise info` {
    @Test func `describes files`() throws {
        let program = try Program()
        try program.makePhantoms("a.png", side: 40)
        try program.makePhantoms("b.tif", side: 24, "--format", "tiff32f")
        let report = try program.json("info", "a.png", "b.tif")
        let files = try #require(report["files"] as? [[String: Any]])
        #expect(files.map { $0["format"] as? String } == ["png", "tiff"])
        let pages = try files.map { try #require(($0["pages"] as? [[String: Any]])?.first) }
        #expect(pages.map { $0["width"] as? Int } == [40, 24])
        #expect(pages.map { $0["bits"] as? Int } == [16, 32])
        #expect(pages.map { $0["kind"] as? String } == ["unsigned integer", "floating point"])
        let text = try program.run("info", "a.png", "b.tif").output
        for word in ["a.png", "b.tif", "40×40", "24×24", "-1024…1023 HU"] { #expect(text.contains(word), "\(text)") }
    }

    @Test func `describes the models inside the program when no file is named`() throws {
        let program = try Program()
        let report = try program.json("info")
        let models = try #require(report["models"] as? [[String: Any]])
        #expect(models.map { $0["name"] as? String } == ["default", "fast"])
        for model in models {
            let networks = try #require(model["networks"] as? [[String: Any]])
            let configurations = networks.compactMap { $0["configuration"] as? [String: Any] }
            #expect(configurations.map { $0["target"] as? String } == ["impulses", "noise", "noise"])
            #expect(networks.map { $0["role"] as? String } == ["impulses", "whiteNoise", "scannerNoise"])
            let parameters = networks.compactMap { $0["parameters"] as? Int }
            #expect(parameters.count == 3 && parameters.allSatisfy { $0 > 0 })
            #expect(try #require(model["bytes"] as? Int) > 4 * parameters.reduce(0, +))
            for network in networks {
                let record = try #require(network["record"] as? [String: Any])
                #expect(record["recipe"] != nil && record["training"] != nil && record["description"] != nil)
                #expect((network["configuration"] as? [String: Any])?["hidden"] != nil)
            }
            #expect(!(try #require(model["purpose"] as? String)).isEmpty)
        }
        let text = try program.run("info").output
        for words in ["LSTM along rows", "the default model: ", "the fast model: ", "--model fast: "] {
            #expect(text.contains(words), "\(words)")
        }
    }

    @Test func `prints recipes of the models inside the program that can be followed`() throws {
        let report = try Program().json("info")
        let networks = try #require(report["models"] as? [[String: Any]]).flatMap {
            try #require($0["networks"] as? [[String: Any]])
        }
        #expect(networks.count == 6)
        for network in networks {
            let record = try #require(network["record"] as? [String: String])
            for recipe in [record["recipe"], record["start.recipe"]].compactMap(\.self) {
                #expect(try TrainingRecipe(json: Array(recipe.utf8), file: "recipe").defect == nil)
            }
        }
    }

    @Test func `runs with the instruction set that CTDENOISE_ISA names, or not at all`() throws {
        let program = try Program()
        program.environment["CTDENOISE_ISA"] = "baseline"
        #expect(try program.run("info").output.contains("instruction set baseline, in single precision"))
        program.environment["CTDENOISE_ISA"] = "avx521"
        let outcome = try program.run("info")
        #expect(outcome.status == 1)
        #expect(outcome.messages.contains("error: CTDENOISE_ISA: found \"avx521\"; expected "), "\(outcome.messages)")
        #expect(outcome.messages.contains("baseline on this CPU"))
    }

    @Test func `goes on after a bad file`() throws {
        let program = try Program()
        try program.makePhantoms("a.png")
        let outcome = try program.run("info", "missing.png", "a.png")
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("a.png"))
        #expect(outcome.messages.contains("error: missing.png: "))
    }
}
