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
        let norm = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard norm.isFinite else { return norm }
        let scale = Float(min(1, clip / max(norm, .leastNormalMagnitude)))
        let (beta1, beta2) = (Float(Self.decays.first), Float(Self.decays.second))
        let correction1 = 1 - power(Self.decays.first, Double(step + 1))
        let correction2 = 1 - power(Self.decays.second, Double(step + 1))
        let rate = Float(rate / correction1)
        let root = Float(1 / correction2.squareRoot())
        for index in parameters.indices {
            let slope = gradient[index] * scale
            first[index] = beta1 * first[index] + (1 - beta1) * slope
            second[index] = beta2 * second[index] + (1 - beta2) * slope * slope
            parameters[index] -= rate * first[index] / (second[index].squareRoot() * root + Self.epsilon)
        }
        return norm
    }

}
