import CTImageFiles
import CTImages
import CTSupport
import CTTraining

/// The slices of a training: those to train on, and those to measure progress on.
struct TrainingData {
    /// The files to train on.
    let training: [InputFile]
    /// The files to measure progress on.
    let measuring: [InputFile]

    private let input: [String]
    /// The set of pairs, if the input is a manifest.
    private let set: PairSet?
    /// The value of `--validation`.
    private let validation: String?
    private let reading: ReadingOptions

    /// Finds the files.
    ///
    /// - Parameters:
    ///   - input: Files and folders of clean slices, or the manifest of a set of pairs.
    ///   - validation: A folder of other clean slices.
    init(
        _ input: [String], validation: String?, reading: ReadingOptions, _ console: inout Console
    ) throws(FileError) {
        (self.input, self.validation, self.reading) = (input, validation, reading)
        set = try Self.manifest(input, reading)
        if let set { training = try set.files(["train", nil]) } else { training = try Self.files(input, &console) }
        if let validation {
            measuring = try Self.files([validation], &console)
        } else {
            measuring = try set?.files(["val"]) ?? []
        }
    }

    /// Finds the image files in `inputs`.
    private static func files(_ inputs: [String], _ console: inout Console) throws(FileError) -> [InputFile] {
        let found = InputFiles(inputs)
        if let failure = found.failures.first { throw failure }
        for path in found.skipped { console.line("skipped \(path): neither PNG nor TIFF") }
        // A file that is named twice, for instance alone and through its folder, counts once.
        var seen: Set<FileSystem.Identity> = []
        return found.files.filter { file in FileSystem.identity(file.path).map { seen.insert($0).inserted } ?? true }
    }

    /// Returns the set of pairs if its manifest is the only input.
    private static func manifest(_ input: [String], _ reading: ReadingOptions) throws(FileError) -> PairSet? {
        for folder in input where FileSystem.kind(folder) == .folder {
            let path = FileSystem.join(folder, Manifest.fileName)
            guard FileSystem.kind(path) == .file, (try? Manifest(contentsOf: path)) != nil else { continue }
            throw FileError(
                file: folder, found: "a set of pairs, with noisy files among the clean ones",
                expected: "its manifest, which tells them apart", advice: "Pass \(path).")
        }
        guard let path = input.first(where: { FileSystem.lastComponent($0) == Manifest.fileName }) else { return nil }
        guard input.count == 1, reading.convention == nil else {
            throw FileError(
                file: path, found: "other inputs, --stored or --rescale together with a manifest",
                expected: "only the manifest, which describes the whole set", advice: "Leave them out.")
        }
        return PairSet(manifest: try Manifest(contentsOf: path), folder: FileSystem.parent(path))
    }

    // MARK: - Reading

    /// Reads the slices to train on.
    ///
    /// - Parameters:
    ///   - recipe: The recipe to train with.
    ///   - fitting: Whether to remove crops from the recipe that are larger than most slices.
    ///   - console: The console for notes.
    /// - Throws: `FileError` if a file cannot be used, or no slice is large enough.
    func slices(
        for recipe: inout TrainingRecipe, fitting: Bool, _ console: inout Console
    ) throws(FileError) -> TrainingSlices {
        let pairs: [String: [TrainingSlices.Pair]]
        if let set {
            pairs = try set.slices(["train", nil], reading: reading)
        } else {
            pairs = try read(training, &console).mapValues { $0.map { TrainingSlices.Pair(clean: $0, noisy: nil) } }
        }
        if fitting {
            // At least half of the slices must be as large as the crops.
            let sides = pairs.values.joined().map { min($0.clean.width, $0.clean.height) }.sorted()
            recipe.fit(slicesOf: sides.isEmpty ? 0 : sides[sides.count / 2])
        }
        if pairs.isEmpty, set != nil {
            throw FileError(
                file: input.joined(), found: "no pairs to train on", expected: "pairs in train/ or without a split",
                advice: "Make a set with more patients, or another --split.")
        }
        guard let slices = TrainingSlices(pairs, crop: recipe.longestSide) else {
            throw FileError(
                file: input.joined(separator: ", "),
                found: "no slice of \(recipe.longestSide)×\(recipe.longestSide) pixels or more",
                expected: "slices as large as the recipe's crops", advice: "Pass folders that contain some.")
        }
        return slices
    }

    /// Reads the slices to measure progress on; `nil` if there are none.
    func validation(for recipe: TrainingRecipe, _ console: inout Console) throws(FileError) -> Validation? {
        guard let validation else {
            guard let set else { return nil }
            let pairs = try set.slices(["val"], reading: reading)
            return Validation(pairs.sorted { $0.key < $1.key }.flatMap(\.value))
        }
        let found = try read(measuring, &console).sorted { $0.key < $1.key }.flatMap(\.value)
        guard let slices = Validation(found, for: recipe) else {
            throw FileError(
                file: validation, found: "no slice of 64×64 pixels or more", expected: "slices to measure progress on",
                advice: "Pass a folder that contains some.")
        }
        return slices
    }

    /// Reads all pages of the files, by folder.
    private func read(_ files: [InputFile], _ console: inout Console) throws(FileError) -> [String: [CTSlice]] {
        var folders: [String: [CTSlice]] = [:]
        let intensities = try Intensities(files.map(\.path), reading: reading)
        var remarks = IntensityRemarks()
        remarks.tell(intensities.remarks, to: &console)
        for file in files {
            let decoded = try intensities.read(file.path)
            remarks.tell(decoded.remarks, to: &console)
            let pages = decoded.image.pages
            folders[FileSystem.parent(file.path), default: []] += pages
        }
        return folders
    }
}
