internal import CTSupport

/// A reconstruction kernel: the weight of each spatial frequency, on top of the ramp of filtered back-projection.
///
/// White noise in the views becomes noise whose power spectrum is frequency times the square of the weight.
public enum ReconstructionKernel: Hashable, Sendable {
    /// The ramp alone, 1 up to the highest frequency of the cells: Ramachandran and Lakshminarayanan 1971, doi
    /// 10.1073/pnas.68.9.2236.
    case ramLak

    /// A Hann window that falls to zero at `cutoff`, in 1/mm.
    case hann(cutoff: Double)

    /// exp(−(f / `width`)²), with f and `width` in 1/mm.
    case gaussian(width: Double)

    /// A soft-tissue kernel, whose noise matches that of a Siemens B30f: its spectrum peaks at 0.2/mm to 0.25/mm.
    public static let soft = ReconstructionKernel.gaussian(width: 0.42)

    /// A kernel for lung and bone, whose noise matches that of a Siemens D45f.
    public static let sharp = ReconstructionKernel.gaussian(width: 1.05)

    /// Returns the weight, 0…1, of a frequency in 1/mm.
    public func weight(_ frequency: Double) -> Double {
        switch self {
        case .ramLak: 1
        case .hann(let cutoff): frequency < cutoff ? 0.5 + 0.5 * cosine(.pi * frequency / cutoff) : 0
        case .gaussian(let width): exponential(-(frequency / width) * (frequency / width))
        }
    }
}
