import CTImageFiles
import CTImages
import CTPhantoms
import Foundation
import TestSupport
import Testing

/// The built program, run as a user would, in a separate folder.
final class Program {
    /// The result of a run.
    struct Outcome {
        let status: Int32
        /// Standard output.
        let output: String
        /// Standard error.
        let messages: String
    }

    /// The folder in which commands run, removed at the end.
    let folder: URL

    /// Environment variables for the program in addition to those of the tests.
    var environment: [String: String] = [:]

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("ctdenoise-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// The executable, which is in the same build folder as the tests.
    private static let executable: URL? = {
        let bundles = Bundle.allBundles.filter { $0.bundlePath.hasSuffix(".xctest") }.map(\.bundleURL)
        let runner = Bundle.main.executableURL.map { [$0] } ?? []
        return (bundles + runner).map { $0.deletingLastPathComponent().appendingPathComponent("ctdenoise") }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }()

    /// Runs `ctdenoise` with `arguments`.
    @discardableResult
    func run(_ arguments: String...) throws -> Outcome { try run(arguments) }

    /// Runs `ctdenoise` with `arguments`.
    ///
    /// - Parameters:
    ///   - signal: The signal to send to the program once `text` is on its standard error.
    @discardableResult
    func run(_ arguments: [String], endedBy signal: Int32? = nil, onceItSays text: String = "") throws -> Outcome {
        let executable: URL = try #require(Self.executable, "ctdenoise was not built beside the tests")
        return try run(executable, arguments, endedBy: signal, onceItSays: text)
    }

    /// Runs a shell script, in which `"$CTDENOISE"` is the program.
    func shell(_ script: String) throws -> Outcome {
        let executable: URL = try #require(Self.executable, "ctdenoise was not built beside the tests")
        environment["CTDENOISE"] = executable.path
        return try run(URL(fileURLWithPath: "/bin/sh"), ["-c", script])
    }

    private func run(
        _ executable: URL, _ arguments: [String], endedBy signal: Int32? = nil, onceItSays text: String = ""
    ) throws -> Outcome {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        process.currentDirectoryURL = folder
        // Into files, because a full pipe would block the program.
        let out = try newFile()
        let err = try newFile()
        process.standardOutput = try FileHandle(forWritingTo: out)
        process.standardError = try FileHandle(forWritingTo: err)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        if let signal {
            while process.isRunning, !(try String(contentsOf: err, encoding: .utf8).contains(text)) {
                Thread.sleep(forTimeInterval: 0.002)
            }
            kill(process.processIdentifier, signal)
        }
        process.waitUntilExit()
        defer {
            try? FileManager.default.removeItem(at: out)
            try? FileManager.default.removeItem(at: err)
        }
        return Outcome(
            status: process.terminationReason == .exit ? process.terminationStatus : -1,
            output: try String(contentsOf: out, encoding: .utf8), messages: try String(contentsOf: err, encoding: .utf8)
        )
    }

    /// Runs `ctdenoise` with `arguments` and `--json`, expects the exit status `status`, and parses the output.
    func json(_ arguments: String..., status: Int32 = 0) throws -> [String: Any] {
        try json(arguments, status: status)
    }

    /// Runs `ctdenoise` with `arguments` and `--json`, which must exit with `status`, and parses its output.
    func json(_ arguments: [String], status: Int32 = 0) throws -> [String: Any] {
        let outcome = try run(arguments + ["--json"])
        try #require(outcome.status == status, "\(arguments): \(outcome.messages)")
        let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        return try #require(object as? [String: Any])
    }

    /// Makes `count` phantoms of `side`×`side` in a folder, or one in a file.
    func makePhantoms(_ output: String, count: Int = 1, side: Int = 48, _ options: String...) throws {
        let outcome = try run(["phantom", "-o", output, "--count", "\(count)", "--size", "\(side)"] + options)
        try #require(outcome.status == 0, "\(outcome.messages)")
    }

    /// Writes phantoms of 128×128 with the noise of a scan, in files that do not state how they store HU.
    ///
    /// - Parameters:
    ///   - output: A folder, or the name of a file for a single phantom.
    ///   - format: The format of the samples; of floating-point and signed ones in TIFF files.
    ///   - stored: The stored value of HU, not rounded.
    func writePhantoms(
        _ output: String, count: Int = 1, format: SampleFormat = .uint16, stored: (Double) -> Double
    ) throws {
        for number in 0..<count {
            let phantom = ChestPhantom(width: 128, height: 128, seed: UInt64(number + 1))
            var random = TestGenerator(seed: UInt64(number + 1))
            let samples = phantom.hu.map { stored(($0 + 15 * random.normal()).rounded()) }
            let isInteger = format.kind != .floatingPoint
            let slice = CTSlice(
                width: 128, height: 128, samples: isInteger ? samples.map { $0.rounded() } : samples, format: format,
                scale: format.range.map { IntensityScale(assuming: $0) } ?? .assumedHU)
            let container: ImageFile.Container = format.kind == .unsignedInteger ? .png : .tiff
            let name = output.contains(".") ? output : "\(output)/\(number + 1).\(container == .png ? "png" : "tif")"
            try FileManager.default.createDirectory(
                at: url(name).deletingLastPathComponent(), withIntermediateDirectories: true)
            try ImageFile(pages: [slice], container: container).write(to: url(name).path)
        }
    }

    /// Reads a JSON object from a file.
    func object(_ name: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: try bytes(name)) as? [String: Any])
    }

    /// The paths of all files in a folder, below it, sorted.
    func files(in name: String) -> [String] {
        let found = FileManager.default.enumerator(atPath: url(name).path)?.compactMap { $0 as? String } ?? []
        return found.filter { path in
            var isFolder: ObjCBool = false
            let exists = unsafe FileManager.default.fileExists(
                atPath: url(name + "/" + path).path, isDirectory: &isFolder)
            return exists && !isFolder.boolValue
        }.sorted()
    }

    /// A path below the program's folder.
    func url(_ name: String) -> URL { folder.appendingPathComponent(name) }

    /// Returns the bytes of a file.
    func bytes(_ name: String) throws -> Data { try Data(contentsOf: url(name)) }

    /// Writes a file, creating its folder if needed.
    func write(_ bytes: Data, to name: String) throws {
        try FileManager.default.createDirectory(
            at: url(name).deletingLastPathComponent(), withIntermediateDirectories: true)
        try bytes.write(to: url(name))
    }

    private func newFile() throws -> URL {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("ctdenoise-\(UUID().uuidString).txt")
        try Data().write(to: file)
        return file
    }
}
