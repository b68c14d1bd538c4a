import ArgumentParser
import CTDenoising
import CTNetwork
import CTSupport

/// What `--model` and `--start` name.
enum ModelChoice: CustomStringConvertible {
    case bundled(BundledModel)
    case file(String)

    /// The names of the models inside the program, as in "default or fast".
    static let names = BundledModel.allCases.map(\.rawValue).joined(separator: " or ")

    /// What help has in the place of one.
    static let placeholder = (BundledModel.allCases.map(\.rawValue) + ["path"]).joined(separator: "|")

    /// A name of a model inside the program means that, also where a file is called so.
    init(argument: String) throws {
        if let model = BundledModel(rawValue: argument) {
            self = .bundled(model)
        } else if argument.contains("/") || FileSystem.fileExtension(argument) == "safetensors"
            || FileSystem.kind(argument) == .file
        {
            self = .file(argument)
        } else {
            throw ValidationError(
                "no model inside the program has this name, and no file; write \(Self.names), or the path of a file")
        }
    }

    /// The file, if one is named.
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
