internal import CTNetwork
internal import CTSupport

/// Adam (Kingma & Ba 2015, doi 10.48550/arXiv.1412.6980), with a bound on the global norm of the gradient
/// (Pascanu et al. 2013, doi 10.48550/arXiv.1211.5063).
struct Adam: Hashable, Sendable {
    /// Moving average of the gradient.
    var first: [Float]
    /// Moving average of its square.
    var second: [Float]

    static let decays: (first: Double, second: Double) = (0.9, 0.999)
    static let epsilon: Float = 1e-8

    init(count: Int) {
        first = [Float](repeating: 0, count: count)
        second = first
    }

    /// Moves `parameters` against `gradient`.
    ///
    /// - Parameters:
    ///   - step: Counted from 0.
    ///   - rate: Step size.
    ///   - clip: The largest norm of the gradient.
    /// - Returns: The norm of the gradient before clipping. If it is not finite, nothing moved.
    mutating func move(
        _ parameters: inout [Float], gradient: [Float], step: Int, rate: Double, clip: Double
    ) -> Double {
        let norm = Self.norm(gradient)
        guard norm.isFinite else { return norm }
        let scale = Float(min(1, clip / max(norm, .leastNormalMagnitude)))
        let correction1 = 1 - power(Self.decays.first, Double(step + 1))
        let correction2 = 1 - power(Self.decays.second, Double(step + 1))
        let numbers = AdamStep(
            scale: scale, decayFirst: Float(Self.decays.first), decaySecond: Float(Self.decays.second),
            rate: Float(rate / correction1), root: Float(1 / correction2.squareRoot()), epsilon: Self.epsilon)
        numbers.move(&parameters, gradient: gradient, first: &first, second: &second)
        return norm
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
