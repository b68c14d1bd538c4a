// Reads a training recipe and collects slices to train on.

import CTDenoise
import Foundation

// snippet.hide
let json = Data(
    """
    {
      "description": "A network that is trained in a second and good for nothing.",
      "network": {
        "patch": 2, "window": 4, "channels": 8, "hidden": 8, "blocks": 1, "mixing": 0, "bidirectional": true,
        "normalization": "sequence", "momentum": 0.1, "center": -300, "spread": 500
      },
      "steps": 100,
      "crops": [{ "from": 0, "count": 2, "rows": 32, "columns": 32 }],
      "learningRate": 0.004, "warmUp": 5, "clip": 1, "averaging": 0.9, "frozenFrom": 0.5, "tolerance": 3,
      "noise": {
        "white": 0.2, "impulses": 0.3, "whiteShare": 1, "impulseShare": 0, "floorShare": 0.5, "rangeShare": 0.3
      },
      "seed": 1
    }
    """.utf8)
let patients = Dictionary(
    uniqueKeysWithValues: (1...3).map { number in
        ("patient \(number)", [ChestPhantom(width: 96, height: 96, seed: UInt64(number)).slice(format: .float32)])
    })
// snippet.show
// snippet.recipe
var recipe = try JSONDecoder().decode(TrainingRecipe.self, from: json)
recipe.seed = 2
recipe.steps = 20
// snippet.end

// snippet.slices
// Slices by patient, each of whom is drawn equally often.
guard let slices = TrainingSlices(patients, crop: 32) else { fatalError("All slices are smaller than a crop") }
// snippet.end

// snippet.hide
print("recipe: \(recipe.steps) steps, slices \(slices.count)")
// snippet.show
