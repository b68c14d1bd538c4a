import TestSupport
import Testing

@testable import CTNetwork

/// Outputs, gradients and moved statistics against PyTorch: `python Fixtures/make_golden.py` made the fixtures.
@Suite struct GoldenTests {
    struct Golden {
        let network: Network
        let batch: Int
        let rows: Int
        let columns: Int
        private let tensors: [String: Safetensors.Tensor]

        init(_ name: String) throws {
            let path = fixture("golden-\(name).safetensors")
            let file = try Safetensors(contentsOf: path)
            tensors = Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0) })
            let extras = ["input", "weights", "output.", "gradient.", "updated."]
            let own = file.tensors.filter { tensor in !extras.contains { tensor.name.hasPrefix($0) } }
            network = try Network(Safetensors(metadata: file.metadata, tensors: own), file: path)
            let shape = try #require(tensors["input"]).shape
            (batch, rows, columns) = (shape[0], shape[1], shape[2])
        }

        func has(_ name: String) -> Bool { tensors[name] != nil }

        func values(_ name: String) throws -> [Float] { try #require(tensors[name], "\(name)").values }
    }

    static let names = ["full", "plain", "coarse", "one-way"]

    @Test(arguments: names.flatMap { [($0, StatisticsMode.batch), ($0, .running)] }, Kernels.forTraining)
    func `Outputs, gradients and moved statistics equal PyTorch's`(
        test: (name: String, mode: StatisticsMode), kernels: Kernels
    ) throws {
        let (name, mode) = test
        let golden = try Golden(name)
        let most = 1e-5 * kernels.allowance
        let suffix = mode == .batch ? "batch" : "running"
        guard golden.has("output.\(suffix)") else { return }  // without normalization the two are one
        var network = golden.network
        let pass = TrainingPass(
            configuration: network.configuration, batch: golden.batch, rows: golden.rows, columns: golden.columns,
            threads: 2, kernels: kernels)

        let noise = pass.forward(&network, input: try golden.values("input"), statistics: mode)
        #expect(worstError(noise, try golden.values("output.\(suffix)")) < most)

        for entry in network.layout.statistics {
            let expected = try golden.values((mode == .batch ? "updated." : "") + entry.name)
            let error = worstError(Array(network.statistics[entry.range]), expected)
            #expect(error < most, "\(entry.name)")
        }

        var gradient = [Float](repeating: 0, count: network.parameters.count)
        pass.backward(network, dNoise: try golden.values("weights"), into: &gradient)
        for entry in network.layout.parameters {
            let error = worstError(
                Array(gradient[entry.range]), try golden.values("gradient.\(suffix).\(entry.name)"))
            #expect(error < most, "\(entry.name)")
        }
    }

    @Test(arguments: names, Kernels.forTraining)
    func `Inference equals PyTorch's output with running statistics`(name: String, kernels: Kernels) throws {
        let golden = try Golden(name)
        let inference = InferenceNetwork(golden.network, kernels: kernels)
        let (input, size) = (try golden.values("input"), golden.rows * golden.columns)
        let noise = (0..<golden.batch).flatMap { image in
            inference.noise(
                in: Array(input[image * size..<(image + 1) * size]), rows: golden.rows, columns: golden.columns,
                threads: 2)
        }
        #expect(worstError(noise, try golden.values("output.running")) < 1e-5 * kernels.allowance)
    }
}
