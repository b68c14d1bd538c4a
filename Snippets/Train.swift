// Trains a network on your own slices and denoises with it.

import CTDenoise
import Foundation

// snippet.hide
let patients = Dictionary(
    uniqueKeysWithValues: (1...3).map { number in
        ("patient \(number)", [ChestPhantom(width: 96, height: 96, seed: UInt64(number)).slice(format: .float32)])
    })
let model = FileManager.default.temporaryDirectory.appendingPathComponent("ctdenoise-\(UUID().uuidString)").path
defer { try? FileManager.default.removeItem(atPath: model) }
// snippet.show
// snippet.recipe
var recipe = TrainingRecipe.default
recipe.steps = 4  // 168,000 for a good model
recipe.fit(slicesOf: 96)
// snippet.end

// snippet.slices
// By patient; each is drawn equally often.
guard let slices = TrainingSlices(patients, for: recipe) else { fatalError("All slices are smaller than a crop") }
// snippet.end

// snippet.train
let trainer = Trainer(recipe: recipe, slices: slices)
while !trainer.isDone {
    let loss = trainer.advance()
    guard loss.isFinite else { fatalError("The training does not converge") }
}
try trainer.writeModel(to: model)

let denoiser = try Denoiser(modelAt: model)
// snippet.end

// snippet.hide
let noisy = try NoiseModel([.white(.hu(80))]).apply(to: patients.values.first![0], seed: 1)
let denoised = denoiser.denoise(noisy)
print("trained: \(recipe.steps) steps on \(slices)")
print("changed: \(noisy.difference(from: denoised).hu.map { abs($0) }.max() ?? 0)")
// snippet.show
