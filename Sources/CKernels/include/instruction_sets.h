// The instruction set of the kernels: one rule for those of the network, of noise and of metrics.
//
// It is the best one that the CPU and the system support, limited by the environment variable CTDENOISE_ISA, which
// names the highest set to use. A family of kernels without a version for a set uses the next lower one; only the
// network has AMX kernels. An unknown name, or that of a set this CPU lacks, is ignored here; a program should reject
// it with ct_isa_is_granted(), so that no other kernels are measured than those asked for.
#pragma once
#include <stdbool.h>

/// Instruction sets, in ascending order.
typedef enum ct_isa {
    ct_isa_baseline,
    ct_isa_avx2,
    ct_isa_avx512,
    ct_isa_amx,
} ct_isa;

/// The number of instruction sets.
#define CT_ISA_COUNT 4

/// Returns the name used by CTDENOISE_ISA: "baseline", "avx2", "avx512" or "amx".
const char *_Nonnull ct_isa_name(ct_isa isa);

/// Returns whether this CPU and its system support a set. Asking for AMX enables it for the rest of the process, which
/// makes signal stacks larger.
bool ct_isa_is_available(ct_isa isa);

/// Returns whether CTDENOISE_ISA is unset or names an available set.
bool ct_isa_is_granted(void);

/// Returns the best available set, up to `most` and up to the one named by CTDENOISE_ISA.
ct_isa ct_isa_best(ct_isa most);

/// Returns whether this CPU has the bfloat16 instructions of AVX-512.
bool ct_isa_has_avx512_bf16(void);
