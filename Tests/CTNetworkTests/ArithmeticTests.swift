import AMXEmulator
import TestSupport
import Testing

@testable import CTNetwork

/// Kernels that multiply in bfloat16, AMX in software if need be: how much of the accuracy is left, on the whole.
@Suite struct ArithmeticTests {
    /// Blocks of 53 and 12 sequences, tiles that are not full, more than one chunk of tokens.
    static let configuration = NetworkConfiguration(patch: 1, window: 3, channels: 20, hidden: 9, blocks: 1, mixing: 3)
    static let (rows, columns) = (53, 12)

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
            case "single": 5e-6
            case "bf16": 2e-2
            default: 1e-4
            }
        #expect(worstError(noise, Self.noise) < bound)
        #expect(noise == inference.noise(in: Self.image, rows: Self.rows, columns: Self.columns, threads: 1))
    }

    /// Of each variant that training may use, the gradient beside that of the last, which has nothing but floats.
    @Test(arguments: Kernels.tested.filter { $0.precision != "bf16" })
    func `Gradients equal those in single precision to 1e-4`(kernels: Kernels) throws {
        func gradient(_ kernels: Kernels) -> [Float] {
            let pass = TrainingPass(
                configuration: Self.configuration, batch: 2, rows: Self.rows, columns: 6, threads: 2, kernels: kernels)
            var network = Self.network
            let noise = pass.forward(&network, input: Self.image, statistics: .batch)
            var gradient = [Float](repeating: 0, count: network.parameters.count)
            pass.backward(network, dNoise: noise, into: &gradient)
            return gradient
        }
        let plain = try gradient(#require(Kernels.available().last))
        let own = gradient(kernels)
        for entry in Self.network.layout.parameters {
            #expect(worstError(Array(own[entry.range]), plain[entry.range].map(Double.init)) < 1e-4, "\(entry.name)")
        }
    }

    @Test(.enabled(if: amx_emulator_install()))
    func `AMX works on any thread, prepared or not`() throws {
        for fast in [false, true] {
            let kernels = try #require(Kernels.amx(fast: fast))
            let (m, n, k) = (20, 35, 40)
            let arena = KernelTests.Arena()
            defer { extendLifetime(arena) }
            let (a, b) = (arena.random(m * k), arena.random(k * n))
            let packed = arena.random(kernels.packedSize(k, n))
            kernels.pack(k, n, b, row: n, column: 1, into: packed)
            let products = (0..<3).map { _ in arena.random(m * n) }
            func multiply(into c: Floats) {
                kernels.gemm(m, n, k, a: a, lda: k, packed: packed, into: c, ldc: n)
            }
            multiply(into: products[0])
            kernels.work { multiply(into: products[1]) }
            multiply(into: products[2])
            #expect(products[0].array == products[1].array && products[0].array == products[2].array)
        }
    }
}
