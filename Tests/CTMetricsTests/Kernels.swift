import CKernels

/// The kernels of one instruction set.
@safe
struct Kernels: @unchecked Sendable {
    let kernels: ct_metric_kernels

    /// Those of all that the CPU has.
    static let available: [Kernels] =
        [ct_isa_avx512, ct_isa_avx2, ct_isa_baseline].filter(ct_isa_is_available).map { isa in
            unsafe Kernels(kernels: ct_metric_kernels_for(isa).pointee)
        }

    /// What all of them give for a pair of images.
    func values(_ reference: [Double], _ test: [Double], width: Int) -> [Double] {
        let height = reference.count / width
        let weights = [0.2, 0.15, 0.1, 0.08, 0.05, 0.02]
        var scratch = [Double](repeating: 0, count: ct_metric_scratch(width, 5))
        var result = [Double](repeating: 0, count: reference.count)
        var values: [Double] = []
        unsafe reference.withUnsafeBufferPointer { reference in
            unsafe test.withUnsafeBufferPointer { test in
                unsafe weights.withUnsafeBufferPointer { weights in
                    var pair = unsafe ct_image_pair(
                        reference: reference.baseAddress!, test: test.baseAddress!, mask: nil, rows: height,
                        columns: width)
                    var window = unsafe ct_sliding_window(weights: weights.baseAddress!, half: 5)
                    let similarity = unsafe kernels.similarity(&pair, &window, 100, 900, 1, &scratch)
                    let information = unsafe kernels.information(&pair, &window, 2, 1e-8, &scratch)
                    let gradients = unsafe kernels.gradients(&pair, 170, &scratch)
                    values += [similarity.similarity, similarity.contrast, information.kept, information.whole]
                    values += [gradients.similarity, gradients.squares]
                    unsafe kernels.decimate(reference.baseAddress!, height, width, &window, &scratch, &result)
                    values += result
                    unsafe kernels.halve(reference.baseAddress!, height, width, &result)
                    values += result
                }
            }
        }
        return values
    }

    /// Returns sums of similarity and information over a window and a mask, and whether nothing was written beyond the
    /// scratch memory.
    func sums(
        _ reference: [Double], _ test: [Double], mask: [Double], width: Int, weights: [Double]
    ) -> (values: [Double], isWithin: Bool) {
        let size = ct_metric_scratch(width, weights.count - 1)
        var scratch = [Double](repeating: 0, count: size + 64)
        for index in size..<size + 64 { scratch[index] = 7.25 }
        var values: [Double] = []
        unsafe reference.withUnsafeBufferPointer { reference in
            unsafe test.withUnsafeBufferPointer { test in
                unsafe mask.withUnsafeBufferPointer { mask in
                    unsafe weights.withUnsafeBufferPointer { weights in
                        var pair = unsafe ct_image_pair(
                            reference: reference.baseAddress!, test: test.baseAddress!, mask: mask.baseAddress!,
                            rows: reference.count / width, columns: width)
                        var window = unsafe ct_sliding_window(weights: weights.baseAddress!, half: weights.count - 1)
                        let similarity = unsafe kernels.similarity(&pair, &window, 100, 900, 1, &scratch)
                        let information = unsafe kernels.information(&pair, &window, 2, 1e-8, &scratch)
                        _ = unsafe kernels.gradients(&pair, 170, &scratch)
                        values = [similarity.similarity, similarity.contrast, similarity.places]
                        values += [information.kept, information.whole, information.places]
                    }
                }
            }
        }
        return (values, scratch[size...].allSatisfy { $0 == 7.25 })
    }
}
