import CTImageFiles
import CTSupport

/// An input file of a batch and its output files.
struct BatchJob {
    let input: InputFile
    let output: String
    /// The file for the removed noise, if requested.
    let noise: String?

    /// The files to write.
    var paths: [String] { [output] + (noise.map { [$0] } ?? []) }

    /// Returns the option that determines the output `path`.
    func option(for path: String) -> String { path == output ? "-o" : "--save-noise" }

    // MARK: - Before any work

    /// Finds the files in `inputs`, except in the output folders.
    ///
    /// - Throws: ``FileError`` if the folder for noise is an input, or there is no image file.
    static func inputs(_ inputs: [String], output: String, noiseFolder: String?) throws(FileError) -> InputFiles {
        if let noiseFolder {
            try OutputName.checkFolder(noiseFolder)
            let place = FileSystem.resolved(noiseFolder)
            if FileSystem.resolved(output) == place {
                throw FileError(
                    file: noiseFolder, found: "the output folder itself",
                    expected: "another folder, because the next run would read the removed noise as slices",
                    advice: "Choose another --save-noise.")
            }
            if let input = inputs.first(where: { FileSystem.resolved($0) == place }) {
                throw FileError(
                    file: noiseFolder, found: "the input \(input) itself",
                    expected: "another folder, because the next run would read the removed noise as input",
                    advice: "Choose another --save-noise.")
            }
        }
        return InputFiles(inputs, leavingOut: [output] + (noiseFolder.map { [$0] } ?? []))
    }

    /// Plans the outputs of the files in `found`.
    ///
    /// - Parameters:
    ///   - found: The inputs.
    ///   - options: The options of the command.
    ///   - output: The value of `-o`.
    ///   - noiseFolder: The folder for the removed noise, if requested.
    ///   - needed: Other files that are never overwritten, each with its role: "the model".
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
            // A file that is an input twice, for instance directly and through its folder, is processed once.
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
                // Many file systems, such as those of macOS and Windows, treat a.png and A.png as one file.
                if let other = contents.updateValue(content, forKey: FileSystem.resolved(path).lowercased()) {
                    throw FileError(
                        file: path, found: "one output name for \(other) and \(content)",
                        expected: "names that differ, ignoring case",
                        advice: "Process these files one by one, each with another \(job.option(for: path)).")
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
                            expected: "another file to write to, because inputs are never overwritten",
                            advice: "Choose another \(job.option(for: path)).")
                    }
                    existing.append(path)
                }
            }
        }
        if let first = existing.first, !overwrite {
            let others = existing.count > 1 ? " (and \(existing.count - 1) more)" : ""
            throw FileError(
                file: first, found: "an existing file\(others)", expected: "unused names",
                advice: "Pass --overwrite to replace it, or choose another folder.")
        }
    }

    /// Whether `-o` is the file to write and not a folder: only for one input file, and with the ending of its format.
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
                file: output, found: "the name of a file", expected: "a folder, because there are several inputs",
                advice: "Choose another -o.")
        }
        if let file = found.files.first, let container = ImageFile.container(ofFileAt: file.path),
            container != (fileExtension == "png" ? .png : .tiff)
        {
            throw FileError(
                file: output,
                found: "the ending .\(fileExtension) for a \(container.rawValue.uppercased()) file",
                expected: "the ending of the input, because files keep their format",
                advice: container == .png ? "Use .png." : "Use .tif.")
        }
        return true
    }
}
