package import CTNetwork

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The scanning network in `Double`, formula by formula and pixel by pixel: the reference for the fast one.
///
/// It shares only the names and places of the tensors with the fast code. Gradients come from `derivative(along:of:)`:
/// central differences need no derivation that could be wrong.
///
/// B images, R×S pixels, T = R/p and U = S/p token rows and columns, C channels, H hidden states.
package struct ReferenceNetwork {
    private let configuration: NetworkConfiguration
    private let places: [String: Range<Int>]
    private let statisticPlaces: [String: Range<Int>]

    /// The parameters, flat, in the layout's order.
    package var parameters: [Double]

    /// The running statistics, flat, in the layout's order; `noise(in:batch:rows:columns:statistics:)` updates them.
    package var statistics: [Double]

    /// Creates a reference network with the parameters and statistics of `network`.
    package init(_ network: Network) {
        configuration = network.configuration
        places = Dictionary(uniqueKeysWithValues: network.layout.parameters.map { ($0.name, $0.range) })
        statisticPlaces = Dictionary(uniqueKeysWithValues: network.layout.statistics.map { ($0.name, $0.range) })
        parameters = network.parameters.map(Double.init)
        statistics = network.statistics.map(Double.init)
    }

    /// A value for each channel of each token of each image.
    private struct Tokens {
        let (batch, down, across, channels): (Int, Int, Int, Int)
        var values: [Double]

        init(batch: Int, down: Int, across: Int, channels: Int) {
            (self.batch, self.down, self.across, self.channels) = (batch, down, across, channels)
            values = [Double](repeating: 0, count: batch * down * across * channels)
        }

        func place(_ b: Int, _ i: Int, _ j: Int, _ c: Int) -> Int { ((b * down + i) * across + j) * channels + c }

        subscript(b: Int, i: Int, j: Int, c: Int) -> Double {
            get { values[place(b, i, j, c)] }
            set { values[place(b, i, j, c)] = newValue }
        }
    }

    private func parameter(_ name: String) -> [Double] {
        guard let range = places[name] else { preconditionFailure("no parameter \(name)") }
        return Array(parameters[range])
    }

    // MARK: - Forward

    /// Returns the noise in a batch of images, (B, R, S) like the input.
    package mutating func noise(
        in input: [Double], batch: Int, rows: Int, columns: Int, statistics mode: StatisticsMode
    ) -> [Double] {
        var stream = embedded(input, batch: batch, rows: rows, columns: columns)
        for block in 0..<configuration.blocks {
            if configuration.mixing > 0 { stream = mixed(stream, "blocks.\(block).mix.") }
            stream = scanned(stream, "blocks.\(block).rows.", alongRows: true, mode)
            stream = scanned(stream, "blocks.\(block).columns.", alongRows: false, mode)
        }
        return overlapAdded(stream, rows: rows, columns: columns)
    }

    private func embedded(_ input: [Double], batch: Int, rows: Int, columns: Int) -> Tokens {
        let (p, w) = (configuration.patch, configuration.window)
        let margin = (w - p) / 2
        let (weight, bias) = (parameter("embed.weight"), parameter("embed.bias"))
        /// …, 2, 1, 0, 1, 2, …, n − 2, n − 1, n − 2, …
        func mirrored(_ index: Int, _ count: Int) -> Int {
            guard count > 1 else { return 0 }
            let period = 2 * (count - 1)
            let folded = ((index % period) + period) % period
            return folded < count ? folded : period - folded
        }
        var out = Tokens(batch: batch, down: rows / p, across: columns / p, channels: configuration.channels)
        for b in 0..<batch {
            for i in 0..<out.down {
                for j in 0..<out.across {
                    for c in 0..<out.channels {
                        var sum = bias[c]
                        for u in 0..<w {
                            let row = mirrored(i * p - margin + u, rows)
                            for v in 0..<w {
                                let column = mirrored(j * p - margin + v, columns)
                                sum += weight[(c * w + u) * w + v] * input[(b * rows + row) * columns + column]
                            }
                        }
                        out[b, i, j, c] = sum
                    }
                }
            }
        }
        return out
    }

    private func mixed(_ x: Tokens, _ prefix: String) -> Tokens {
        let k = configuration.mixing
        let (weight, bias) = (parameter(prefix + "weight"), parameter(prefix + "bias"))
        var y = x
        for b in 0..<x.batch {
            for i in 0..<x.down {
                for j in 0..<x.across {
                    for c in 0..<x.channels {
                        var sum = x[b, i, j, c] + bias[c]
                        for u in 0..<k {
                            for v in 0..<k {
                                let (row, column) = (i + u - k / 2, j + v - k / 2)
                                guard (0..<x.down).contains(row), (0..<x.across).contains(column) else { continue }
                                sum += weight[(c * k + u) * k + v] * x[b, row, column, c]
                            }
                        }
                        y[b, i, j, c] = sum
                    }
                }
            }
        }
        return y
    }

    private mutating func scanned(_ x: Tokens, _ prefix: String, alongRows: Bool, _ mode: StatisticsMode) -> Tokens {
        let h = configuration.hidden
        let directions = configuration.bidirectional ? ["", "_reverse"] : [""]
        var states = Tokens(batch: x.batch, down: x.down, across: x.across, channels: directions.count * h)
        for (direction, suffix) in directions.enumerated() {
            var a = product(x, parameter(prefix + "weight_ih_l0" + suffix), outputs: 4 * h)
            if configuration.normalization == .sequence { a = normalized(a, prefix + "norm.", suffix, mode) }
            let (weight, bias) = (
                parameter(prefix + "weight_hh_l0" + suffix), parameter(prefix + "bias_ih_l0" + suffix)
            )
            let (sequences, steps) = alongRows ? (x.down, x.across) : (x.across, x.down)
            for b in 0..<x.batch {
                for sequence in 0..<sequences {
                    var (hidden, cell) = ([Double](repeating: 0, count: h), [Double](repeating: 0, count: h))
                    for step in 0..<steps {
                        let position = direction == 0 ? step : steps - 1 - step
                        let (i, j) = alongRows ? (sequence, position) : (position, sequence)
                        let gates = (0..<4 * h).map { gate in
                            var sum = a[b, i, j, gate] + bias[gate]
                            for state in 0..<h { sum += weight[gate * h + state] * hidden[state] }
                            return sum
                        }
                        for unit in 0..<h {
                            cell[unit] =
                                sigmoid(gates[h + unit]) * cell[unit] + sigmoid(gates[unit]) * tanh(gates[2 * h + unit])
                            hidden[unit] = sigmoid(gates[3 * h + unit]) * tanh(cell[unit])
                            states[b, i, j, direction * h + unit] = hidden[unit]
                        }
                    }
                }
            }
        }
        var y = product(states, parameter(prefix + "project.weight"), outputs: x.channels)
        let bias = parameter(prefix + "project.bias")
        for index in y.values.indices { y.values[index] += x.values[index] + bias[index % x.channels] }
        return y
    }

    private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

    /// Returns weight (outputs, channels) · x for each token.
    private func product(_ x: Tokens, _ weight: [Double], outputs: Int) -> Tokens {
        var y = Tokens(batch: x.batch, down: x.down, across: x.across, channels: outputs)
        for token in 0..<x.batch * x.down * x.across {
            for output in 0..<outputs {
                var sum = 0.0
                for c in 0..<x.channels { sum += weight[output * x.channels + c] * x.values[token * x.channels + c] }
                y.values[token * outputs + output] = sum
            }
        }
        return y
    }

    private mutating func normalized(_ x: Tokens, _ prefix: String, _ suffix: String, _ mode: StatisticsMode) -> Tokens
    {
        guard let means = statisticPlaces[prefix + "running_mean" + suffix],
            let variances = statisticPlaces[prefix + "running_var" + suffix]
        else { preconditionFailure("no statistics \(prefix)") }
        let gain = parameter(prefix + "weight" + suffix)
        let momentum = configuration.momentum
        var y = x
        for c in 0..<x.channels {
            let places = Array(stride(from: c, to: x.values.count, by: x.channels))
            let n = Double(places.count)
            let (runningMean, runningVariance) = (means.lowerBound + c, variances.lowerBound + c)
            var (mean, variance) = (statistics[runningMean], statistics[runningVariance])
            if mode == .batch {
                mean = places.reduce(0) { $0 + x.values[$1] } / n
                let squares = places.reduce(0) { $0 + (x.values[$1] - mean) * (x.values[$1] - mean) }
                variance = squares / n
                statistics[runningMean] += momentum * (mean - statistics[runningMean])
                statistics[runningVariance] += momentum * (squares / max(n - 1, 1) - statistics[runningVariance])
            }
            let scale = gain[c] / (variance + 1e-5).squareRoot()
            for place in places { y.values[place] = scale * (x.values[place] - mean) }
        }
        return y
    }

    private func overlapAdded(_ x: Tokens, rows: Int, columns: Int) -> [Double] {
        let (p, w) = (configuration.patch, configuration.window)
        let margin = (w - p) / 2
        let (weight, bias) = (parameter("head.weight"), parameter("head.bias"))
        var out = [Double](repeating: bias[0], count: x.batch * rows * columns)
        for b in 0..<x.batch {
            for i in 0..<x.down {
                for j in 0..<x.across {
                    for u in 0..<w {
                        for v in 0..<w {
                            let (row, column) = (i * p - margin + u, j * p - margin + v)
                            guard (0..<rows).contains(row), (0..<columns).contains(column) else { continue }
                            for c in 0..<x.channels {
                                out[(b * rows + row) * columns + column] += weight[(c * w + u) * w + v] * x[b, i, j, c]
                            }
                        }
                    }
                }
            }
        }
        return out
    }

    // MARK: - Gradients

    /// Returns the derivative of `loss` along `direction` in parameter space.
    ///
    /// Uses fourth-order central differences; the error is about 1e-10 relative to the loss.
    ///
    /// - Parameters:
    ///   - direction: The component for each parameter, by index; zero for others.
    ///   - loss: The loss of a network with changed parameters.
    /// - Returns: The sum of component times partial derivative.
    package func derivative(along direction: [Int: Double], of loss: (inout ReferenceNetwork) -> Double) -> Double {
        let step = 1e-3
        func moved(_ factor: Double) -> Double {
            var network = self
            for (index, speed) in direction { network.parameters[index] += factor * step * speed }
            return loss(&network)
        }
        return (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * step)
    }
}
