/// The precision of matrix products in inference.
public enum Precision: String, CaseIterable, Sendable {
    /// 32-bit floats, or nearly so: AMX, which only multiplies bfloat16, uses three products in place of one, with an
    /// error of about 4e-6 of the sum of magnitudes.
    case single
    /// Factors rounded to bfloat16, with 8 significant bits, and 32-bit sums, with an error of about 2e-3. Faster on
    /// CPUs with instructions for it, and the same as ``single`` on others.
    case fast

    /// The instruction set in use, such as "avx512": the best that the CPU has, limited by the environment variable
    /// `CTDENOISE_ISA`.
    public var instructionSet: String { Kernels.current(self).name }

    /// The arithmetic of matrix products: "single precision", "bf16, three products for one" or "bf16".
    public var arithmetic: String { Kernels.current(self).precision }
}
