import CKernels
@testable import CTTraining
import TestSupport
import Testing

@Suite struct AdamTests {
    /// Expected values from PyTorch 2.15.0:
    /// ```python
    /// p = torch.tensor([1.0, -2.0, 0.5], requires_grad=True); o = torch.optim.Adam([p], lr=0.1)
    /// for g in [[0.3, -0.1, 0.0], [0.2, 0.4, -0.5], [-0.1, 0.3, 0.25]]:
    ///     p.grad = torch.tensor(g); o.step()
    /// print(p.tolist())
    /// ```
    @Test func `three steps move as PyTorch's Adam does`() {
        var parameters: [Float] = [1, -2, 0.5]
        var adam = Adam(count: 3)
        for (step, gradient) in ([[0.3, -0.1, 0.0], [0.2, 0.4, -0.5], [-0.1, 0.3, 0.25]] as [[Float]]).enumerated() {
            _ = adam.move(&parameters, gradient: gradient, step: step, rate: 0.1, clip: .infinity)
        }
        #expect(
            worstError(parameters, [0.7477756142616272, -2.0285134315490723, 0.5972777009010315] as [Float]) < 1e-6)
    }

    @Test func `long gradients are scaled down to the bound, short ones are left alone`() {
        var (clipped, scaled, short): ([Float], [Float], [Float]) = ([0, 0], [0, 0], [0, 0])
        var adams = (Adam(count: 2), Adam(count: 2), Adam(count: 2))
        let norm = adams.0.move(&clipped, gradient: [30, 40], step: 0, rate: 0.1, clip: 1)
        _ = adams.1.move(&scaled, gradient: [0.6, 0.8], step: 0, rate: 0.1, clip: .infinity)
        _ = adams.2.move(&short, gradient: [0.6, 0.8], step: 0, rate: 0.1, clip: 5)
        #expect(norm == 50)
        #expect(worstError(adams.0.first, adams.1.first) < 1e-6)
        #expect(adams.2.first == adams.1.first)
    }

    @Test func `a gradient that is not finite moves nothing`() {
        var parameters: [Float] = [1, 2]
        var adam = Adam(count: 2)
        #expect(!adam.move(&parameters, gradient: [.nan, 1], step: 0, rate: 0.1, clip: 1).isFinite)
        #expect(parameters == [1, 2] && adam == Adam(count: 2))
    }

    @Test(arguments: [ct_isa_amx, ct_isa_avx512, ct_isa_avx2, ct_isa_baseline].filter(ct_isa_is_available))
    func `kernels of every instruction set move parameters and averages as the formula says`(isa: ct_isa) {
        var worst = 0.0
        let step = ct_adam_step(
            scale: 0.5, decay_first: 0.9, decay_second: 0.99, rate: 0.1, root: 1.5, epsilon: 1e-3)
        for count in [1, 2, 3, 7, 8, 15, 16, 17, 31, 64, 97] {
            var generator = TestGenerator(seed: UInt64(count))
            let gradient = generator.floats(count, in: -1...1)
            var adam = Adam(count: count)
            (adam.first, adam.second) = (generator.floats(count, in: -1...1), generator.floats(count, in: 0...1))
            var parameters = generator.floats(count, in: -1...1)
            var expected: [[Double]] = [[], [], []]
            for index in 0..<count {
                let slope = 0.5 * Double(gradient[index])
                let mean = 0.9 * Double(adam.first[index]) + 0.1 * slope
                let square = 0.99 * Double(adam.second[index]) + 0.01 * slope * slope
                expected[0].append(mean)
                expected[1].append(square)
                expected[2].append(Double(parameters[index]) - 0.1 * mean / (square.squareRoot() * 1.5 + 1e-3))
            }
            unsafe adam.apply(step, to: &parameters, gradient: gradient, kernels: ct_kernels_for(isa, false))
            for (found, expected) in zip([adam.first, adam.second, parameters], expected) {
                worst = max(worst, worstError(found, expected))
            }
        }
        #expect(worst < 1e-6)
    }
}
