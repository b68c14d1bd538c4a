/// How exactly inference multiplies matrices.
public enum Precision: String, CaseIterable, Sendable {
    /// As 32-bit floats do, or nearly: AMX, which only multiplies bfloat16, takes three products for one, and is off by about
    /// 4e-6 of the sum of magnitudes.
    case single
    /// With factors rounded to bfloat16, that is 8 significant bits, and sums of 32: off by about 2e-3, faster where the CPU
    /// has instructions for it, and no different from ``single`` where it has none.
    case fast

    /// The instruction set that this machine works with, such as "avx512". It is the best of the CPU, or at
    /// most what the environment variable `CTDENOISE_ISA` names.
    public var instructionSet: String { Kernels.current(self).name }

    /// What that multiplies: "single precision", "bf16, three products for one" or "bf16".
    public var arithmetic: String { Kernels.current(self).precision }
}
