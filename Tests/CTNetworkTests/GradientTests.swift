import TestSupport
import Testing

@testable import CTNetwork

/// A network whose every tensor matters: fresh ones have heads of zero and statistics that do nothing.
func randomNetwork(_ configuration: NetworkConfiguration, seed: UInt64 = 1) -> Network {
    var generator = TestGenerator(seed: seed)
    var network = Network(configuration: configuration, using: &generator)
    for entry in network.layout.parameters {
        let fan = entry.shape.dropFirst().reduce(1, *)
        let bound = entry.shape.count > 1 ? 1.5 / Float(fan).squareRoot() : 0.5
        for index in entry.range { network.parameters[index] = Float.random(in: -bound...bound, using: &generator) }
        if entry.name.contains("norm.weight") { for index in entry.range { network.parameters[index] += 0.8 } }
    }
    for entry in network.layout.statistics {
        let range: ClosedRange<Float> = entry.name.contains("running_var") ? 0.5...1.5 : -0.4...0.4
        for index in entry.range { network.statistics[index] = Float.random(in: range, using: &generator) }
    }
    return network
}

/// Output and gradients of the training pass against the reference in `Double`.
@Suite struct GradientTests {
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        var configuration: NetworkConfiguration
        var batch = 2
        var rows: Int
        var columns: Int
        var mode = StatisticsMode.batch
        /// The middle of the inputs, which spread by 2 around it.
        var offset: Float = 0
    }

    /// Every layer and every branch of it; tensors have a few numbers, each is differentiated on its own.
    static let small = [
        Case(
            testDescription: "every layer, the batch's statistics",
            configuration: NetworkConfiguration(patch: 2, window: 4, channels: 3, hidden: 2, blocks: 1, mixing: 3),
            rows: 6, columns: 4),
        Case(
            testDescription: "every layer, running statistics",
            configuration: NetworkConfiguration(patch: 2, window: 4, channels: 3, hidden: 2, blocks: 1, mixing: 3),
            rows: 4, columns: 6, mode: .running),
        Case(
            testDescription: "one way, without normalization and mixing",
            configuration: NetworkConfiguration(
                patch: 1, window: 3, channels: 2, hidden: 3, blocks: 2, mixing: 0, bidirectional: false,
                normalization: .none),
            rows: 3, columns: 4),
        Case(
            testDescription: "one way, normalized, windows that do not overlap",
            configuration: NetworkConfiguration(
                patch: 2, window: 2, channels: 3, hidden: 2, blocks: 1, mixing: 0, bidirectional: false),
            rows: 4, columns: 8),
    ]

    /// More than one block of sequences and more than one chunk of tokens; differentiated tensor by tensor.
    static let large = [
        Case(
            testDescription: "many rows",
            configuration: NetworkConfiguration(patch: 1, window: 3, channels: 3, hidden: 2, blocks: 1, mixing: 3),
            batch: 2, rows: 53, columns: 3),
        Case(
            testDescription: "many columns",
            configuration: NetworkConfiguration(patch: 1, window: 3, channels: 3, hidden: 2, blocks: 1, mixing: 5),
            batch: 1, rows: 3, columns: 101),
        Case(
            testDescription: "mixing and windows larger than the image",
            configuration: NetworkConfiguration(patch: 1, window: 7, channels: 2, hidden: 2, blocks: 1, mixing: 7),
            batch: 2, rows: 2, columns: 3),
        Case(
            testDescription: "a token",
            configuration: NetworkConfiguration(patch: 2, window: 6, channels: 3, hidden: 2, blocks: 2, mixing: 3),
            batch: 1, rows: 2, columns: 2, mode: .running),
        Case(
            testDescription: "inputs far from zero",
            configuration: NetworkConfiguration(patch: 1, window: 3, channels: 3, hidden: 2, blocks: 1, mixing: 3),
            batch: 2, rows: 4, columns: 5, offset: 10),
    ]

    /// One pass of `test`: network, numbers in, numbers out.
    struct Pass {
        let network: Network
        let input: [Float]
        let dNoise: [Float]
        let moved: Network
        let noise: [Float]
        let gradient: [Float]

        init(_ test: Case, _ kernels: Kernels = .current(.single)) {
            network = randomNetwork(test.configuration)
            var generator = TestGenerator(seed: 2)
            let pixels = test.batch * test.rows * test.columns
            input = generator.floats(pixels, in: test.offset - 2...test.offset + 2)
            dNoise = generator.floats(pixels)
            let pass = TrainingPass(
                configuration: test.configuration, batch: test.batch, rows: test.rows, columns: test.columns,
                threads: 2, kernels: kernels)
            var moved = network
            noise = pass.forward(&moved, input: input, statistics: test.mode)
            var gradient = [Float](repeating: 0, count: network.parameters.count)
            pass.backward(moved, dNoise: dNoise, into: &gradient)
            self.moved = moved
            self.gradient = gradient
        }

        /// Σ dNoise · noise, whose gradient `backward` computes.
        func loss(_ test: Case) -> (inout ReferenceNetwork) -> Double {
            let (input, dNoise) = (input.map(Double.init), dNoise.map(Double.init))
            return { reference in
                let noise = reference.noise(
                    in: input, batch: test.batch, rows: test.rows, columns: test.columns, statistics: test.mode)
                return zip(noise, dNoise).reduce(0) { $0 + $1.0 * $1.1 }
            }
        }
    }

    @Test(arguments: small + large, Kernels.forTraining)
    func `Output and moved statistics equal the reference's`(test: Case, kernels: Kernels) {
        let pass = Pass(test, kernels)
        var reference = ReferenceNetwork(pass.network)
        let noise = reference.noise(
            in: pass.input.map(Double.init), batch: test.batch, rows: test.rows, columns: test.columns,
            statistics: test.mode)
        #expect(worstError(pass.noise, noise) < 5e-6 * kernels.allowance)
        #expect(worstError(pass.moved.statistics, reference.statistics) < 2e-6 * kernels.allowance)
        #expect(pass.moved.parameters == pass.network.parameters)
        #expect(test.mode == .batch || pass.moved.statistics == pass.network.statistics)
    }

    @Test(arguments: small, Kernels.forTraining)
    func `The gradient of every parameter equals central differences`(test: Case, kernels: Kernels) {
        let pass = Pass(test, kernels)
        let reference = ReferenceNetwork(pass.network)
        for entry in pass.network.layout.parameters {
            let expected = entry.range.map { reference.derivative(along: [$0: 1], of: pass.loss(test)) }
            let error = worstError(Array(pass.gradient[entry.range]), expected)
            #expect(error < 2e-5 * kernels.allowance, "\(entry.name)")
        }
    }

    @Test(arguments: large, Kernels.forTraining)
    func `Gradients of large shapes equal central differences in a random direction`(test: Case, kernels: Kernels) {
        let pass = Pass(test, kernels)
        let reference = ReferenceNetwork(pass.network)
        var generator = TestGenerator(seed: 3)
        for entry in pass.network.layout.parameters {
            var direction: [Int: Double] = [:]
            for index in entry.range { direction[index] = Double.random(in: -1...1, using: &generator) }
            let expected = reference.derivative(along: direction, of: pass.loss(test))
            let terms = direction.map { Double(pass.gradient[$0.key]) * $0.value }
            // Beside the sum of magnitudes: the terms may cancel.
            let scale = terms.reduce(0) { $0 + abs($1) }
            // Recurrent weights see nothing in sequences of one token.
            let error = abs(terms.reduce(0, +) - expected) / (scale > 0 ? scale : 1)
            #expect(error < 2e-5 * kernels.allowance, "\(entry.name)")
        }
    }

    @Test func `Gradients add up over calls`() {
        var test = Self.small[0]
        test.mode = .running
        let pass = Pass(test)
        let again = TrainingPass(
            configuration: test.configuration, batch: test.batch, rows: test.rows, columns: test.columns, threads: 1)
        var network = pass.network
        var gradient = [Float](repeating: 0, count: network.parameters.count)
        for _ in 0..<2 {
            _ = again.forward(&network, input: pass.input, statistics: .running)
            again.backward(network, dNoise: pass.dNoise, into: &gradient)
        }
        #expect(gradient == pass.gradient.map { 2 * $0 })
    }
}
