import CTNetwork
import CTNoise
import CTSupport
import CTTraining
import Foundation
import TestSupport
import Testing

@Suite struct RecipeTests {
    @Test func `the default recipe is the default model's first one, with all kinds of noise`() throws {
        let path = "\(SharedData.root)/Recipes/default.json"
        var recipe = try TrainingRecipe(json: Array(Data(contentsOf: URL(fileURLWithPath: path))), file: path)
        #expect(TrainingRecipe.default != recipe)
        (recipe.noise, recipe.description) = (.mixed, TrainingRecipe.default.description)
        #expect(TrainingRecipe.default == recipe)
    }

    @Test(arguments: ["white:5", "white:9/255..5/255", "snow:1%"])
    func `noise that the program would not add is refused`(text: String) throws {
        let json = TrainingRecipe.default.json.replacing("white:0/255..55/255", with: text)
        #expect(json.contains(text))
        #expect(throws: FileError.self) { try TrainingRecipe(json: Array(json.utf8), file: "recipe") }
    }

    @Test(arguments: ["default", "default_impulses", "default_refine", "fast", "fast_impulses", "quick"])
    func `the recipes that come with the program can be followed`(name: String) throws {
        let path = "\(SharedData.root)/Recipes/\(name).json"
        let recipe = try TrainingRecipe(json: Array(Data(contentsOf: URL(fileURLWithPath: path))), file: path)
        #expect(recipe.defect == nil)
        #expect(recipe.network.normalization == .sequence)
    }

    @Test func `a recipe survives being written and read`() throws {
        var recipe = TrainingRecipe(description: "a \"test\"", steps: 7)
        recipe.noise.choices[1].add = [
            try NoiseTemplate("white:1/255..5.123456789/255"), try NoiseTemplate("dose:10%..50%"),
        ]
        #expect(try TrainingRecipe(json: Array(recipe.json.utf8), file: "recipe") == recipe)
    }

    @Test func `what is missing in a recipe is named`() {
        let error = #expect(throws: FileError.self) { try TrainingRecipe(json: Array("{}".utf8), file: "recipe") }
        #expect(error?.description.hasPrefix("recipe: found no “description”; expected a recipe as JSON.") == true)
        let json = TrainingRecipe.default.json.replacing("\"share\":0.2", with: "\"part\":0.2")
        let deep = #expect(throws: FileError.self) { try TrainingRecipe(json: Array(json.utf8), file: "recipe") }
        #expect(deep?.found == "no “share” in “noise”, “choices”, number 2")
    }

    @Test(arguments: ["{", "{}", "{\"steps\": 1}"])
    func `what is no recipe is refused`(json: String) {
        #expect(throws: FileError.self) { try TrainingRecipe(json: Array(json.utf8), file: "recipe") }
    }

    @Test func `each impossible value is named`() {
        let possible = TrainingRecipe(description: "", steps: 10)
        let changes: [(inout TrainingRecipe) -> Void] = [
            { $0.steps = 0 }, { $0.crops = [] }, { $0.crops[0].count = 0 },
            { $0.crops[0].rows = 47 }, { $0.crops[0].columns = 4 }, { $0.crops[0].from = 0.1 },
            { $0.crops.append(.init(from: -0.1, count: 1, rows: 48, columns: 48)) },
            { $0.crops.append(.init(from: 1.1, count: 1, rows: 48, columns: 48)) },
            { $0.learningRate = 0 },
            { $0.learningRate = .nan }, { $0.warmUp = -1 }, { $0.clip = 0 }, { $0.averaging = 1 },
            { $0.frozenFrom = 1.5 }, { $0.tolerance = 0 }, { $0.noise.floorShare = -1 }, { $0.noise.rangeShare = 0.9 },
            { $0.noise.choices = [] }, { $0.noise.choices[0].share = 0.9 }, { $0.network.patch = 3 },
            {
                $0.network.target = .impulses
                $0.noise.choices = [.init(share: 1, add: $0.noise.choices[0].add)]
            },
        ]
        #expect(possible.defect == nil)
        for (index, change) in changes.enumerated() {
            var recipe = possible
            change(&recipe)
            #expect(recipe.defect != nil, "change \(index)")
        }
    }

    @Test func `each step sees the crops of its share of the steps`() {
        let recipe = TrainingRecipe(
            description: "", steps: 10,
            crops: [.init(count: 4, rows: 48, columns: 48), .init(from: 0.7, count: 1, rows: 32, columns: 96)])
        #expect((0..<10).map { recipe.crops(at: $0).columns } == [48, 48, 48, 48, 48, 48, 48, 96, 96, 96])
        #expect(recipe.longestSide == 96)
        #expect(recipe.pixels(in: 8) == 7 * 9216 + 3072)
        #expect(recipe.crops(at: 9).count == 1)
    }

    @Test func `crops that start together take turns`() {
        let recipe = TrainingRecipe(
            description: "", steps: 21,
            crops: [
                .init(count: 4, rows: 48, columns: 48), .init(from: 0.35, count: 1, rows: 96, columns: 96),
                .init(from: 0.35, count: 2, rows: 64, columns: 64), .init(from: 0.35, count: 1, rows: 24, columns: 32),
            ])
        #expect((7..<15).map { recipe.crops(at: $0).rows } == [48, 24, 96, 64, 24, 96, 64, 24])
        for steps in 0...21 {
            #expect(recipe.pixels(in: steps) == (0..<steps).reduce(0) { $0 + recipe.crops(at: $1).pixels })
        }
    }

    @Test func `crops that do not fit into slices are left out, if others are there`() {
        let recipe = TrainingRecipe(
            description: "", steps: 10,
            crops: [
                .init(count: 4, rows: 48, columns: 48), .init(from: 0.5, count: 1, rows: 32, columns: 256),
                .init(from: 0.5, count: 1, rows: 96, columns: 96),
            ])
        let lengths = [600, 200, 90, 47].map { side in
            var fitting = recipe
            fitting.fit(slicesOf: side)
            return fitting.crops.map(\.columns)
        }
        #expect(lengths == [[48, 256, 96], [48, 96], [48], [48, 256, 96]])
    }

    @Test func `the step size grows to its peak, then falls to nothing`() {
        var recipe = TrainingRecipe(description: "", steps: 1000, learningRate: 0.01, warmUp: 100)
        #expect(abs(recipe.learningRate(at: 49) - 0.005) < 1e-12)
        #expect(recipe.learningRate(at: 99) == 0.01)
        #expect(abs(recipe.learningRate(at: 500) - 0.005) < 1e-12)
        #expect(recipe.learningRate(at: 999) < 1e-7)
        // The last fifth of the steps has half of the pixels.
        recipe.crops = [.init(count: 1, rows: 48, columns: 48), .init(from: 0.8, count: 4, rows: 48, columns: 48)]
        #expect(abs(recipe.learningRate(at: 800) - 0.005) < 1e-12)
        recipe.frozenFrom = 0.3
        #expect(recipe.statistics(at: 299) == .batch && recipe.statistics(at: 300) == .running)
    }
}
