#if canImport(FoundationEssentials)
package import CTSupport
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Network {
    /// The metadata key of the configuration in a model file.
    static let configurationKey = "config"

    /// Creates a network from the contents of a model file.
    ///
    /// The metadata's `config` is a `NetworkConfiguration` as JSON. The tensors are exactly the parameters and
    /// statistics of its `ParameterLayout`, with the same names and shapes, and all values are finite.
    ///
    /// - Parameters:
    ///   - model: The contents.
    ///   - name: The file's name in errors.
    /// - Throws: `FileError` if anything is missing, unknown or out of range.
    package init(_ model: Safetensors, file name: String) throws(FileError) {
        func damaged(_ found: String, _ expected: String) -> FileError {
            FileError(
                .malformed, file: name, found: found, expected: expected,
                advice: "Use a model that `ctdenoise train` wrote.")
        }
        guard let json = model.metadata[Self.configurationKey] else {
            throw damaged("no network configuration", "a '\(Self.configurationKey)' in its metadata")
        }
        let configuration: NetworkConfiguration
        do {
            configuration = try JSONDecoder().decode(NetworkConfiguration.self, from: Data(json.utf8))
        } catch {
            throw damaged(
                "a network configuration that cannot be read: \(json.prefix(200))",
                "patch, window, channels, hidden and so on, as JSON")
        }
        if let defect = configuration.defect { throw damaged(defect, "a valid configuration") }

        let layout = ParameterLayout(configuration)
        var tensors: [String: Safetensors.Tensor] = [:]
        for tensor in model.tensors { tensors[tensor.name] = tensor }
        func values(of entries: [ParameterLayout.Entry]) throws(FileError) -> [Float] {
            var values: [Float] = []
            for entry in entries {
                let tensor = tensors.removeValue(forKey: entry.name)
                if let (found, expected) = Self.defect(of: tensor, as: entry) { throw damaged(found, expected) }
                values += tensor?.values ?? []
            }
            return values
        }
        let parameters = try values(of: layout.parameters)
        let statistics = try values(of: layout.statistics)
        if let unknown = tensors.keys.min() {
            throw damaged("a tensor '\(unknown)'", "only the tensors of its configuration")
        }
        self.init(configuration: configuration, parameters: parameters, statistics: statistics)
    }

    /// Returns what was found and what was expected if a tensor of a model file does not match an entry of the layout.
    private static func defect(
        of tensor: Safetensors.Tensor?, as entry: ParameterLayout.Entry
    ) -> (found: String, expected: String)? {
        guard let tensor else { return ("no tensor '\(entry.name)'", "one of shape \(entry.shape)") }
        if tensor.shape != entry.shape { return ("'\(entry.name)' of shape \(tensor.shape)", "\(entry.shape)") }
        guard tensor.values.allSatisfy(\.isFinite) else {
            return ("'\(entry.name)' with values that are not finite", "finite weights")
        }
        // The square root of a negative variance would be NaN.
        guard !entry.name.contains("running_var") || tensor.values.allSatisfy({ $0 >= 0 }) else {
            return ("'\(entry.name)' with negative variances", "variances of zero or more")
        }
        return nil
    }

    /// Returns the contents of a model file.
    ///
    /// - Parameter metadata: Further metadata; a `config` in it is replaced.
    /// - Returns: Every parameter and statistic under its name, and the configuration in the metadata.
    package func safetensors(metadata: [String: String] = [:]) -> Safetensors {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard let json = try? encoder.encode(configuration) else {
            preconditionFailure("A configuration has finite numbers only, which JSON can represent")
        }
        var metadata = metadata
        metadata[Self.configurationKey] = String(decoding: json, as: UTF8.self)
        func tensors(_ entries: [ParameterLayout.Entry], _ values: [Float]) -> [Safetensors.Tensor] {
            entries.map { Safetensors.Tensor(name: $0.name, shape: $0.shape, values: Array(values[$0.range])) }
        }
        return Safetensors(
            metadata: metadata, tensors: tensors(layout.parameters, parameters) + tensors(layout.statistics, statistics)
        )
    }
}
