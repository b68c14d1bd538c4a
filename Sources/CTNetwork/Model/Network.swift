/// A row/column-scanning LSTM with batch normalization: its shape, parameters and running statistics.
///
/// An image is read as overlapping windows, one per token. Each block mixes neighbouring tokens, then scans all token
/// rows and then all token columns with an LSTM, each with a residual connection. The head writes overlapping windows
/// of estimated *noise*. `docs/network.md` has the formulas.
///
/// A network only holds data: `TrainingPass` computes gradients, `InferenceNetwork` denoises.
public struct Network: Equatable, Sendable {
    /// The shape of the network.
    package let configuration: NetworkConfiguration

    /// Where each tensor lies in `parameters` and `statistics`.
    package let layout: ParameterLayout

    /// The values changed by gradient descent, flat.
    package var parameters: [Float]

    /// The running means and variances of batch normalization, flat.
    package var statistics: [Float]

    /// Creates a network with given values.
    ///
    /// - Precondition: The configuration is valid, and the arrays have the sizes of its layout.
    package init(configuration: NetworkConfiguration, parameters: [Float], statistics: [Float]) {
        precondition(configuration.defect == nil, "\(configuration.defect ?? "")")
        layout = ParameterLayout(configuration)
        precondition(parameters.count == layout.parameterCount && statistics.count == layout.statisticCount)
        self.configuration = configuration
        self.parameters = parameters
        self.statistics = statistics
    }

    /// Creates a network for training, with parameters drawn from `generator`.
    ///
    /// The head is zero and projections are small, so that the network starts as the identity; forget gates start open
    /// (bias 1, Jozefowicz et al. 2015).
    package init(configuration: NetworkConfiguration, using generator: inout some RandomNumberGenerator) {
        let layout = ParameterLayout(configuration)
        var parameters = [Float](repeating: 0, count: layout.parameterCount)
        let hidden = configuration.hidden
        for entry in layout.parameters {
            let kind = entry.name.split(separator: ".").suffix(2).joined(separator: ".")
            let bound: Float
            if kind == "embed.weight" {
                bound = 1 / Float(configuration.window)
            } else if kind == "mix.weight" {
                bound = 0.2 / Float(configuration.mixing)
            } else if kind.contains("weight_ih_l0") {
                bound = 1 / Float(configuration.channels).squareRoot()
            } else if kind.contains("weight_hh_l0") {
                bound = 1 / Float(hidden).squareRoot()
            } else if kind == "project.weight" {
                bound = 0.2 / Float(configuration.states).squareRoot()
            } else {
                if kind.contains("bias_ih_l0") {
                    for index in entry.range.dropFirst(hidden).prefix(hidden) { parameters[index] = 1 }
                } else if kind.contains("norm.weight") {
                    for index in entry.range { parameters[index] = 0.5 }
                }
                continue
            }
            for index in entry.range {
                let unit = Float(generator.next() >> 40) * 0x1p-24
                parameters[index] = bound * (2 * unit - 1)
            }
        }
        var statistics = [Float](repeating: 0, count: layout.statisticCount)
        for entry in layout.statistics where entry.name.contains("running_var") {
            for index in entry.range { statistics[index] = 1 }
        }
        self.init(configuration: configuration, parameters: parameters, statistics: statistics)
    }
}
