import Dispatch
import TestSupport
import Testing

@testable import CTNetwork

/// Kernels that multiply in bfloat16, AMX in software if need be: how much of the accuracy is left, on the whole.
@Suite struct ArithmeticTests {
    /// Blocks of 48 and fewer sequences, full and partial tiles and vectors, more than one chunk of tokens, and
    /// different bands of columns with one thread and with two.
    static let configuration = NetworkConfiguration(patch: 1, window: 3, channels: 20, hidden: 17, blocks: 1, mixing: 3)
    static let (rows, columns) = (53, 40)

    static let (network, image): (Network, [Float]) = {
        var generator = TestGenerator(seed: 5)
        return (randomNetwork(configuration), generator.floats(rows * columns, in: -2...2))
    }()

    /// The reference's noise with running statistics.
    static let noise: [Double] = {
        var reference = ReferenceNetwork(network)
        return reference.noise(
            in: image.map(Double.init), batch: 1, rows: rows, columns: columns, statistics: .running)
    }()

    @Test(arguments: Kernels.tested)
    func `Inference equals the reference's as far as the arithmetic allows`(kernels: Kernels) {
        let inference = InferenceNetwork(Self.network, kernels: kernels)
        let noise = inference.noise(in: Self.image, rows: Self.rows, columns: Self.columns, threads: 2)
        let bound =
            switch kernels.precision {
            case "single precision": 5e-6
            case "bf16": 2e-2
            default: 1e-4
            }
        #expect(worstError(noise, Self.noise) < bound)
        #expect(noise == inference.noise(in: Self.image, rows: Self.rows, columns: Self.columns, threads: 1))
    }

    /// Of each variant that training may use, the gradient beside that of the last, which has nothing but floats.
    @Test(arguments: Kernels.tested.filter { $0.precision != "bf16" && $0.name != "baseline" })
    func `Gradients equal those in single precision to 1e-4, for any number of threads`(kernels: Kernels) throws {
        func gradient(_ kernels: Kernels, threads: Int) -> [Float] {
            let pass = TrainingPass(
                configuration: Self.configuration, batch: 2, rows: Self.rows, columns: 20, threads: threads,
                kernels: kernels)
            var network = Self.network
            let noise = pass.forward(&network, input: Self.image, statistics: .batch)
            var gradient = [Float](repeating: 0, count: network.parameters.count)
            pass.backward(network, dNoise: noise, into: &gradient)
            return gradient
        }
        let plain = try gradient(#require(Kernels.available().last), threads: 2)
        let own = gradient(kernels, threads: 2)
        #expect(own == gradient(kernels, threads: 1))
        for entry in Self.network.layout.parameters {
            #expect(worstError(Array(own[entry.range]), plain[entry.range].map(Double.init)) < 1e-4, "\(entry.name)")
        }
    }

    // `tested` asks the system for AMX, without which no thread may use it.
    @Test(.enabled(if: Kernels.tested.contains { $0.name == "amx" }))
    func `AMX works on any thread, prepared or not`() throws {
        for fast in [false, true] {
            let kernels = try #require(Kernels.amx(fast: fast))
            let (m, n, k) = (20, 35, 40)
            let arena = KernelTests.Arena()
            defer { extendLifetime(arena) }
            let (a, b) = (arena.random(m * k), arena.random(k * n))
            let packed = arena.random(kernels.packedSize(k, n))
            kernels.pack(k, n, b, row: n, column: 1, into: packed)
            let products = (0..<8).map { _ in arena.random(m * n) }
            DispatchQueue.concurrentPerform(iterations: products.count / 4) { thread in
                func multiply(into number: Int) {
                    kernels.gemm(m, n, k, a: a, lda: k, packed: packed, into: products[4 * thread + number], ldc: n)
                }
                multiply(into: 0)
                kernels.work {
                    multiply(into: 1)
                    multiply(into: 2)
                }
                multiply(into: 3)
            }
            #expect(products.allSatisfy { $0.array == products[0].array })
        }
    }
}
