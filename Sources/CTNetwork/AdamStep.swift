/// One step of Adam (Kingma & Ba 2015, doi 10.48550/arXiv.1412.6980) by the vector kernels: its numbers.
package struct AdamStep: Sendable {
    /// The gradient is multiplied by it first.
    package var scale: Float
    /// How much the moving average of the gradient keeps.
    package var decayFirst: Float
    /// How much the moving average of its square keeps.
    package var decaySecond: Float
    /// Step size, bias of the first average corrected.
    package var rate: Float
    /// Factor of the root of the second average: corrects its bias.
    package var root: Float
    /// Added to that root.
    package var epsilon: Float

    /// The numbers of a step.
    package init(
        scale: Float, decayFirst: Float, decaySecond: Float, rate: Float, root: Float, epsilon: Float
    ) {
        self.scale = scale
        self.decayFirst = decayFirst
        self.decaySecond = decaySecond
        self.rate = rate
        self.root = root
        self.epsilon = epsilon
    }

    /// Moves `parameters`, and `first` and `second`, the moving averages of the gradient and its square.
    ///
    /// - Precondition: All arrays are of one size.
    package func move(
        _ parameters: inout [Float], gradient: [Float], first: inout [Float], second: inout [Float]
    ) {
        Kernels.current(.single).adam(
            self, gradient: gradient, first: &first, second: &second, parameters: &parameters)
    }
}
