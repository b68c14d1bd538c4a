internal import CTSupport

/// The mean over crops of `log(MSE + tolerance²)`.
///
/// Up to scale it is the negative mean PSNR: a crop with little noise counts as much as one with strong noise, whereas
/// a plain mean squared error would be dominated by the worst. The tolerance keeps crops that are already restored from
/// dominating the step.
struct LogMeanSquaredError {
    /// The error size, in the units of the values, below which errors hardly count.
    let tolerance: Float

    /// Returns the loss of a batch and its gradient with respect to `estimate`.
    ///
    /// - Parameters:
    ///   - estimate: (crops, pixels)
    ///   - target: (crops, pixels)
    ///   - isCounted: (crops, pixels), the pixels whose errors count; all if `nil`. A crop without any has no loss.
    func callAsFunction(
        _ estimate: [Float], target: [Float], isCounted: [Bool]? = nil, crops: Int
    ) -> (loss: Double, derivative: [Float]) {
        precondition(estimate.count == target.count && crops > 0 && estimate.count % crops == 0)
        precondition(isCounted.map { $0.count == estimate.count } ?? true)
        let pixels = estimate.count / crops
        var derivative = [Float](repeating: 0, count: estimate.count)
        var loss = 0.0
        for crop in 0..<crops {
            let range = crop * pixels..<(crop + 1) * pixels
            for index in range { derivative[index] = estimate[index] - target[index] }
            var count = pixels
            if let isCounted {
                for index in range where !isCounted[index] {
                    derivative[index] = 0
                    count -= 1
                }
                if count == 0 { continue }
            }
            var sum: Float = 0
            for index in range { sum += derivative[index] * derivative[index] }
            let squared = sum / Float(count) + tolerance * tolerance
            loss += logarithm(Double(squared)) / Double(crops)
            let scale = 2 / (squared * Float(crops * count))
            for index in range { derivative[index] *= scale }
        }
        return (loss, derivative)
    }
}
