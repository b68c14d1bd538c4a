import CTImageFiles
import CTSupport

/// A file of a batch, and where its results go.
struct BatchJob {
    let input: InputFile
    let output: String
    /// Where what is removed goes, if it is wanted.
    let noise: String?

    /// The files to write.
    var paths: [String] { [output] + (noise.map { [$0] } ?? []) }

    /// The option that decides where the file at `path` goes.
    func option(for path: String) -> String { path == output ? "-o" : "--save-noise" }

    // MARK: - Before any work

    /// Finds the files that `inputs` lead to, leaving out the folders to write to.
    ///
    /// - Throws: ``FileError`` if the folder for noise is an input, or there is no image file.
    static func inputs(_ inputs: [String], output: String, noiseFolder: String?) throws(FileError) -> InputFiles {
        if let noiseFolder {
            try OutputName.checkFolder(noiseFolder)
            let place = FileSystem.resolved(noiseFolder)
            if let input = inputs.first(where: { FileSystem.resolved($0) == place }) {
                throw FileError(
                    file: noiseFolder, found: "the input \(input) itself",
                    expected: "another folder, or what was taken out would be taken for slices the next time",
                    advice: "Choose another --save-noise.")
            }
        }
        return InputFiles(inputs, leavingOut: [output] + (noiseFolder.map { [$0] } ?? []))
    }

    /// Plans what to write for the files that were found.
    ///
    /// - Parameters:
    ///   - found: The inputs.
    ///   - options: What the user asked for.
    ///   - noiseFolder: Where what is removed goes, if it is wanted.
    ///   - needed: Files beside the inputs that are never overwritten, each with what it is: "the model".
    /// - Throws: ``FileError`` if a file would be written twice, over an input or a needed file, or, without
    ///   `--overwrite`, over any file.
    static func jobs(
        for found: InputFiles, _ options: BatchOptions, output: String, noiseFolder: String?,
        protecting needed: [(role: String, path: String)]
    ) throws(FileError) -> [BatchJob] {
        if found.files.isEmpty && found.failures.isEmpty { throw InputFiles.none(in: options.input) }
        let isFile = try isFile(output, for: found, options)
        var inputs: [FileSystem.Identity: InputFile] = [:]
        var jobs: [BatchJob] = []
        for file in found.files {
            // A file that is named twice, say alone and through its folder, is done once.
            if let identity = FileSystem.identity(file.path) {
                if let same = inputs[identity], same.name == file.name { continue }
                inputs[identity] = file
            }
            jobs.append(
                BatchJob(
                    input: file, output: isFile ? output : FileSystem.join(output, file.name),
                    noise: noiseFolder.map { FileSystem.join($0, FileSystem.withTIFFEnding(file.name)) }))
        }
        try checkThatNamesDiffer(jobs)
        var precious = inputs.mapValues { "the input \($0.path)" }
        for (role, path) in needed {
            if let identity = FileSystem.identity(path) { precious[identity] = "\(role) \(path)" }
        }
        try checkPlaces(of: jobs, precious: precious, overwrite: options.overwrite)
        return jobs
    }

    private static func checkThatNamesDiffer(_ jobs: [BatchJob]) throws(FileError) {
        var contents: [String: String] = [:]
        for job in jobs {
            for (path, content) in [(job.output, job.input.path), (job.noise, "the noise of \(job.input.path)")] {
                guard let path else { continue }
                // Many disks, those of macOS and Windows, take a.png and A.png for one file.
                if let other = contents.updateValue(content, forKey: FileSystem.resolved(path).lowercased()) {
                    throw FileError(
                        file: path, found: "two files to be written here, \(other) and \(content)",
                        expected: "a name for each, not only in upper and lower case",
                        advice: "Take these files one by one, each with its own \(job.option(for: path)).")
                }
            }
        }
    }

    private static func checkPlaces(
        of jobs: [BatchJob], precious: [FileSystem.Identity: String], overwrite: Bool
    ) throws(FileError) {
        var existing: [String] = []
        for job in jobs {
            for path in job.paths {
                switch FileSystem.kind(path) {
                case .missing: break
                case .folder:
                    throw FileError(
                        file: path, found: "a folder", expected: "the name of a file to write",
                        advice: "Choose another \(job.option(for: path)).")
                case .file:
                    if let found = FileSystem.identity(path).flatMap({ precious[$0] }) {
                        throw FileError(
                            file: path, found: "\(found) itself",
                            expected: "somewhere else to write to, since inputs are never overwritten",
                            advice: "Choose another \(job.option(for: path)).")
                    }
                    existing.append(path)
                }
            }
        }
        if let first = existing.first, !overwrite {
            let others = existing.count > 1 ? " (and \(existing.count - 1) more)" : ""
            throw FileError(
                file: first, found: "a file that is already there\(others)", expected: "names that are free",
                advice: "Say --overwrite to replace, or choose another place.")
        }
    }

    /// Whether `-o` names the file to write and not the folder: for one file only, and in the input's own format.
    private static func isFile(
        _ output: String, for found: InputFiles, _ options: BatchOptions
    ) throws(FileError) -> Bool {
        let fileExtension = FileSystem.fileExtension(output)
        if FileSystem.kind(output) == .folder || output.hasSuffix("/") { return false }
        let looksLikeFile =
            InputFiles.extensions.contains(fileExtension) || FileSystem.kind(output) == .file
        guard looksLikeFile else {
            if options.input.count == 1, FileSystem.kind(options.input[0]) == .file {
                try OutputName.checkEnding(output)
            }
            return false
        }
        guard options.input.count == 1, FileSystem.kind(options.input[0]) != .folder else {
            throw FileError(
                file: output, found: "the name of a file", expected: "a folder, since there are several inputs",
                advice: "Choose another -o.")
        }
        if let file = found.files.first, let container = ImageFile.container(ofFileAt: file.path),
            container != (fileExtension == "png" ? .png : .tiff)
        {
            throw FileError(
                file: output,
                found: "the ending .\(fileExtension) for a \(container.rawValue.uppercased()) file",
                expected: "the ending of the input, since files keep their format",
                advice: container == .png ? "Write .png." : "Write .tif.")
        }
        return true
    }
}
