internal import CBundledModels

extension TrainingRecipe {
    /// The recipe of the default model, but with white noise, salt-and-pepper, and both, for one network that removes
    /// all kinds: the starting point for your own model.
    public static let `default`: TrainingRecipe = {
        var count = 0
        let start = unsafe ct_default_recipe(&count)
        let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
        guard var recipe = try? TrainingRecipe(json: bytes, file: "the default recipe") else {
            preconditionFailure("The default recipe is damaged")
        }
        recipe.noise = .mixed
        recipe.description = "A model for white noise, salt-and-pepper, and both."
        return recipe
    }()
}
