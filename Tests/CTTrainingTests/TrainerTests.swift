import CTImages
import CTNetwork
import CTNoise
import CTSupport
import CTTraining
import TestSupport
import Testing

/// Returns a recipe that takes a moment.
private let recipe = TrainingRecipe(
    description: "test",
    network: NetworkConfiguration(patch: 2, window: 4, channels: 8, hidden: 4, blocks: 1, mixing: 3),
    steps: 12,
    crops: [
        .init(count: 3, rows: 16, columns: 16), .init(from: 0.3, count: 1, rows: 12, columns: 20),
        .init(from: 0.3, count: 2, rows: 16, columns: 16),
    ],
    warmUp: 3, frozenFrom: 0.6)

/// Returns a slice of two materials in blocks.
private func blocks(width: Int, height: Int, phase: Int) -> CTSlice {
    let samples = (0..<width * height).map { Double((($0 % width + phase) / 5 + $0 / width / 7) % 2 * 900 - 800) }
    return CTSlice(width: width, height: height, samples: samples, format: SampleFormat(kind: .floatingPoint, bits: 32))
}

/// Slices with edges, in two folders.
private func slices() throws -> TrainingSlices {
    let slices = [0, 1, 3].map { blocks(width: 24, height: 20, phase: $0) }
    return try #require(TrainingSlices(["a": [slices[0]], "b": [slices[1], slices[2]]], crop: recipe.longestSide))
}

@Suite struct TrainerTests {
    @Test func `a run that is killed and resumed ends in the same state, whatever the number of threads`() throws {
        let whole = Trainer(recipe: recipe, slices: try slices(), threads: 1)
        while !whole.isDone {
            whole.advance()
            if whole.state.step % 4 == 0 { whole.measure([]) }
        }

        let folder = try TemporaryFolder()
        let path = folder.file("run.checkpoint")
        let first = Trainer(recipe: recipe, slices: try slices(), threads: 2)
        for _ in 0..<5 {
            first.advance()
            if first.state.step % 4 == 0 { first.measure([]) }
        }
        try Checkpoint(recipe: recipe, state: first.state).write(to: path)
        // Steps after the checkpoint are lost, as when a run is killed.
        first.advance()

        let checkpoint = try Checkpoint(contentsOf: path)
        #expect(checkpoint.recipe == recipe)
        let second = Trainer(recipe: recipe, state: checkpoint.state, slices: try slices(), threads: 2)
        while !second.isDone {
            second.advance()
            if second.state.step % 4 == 0 { second.measure([]) }
        }
        #expect(second.state == whole.state)
        #expect(second.state.history.map(\.step) == [4, 8, 12])
    }

    @Test func `padding and NaN are no part of the error`() throws {
        func loss(_ outside: Double) throws -> [Double] {
            var slice = blocks(width: 24, height: 20, phase: 0)
            for index in 0..<24 * 6 { slice.samples[index] = outside }
            let trainer = Trainer(
                recipe: recipe, slices: try #require(TrainingSlices(["a": [slice]], crop: recipe.longestSide)),
                threads: 1)
            return (0..<4).map { _ in trainer.advance() }
        }
        let padded = try loss(-3024)
        #expect(padded.allSatisfy { $0.isFinite })
        #expect(try loss(.nan) == padded && loss(-2000) == padded)
        // Air is tissue to a network: it has noise.
        #expect(try loss(-1024) != padded)
    }

    @Test func `a training can start from a network, and says so in what it was trained on`() throws {
        let before = Trainer(recipe: recipe, slices: try slices(), threads: 1)
        while !before.isDone { before.advance() }
        let start = before.state.averaged
        let trainer = Trainer(recipe: recipe, slices: try slices(), startingFrom: start, threads: 1)
        #expect(trainer.state.averaged == start)
        #expect(trainer.state.data != before.state.data)
        // The same crops and noise as for untrained random weights.
        let random = Trainer(recipe: recipe, slices: try slices(), threads: 1)
        #expect(trainer.advance() < random.advance())
    }

    @Test func `averaged weights have statistics of their own if these are never frozen`() throws {
        var recipe = recipe
        recipe.steps = 30
        recipe.learningRate = 0.02
        for (frozenFrom, isOwn) in [(0.5, false), (1.0, true)] {
            recipe.frozenFrom = frozenFrom
            let trainer = Trainer(recipe: recipe, slices: try slices(), threads: 1)
            while !trainer.isDone { trainer.advance() }
            let (network, latest) = (trainer.network, trainer.state.averaged)
            #expect(network.parameters == latest.parameters)
            #expect((network.statistics != latest.statistics) == isOwn)
            // The same from a checkpoint, on any number of threads.
            let again = Trainer(recipe: recipe, state: trainer.state, slices: try slices(), threads: 3)
            #expect(again.network == network)
            guard isOwn else { continue }
            // Other batches hardly change them.
            var other = recipe
            other.seed = 99
            let others = Trainer(recipe: other, state: trainer.state, slices: try slices(), threads: 1).network
                .statistics
            func distance(_ statistics: [Float]) -> Float {
                zip(statistics, others).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            }
            #expect(distance(network.statistics) < distance(latest.statistics) / 2)
        }
    }

    @Test func `training learns to take noise out of slices that it has not seen`() throws {
        var long = recipe
        long.network = NetworkConfiguration(patch: 2, window: 6, channels: 16, hidden: 8, blocks: 1, mixing: 3)
        long.steps = 200
        long.learningRate = 0.01
        long.noise = TrainingNoise(
            choices: [.init(share: 1, add: [try NoiseTemplate("white:0%..20%")])], floorShare: 0, rangeShare: 0)
        let trainer = Trainer(recipe: long, slices: try slices(), threads: 2)
        let validation = try #require(Validation([blocks(width: 64, height: 64, phase: 2)], limit: 1))
        let before = validation.results(of: trainer.state.averaged, threads: 2)
        while !trainer.isDone { trainer.advance() }
        let after = validation.results(of: trainer.state.averaged, threads: 2)
        // The head starts at zero: an untrained network changes nothing.
        #expect(before.map(\.denoised) == before.map(\.noisy))
        #expect(after[0].denoised > after[0].noisy + 1.5, "\(after)")
    }

    @Test func `a network for impulses learns what they hid`() throws {
        var long = recipe
        long.network = NetworkConfiguration(
            target: .impulses, patch: 2, window: 6, channels: 16, hidden: 8, blocks: 1, mixing: 3)
        long.steps = 200
        long.learningRate = 0.01
        long.noise = TrainingNoise(choices: [.init(share: 1, add: [try NoiseTemplate("impulses:0%..60%")])])
        let trainer = Trainer(recipe: long, slices: try slices(), threads: 2)
        let validation = try #require(Validation([blocks(width: 64, height: 64, phase: 2)], limit: 1))
        while !trainer.isDone { trainer.advance() }
        let after = validation.results(of: trainer.state.averaged, threads: 2)
        #expect(after[1].denoised > after[1].noisy + 6, "\(after)")
    }

    @Test func `progress is measured on noise of scanners where the recipe draws it`() throws {
        let slices = [blocks(width: 64, height: 64, phase: 2)]
        var scanner = recipe
        scanner.noise = TrainingNoise(
            choices: [.init(share: 1, add: [try NoiseTemplate("scanner:5hu..50hu,kernel=gauss0.3..1")])])
        let network = Trainer(recipe: recipe, slices: try CTTrainingTests.slices(), threads: 1).network
        func names(_ recipe: TrainingRecipe?) throws -> [String] {
            try #require(Validation(slices, for: recipe)).results(of: network, threads: 1).map(\.name)
        }
        let usual = try names(nil)
        #expect(try names(recipe) == usual)
        #expect(try names(scanner) == usual + ["scanner soft", "scanner sharp"])
        let results = try #require(Validation(slices, for: scanner)).results(of: network, threads: 1)
        // 40 and 70 HU of 2047; a slice of 64×64 has few waves of a soft kernel. Values below −1024 HU are cut off.
        #expect(abs(results[2].noisy - 34.2) < 1.5 && abs(results[3].noisy - 29.3) < 1.5, "\(results)")
    }

    @Test func `another seed is another run`() throws {
        var other = recipe
        other.seed = 2
        let losses = try [recipe, other].map { Trainer(recipe: $0, slices: try slices(), threads: 1).advance() }
        #expect(losses[0] != losses[1])
    }

    @Test func `the model of a checkpoint can be read as a network, and says where it comes from`() throws {
        let trainer = Trainer(recipe: recipe, slices: try slices(), threads: 1)
        trainer.advance()
        let bytes = Checkpoint(recipe: recipe, state: trainer.state).model(data: "3 slices").encoded()
        let file = try Safetensors(bytes: bytes, file: "model")
        #expect(try Network(file, file: "model") == trainer.state.averaged)
        #expect(try TrainingRecipe(json: Array((file.metadata["recipe"] ?? "").utf8), file: "model") == recipe)
        #expect(file.metadata["training"]?.contains("3 slices") == true)
    }

    @Test func `a model is no checkpoint, and a checkpoint that lost a tensor is refused`() throws {
        let folder = try TemporaryFolder()
        let trainer = Trainer(recipe: recipe, slices: try slices(), threads: 1)
        let checkpoint = Checkpoint(recipe: recipe, state: trainer.state)
        try checkpoint.model(data: "").write(to: folder.file("model"))
        #expect(throws: FileError.self) { try Checkpoint(contentsOf: folder.file("model")) }

        try checkpoint.write(to: folder.file("checkpoint"))
        var file = try Safetensors(contentsOf: folder.file("checkpoint"))
        file.tensors.removeAll { $0.name == "training.adam_second" }
        try file.write(to: folder.file("checkpoint"))
        #expect(throws: FileError.self) { try Checkpoint(contentsOf: folder.file("checkpoint")) }
    }
}
