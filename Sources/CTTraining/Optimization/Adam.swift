internal import CKernels
internal import CTSupport

/// The state of Adam (Kingma & Ba 2015, doi 10.48550/arXiv.1412.6980), with the global norm of the gradient clipped
/// (Pascanu et al. 2013, doi 10.48550/arXiv.1211.5063).
struct Adam: Equatable, Sendable {
    /// The moving average of the gradient.
    var first: [Float]
    /// The moving average of its square.
    var second: [Float]

    static let decays: (first: Double, second: Double) = (0.9, 0.999)
    static let epsilon: Float = 1e-8

    /// Creates the state before the first step, for `count` parameters.
    init(count: Int) {
        first = [Float](repeating: 0, count: count)
        second = first
    }

    /// Moves `parameters` against `gradient`.
    ///
    /// - Parameters:
    ///   - parameters: The parameters, as many as this state is for.
    ///   - gradient: The gradient of the loss with respect to each of them.
    ///   - step: The number of steps before this one.
    ///   - rate: The step size.
    ///   - clip: The largest norm of the gradient; a longer one is scaled down to it.
    /// - Returns: The norm of the gradient before clipping. If it is not finite, nothing moved.
    mutating func move(
        _ parameters: inout [Float], gradient: [Float], step: Int, rate: Double, clip: Double
    ) -> Double {
        let norm = Self.norm(gradient)
        guard norm.isFinite else { return norm }
        let correction1 = 1 - power(Self.decays.first, Double(step + 1))
        let correction2 = 1 - power(Self.decays.second, Double(step + 1))
        let numbers = ct_adam_step(
            scale: Float(min(1, clip / max(norm, .leastNormalMagnitude))), decay_first: Float(Self.decays.first),
            decay_second: Float(Self.decays.second), rate: Float(rate / correction1),
            root: Float(1 / correction2.squareRoot()), epsilon: Self.epsilon)
        unsafe apply(numbers, to: &parameters, gradient: gradient, kernels: ct_kernels_current(false))
        return norm
    }

    /// Runs the vector kernel of one instruction set.
    ///
    /// - Precondition: All arrays have one size.
    mutating func apply(
        _ numbers: ct_adam_step, to parameters: inout [Float], gradient: [Float], kernels: UnsafePointer<ct_kernels>
    ) {
        let count = parameters.count
        precondition(gradient.count == count && first.count == count && second.count == count)
        // Where the gradient is zero, the averages decay into the denormals.
        let mode = ct_denormals_flush()
        defer { ct_denormals_restore(mode) }
        var numbers = numbers
        unsafe kernels.pointee.adam(count, &numbers, gradient, &first, &second, &parameters)
    }

    /// The Euclidean norm, summed in four lanes.
    private static func norm(_ values: [Float]) -> Double {
        var squares = SIMD4<Double>.zero
        let whole = values.count / 4 * 4
        for index in stride(from: 0, to: whole, by: 4) {
            let four = SIMD4(values[index], values[index + 1], values[index + 2], values[index + 3])
            let exact = SIMD4<Double>(four)
            squares += exact * exact
        }
        for value in values[whole...] { squares.x += Double(value) * Double(value) }
        return squares.sum().squareRoot()
    }
}
