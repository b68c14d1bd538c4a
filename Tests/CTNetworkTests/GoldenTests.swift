import CTNetwork
import TestSupport
import Testing

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

    @Test(arguments: ["full", "plain", "coarse", "one-way"], [StatisticsMode.batch, .running])
    func `Outputs, gradients and moved statistics equal PyTorch's`(name: String, mode: StatisticsMode) throws {
        let golden = try Golden(name)
        let suffix = mode == .batch ? "batch" : "running"
        guard golden.has("output.\(suffix)") else { return }  // without normalization the two are one
        var network = golden.network
        let pass = TrainingPass(
            configuration: network.configuration, batch: golden.batch, rows: golden.rows, columns: golden.columns,
            threads: 2)

        let noise = pass.forward(&network, input: try golden.values("input"), statistics: mode)
        #expect(worstError(noise, try golden.values("output.\(suffix)")) < 1e-5)

        for entry in network.layout.statistics {
            let expected = try golden.values((mode == .batch ? "updated." : "") + entry.name)
            let error = worstError(Array(network.statistics[entry.range]), expected)
            #expect(error < 1e-5, "\(entry.name)")
        }

        var gradient = [Float](repeating: 0, count: network.parameters.count)
        pass.backward(network, dNoise: try golden.values("weights"), into: &gradient)
        for entry in network.layout.parameters {
            let error = worstError(
                Array(gradient[entry.range]), try golden.values("gradient.\(suffix).\(entry.name)"))
            #expect(error < 1e-5, "\(entry.name)")
        }
    }

    @Test(arguments: ["full", "plain", "coarse", "one-way"])
    func `Inference equals PyTorch's output with running statistics`(name: String) throws {
        let golden = try Golden(name)
        let inference = InferenceNetwork(golden.network)
        let (input, size) = (try golden.values("input"), golden.rows * golden.columns)
        let noise = (0..<golden.batch).flatMap { image in
            inference.noise(
                in: Array(input[image * size..<(image + 1) * size]), rows: golden.rows, columns: golden.columns,
                threads: 2)
        }
        #expect(worstError(noise, try golden.values("output.running")) < 1e-5)
    }
}
