import TestSupport
import Testing

@testable import CTNetwork

/// What inference and training promise beside the right numbers.
@Suite struct NetworkTests {
    struct Size: CustomTestStringConvertible {
        let rows: Int
        let columns: Int
        var testDescription: String { "\(rows)×\(columns)" }
    }

    /// A token; a row and a column of tokens; more than one block of sequences each way; more than one chunk.
    static let sizes = [
        Size(rows: 2, columns: 2), Size(rows: 2, columns: 14), Size(rows: 18, columns: 2), Size(rows: 6, columns: 106),
        Size(rows: 100, columns: 12),
    ]

    static let configuration = NetworkConfiguration(patch: 2, window: 6, channels: 9, hidden: 5, blocks: 2, mixing: 3)

    static func image(_ size: Size, batch: Int = 1) -> [Float] {
        var generator = TestGenerator(seed: 5)
        return generator.floats(batch * size.rows * size.columns, in: -2...2)
    }

    @Test(arguments: sizes)
    func `Inference equals the training pass with running statistics`(size: Size) {
        var network = randomNetwork(Self.configuration)
        let image = Self.image(size)
        let pass = TrainingPass(
            configuration: Self.configuration, batch: 1, rows: size.rows, columns: size.columns, threads: 1)
        let trained = pass.forward(&network, input: image, statistics: .running)
        let inferred = InferenceNetwork(network).noise(in: image, rows: size.rows, columns: size.columns, threads: 1)
        #expect(worstError(inferred, trained) < 1e-5 * Kernels.current(.single).allowance)
    }

    @Test(arguments: sizes)
    func `Inference is the same with any number of threads, bit by bit`(size: Size) {
        let inference = InferenceNetwork(randomNetwork(Self.configuration))
        let image = Self.image(size)
        let noise = [1, 2, 3].map {
            inference.noise(in: image, rows: size.rows, columns: size.columns, threads: $0)
        }
        #expect(noise[0] == noise[1] && noise[0] == noise[2])
        #expect(noise[0].contains { $0 != 0 })
    }

    @Test func `Sizes in turn and at once do not disturb each other`() async {
        let inference = InferenceNetwork(randomNetwork(Self.configuration))
        let alone = Self.sizes.map { size in
            InferenceNetwork(randomNetwork(Self.configuration))
                .noise(in: Self.image(size), rows: size.rows, columns: size.columns, threads: 1)
        }
        let turns = (0..<2 * Self.sizes.count).map { Self.sizes[$0 % Self.sizes.count] }
        let inTurn = turns.map { size in
            inference.noise(in: Self.image(size), rows: size.rows, columns: size.columns, threads: 2)
        }
        #expect(inTurn == alone + alone)
        let atOnce = await withTaskGroup { group in
            for (index, size) in turns.enumerated() {
                group.addTask {
                    let image = Self.image(size)
                    return (index, inference.noise(in: image, rows: size.rows, columns: size.columns, threads: 2))
                }
            }
            return await group.reduce(into: [[Float]](repeating: [], count: turns.count)) { $0[$1.0] = $1.1 }
        }
        #expect(atOnce == alone + alone)
    }

    @Test(arguments: sizes)
    func `Training is the same with any number of threads, bit by bit`(size: Size) {
        let image = Self.image(size, batch: 2)
        let results = [1, 2, 3].map { threads in
            var network = randomNetwork(Self.configuration)
            let pass = TrainingPass(
                configuration: Self.configuration, batch: 2, rows: size.rows, columns: size.columns, threads: threads)
            let noise = pass.forward(&network, input: image, statistics: .batch)
            var gradient = [Float](repeating: 0, count: network.parameters.count)
            pass.backward(network, dNoise: noise, into: &gradient)
            return [noise, network.statistics, gradient]
        }
        #expect(results[0] == results[1] && results[0] == results[2])
    }

    @Test(arguments: sizes)
    func `A constant image, which has no variance, stays finite`(size: Size) {
        var network = randomNetwork(Self.configuration)
        let image = [Float](repeating: 1.5, count: size.rows * size.columns)
        let pass = TrainingPass(
            configuration: Self.configuration, batch: 1, rows: size.rows, columns: size.columns, threads: 1)
        let noise = pass.forward(&network, input: image, statistics: .batch)
        var gradient = [Float](repeating: 0, count: network.parameters.count)
        pass.backward(network, dNoise: noise, into: &gradient)
        let inferred = InferenceNetwork(network).noise(in: image, rows: size.rows, columns: size.columns, threads: 1)
        let finite = (noise + gradient + network.statistics + inferred).allSatisfy { $0.isFinite }
        #expect(finite)
    }

    @Test func `A pass may be used for batch after batch`() {
        let size = Size(rows: 6, columns: 8)
        let (first, second) = (Self.image(size), [Float](repeating: 0.5, count: 48))
        func pass() -> TrainingPass {
            TrainingPass(configuration: Self.configuration, batch: 1, rows: 6, columns: 8, threads: 1)
        }
        func gradient(_ pass: TrainingPass, _ image: [Float]) -> [Float] {
            var network = randomNetwork(Self.configuration)
            var gradient = [Float](repeating: 0, count: network.parameters.count)
            pass.backward(
                network, dNoise: pass.forward(&network, input: image, statistics: .batch), into: &gradient)
            return gradient
        }
        let used = pass()
        _ = gradient(used, second)
        #expect(gradient(used, first) == gradient(pass(), first))
    }

    @Test func `A new network is the identity: it sees no noise`() {
        var generator = TestGenerator(seed: 1)
        let network = Network(configuration: Self.configuration, using: &generator)
        let size = Size(rows: 6, columns: 4)
        let noise = InferenceNetwork(network).noise(in: Self.image(size), rows: 6, columns: 4, threads: 1)
        #expect(noise.allSatisfy { $0 == 0 })
    }

    @Test func `The generator decides the numbers of a new network`() {
        func network(_ seed: UInt64) -> Network {
            var generator = TestGenerator(seed: seed)
            return Network(configuration: Self.configuration, using: &generator)
        }
        #expect(network(1) == network(1))
        #expect(network(1) != network(2))
    }

    @Test func `Tensors follow each other without gaps, under different names`() {
        let layout = ParameterLayout(Self.configuration)
        for (entries, count) in [
            (layout.parameters, layout.parameterCount), (layout.statistics, layout.statisticCount),
        ] {
            #expect(entries.map(\.range.lowerBound) == [0] + entries.dropLast().map(\.range.upperBound))
            #expect(entries.last?.range.upperBound == count)
            #expect(entries.allSatisfy { $0.shape.reduce(1, *) == $0.range.count })
        }
        let names = (layout.parameters + layout.statistics).map(\.name)
        #expect(Set(names).count == names.count)
    }

    @Test(arguments: [
        NetworkConfiguration(patch: 3), NetworkConfiguration(patch: 2, window: 5),
        NetworkConfiguration(patch: 4, window: 2), NetworkConfiguration(window: 34), NetworkConfiguration(channels: 0),
        NetworkConfiguration(channels: 1025), NetworkConfiguration(hidden: 0), NetworkConfiguration(blocks: 0),
        NetworkConfiguration(blocks: 65), NetworkConfiguration(mixing: 4), NetworkConfiguration(mixing: -1),
        NetworkConfiguration(momentum: 0), NetworkConfiguration(momentum: .nan), NetworkConfiguration(center: .nan),
        NetworkConfiguration(spread: 0), NetworkConfiguration(spread: .infinity),
    ])
    func `Impossible shapes are named`(configuration: NetworkConfiguration) {
        #expect(configuration.defect != nil)
        #expect(NetworkConfiguration().defect == nil)
    }
}
