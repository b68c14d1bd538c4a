import ArgumentParser
import CTDenoising
import CTNetwork
import CTSupport

/// The value of `--model` and `--start`.
enum ModelChoice: CustomStringConvertible {
    case bundled(BundledModel)
    case file(String)

    /// The names of the bundled models: "default or fast".
    static let names = BundledModel.allCases.map(\.rawValue).joined(separator: " or ")

    /// The value name in help.
    static let placeholder = (BundledModel.allCases.map(\.rawValue) + ["path"]).joined(separator: "|")

    /// Parses an argument; the name of a bundled model takes precedence over a file of the same name.
    init(argument: String) throws {
        if let model = BundledModel(rawValue: argument) {
            self = .bundled(model)
        } else if argument.contains("/") || FileSystem.fileExtension(argument) == "safetensors"
            || FileSystem.kind(argument) == .file
        {
            self = .file(argument)
        } else {
            throw ValidationError(
                "there is no bundled model or file with this name; pass \(Self.names), or the path of a file")
        }
    }

    /// The path of the file, if it is one.
    var path: String? { if case .file(let path) = self { path } else { nil } }

    var description: String {
        switch self {
        case .bundled(let model): model.rawValue
        case .file(let path): path
        }
    }
}

extension Denoiser {
    /// Reads a model.
    ///
    /// - Throws: ``FileError`` if it is damaged or cannot be read.
    init(_ choice: ModelChoice, precision: Precision = .single) throws(FileError) {
        self =
            switch choice {
            case .bundled(let model): try .bundled(model, precision: precision)
            case .file(let path): try Denoiser(modelAt: path, precision: precision)
            }
    }
}
