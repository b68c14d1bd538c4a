/// How exactly inference multiplies matrices.
public enum Precision: String, CaseIterable, Sendable {
    /// As exactly as 32-bit floats do.
    case single
    /// With factors rounded to bfloat16, that is 8 significant bits, and sums of 32: faster where the CPU has
    /// instructions for it, and no different from ``single`` where it has none.
    case fast

    /// What this machine works with: an instruction set, and in which numbers it multiplies, such as "avx512, single" or
    /// "amx, bf16 in three products". It is the best of the CPU, or what the environment variable `CTDENOISE_ISA` names;
    /// the process ends with a message if the CPU has none of that name.
    public var instructionSet: String {
        let kernels = Kernels.current(self)
        return "\(kernels.name), \(kernels.precision)"
    }
}
