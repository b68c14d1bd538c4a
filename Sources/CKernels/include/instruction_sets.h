// Which instruction set the kernels run with: one rule for those of the network, of noise and of metrics.
//
// It is the best that the CPU and the system grant, but none above the one that the environment variable CTDENOISE_ISA
// names. A family of kernels that has nothing for a set takes the next lower one: only the network has kernels for AMX. A
// name that is unknown, or of a set that this CPU lacks, sets no limit here; a program should refuse it with
// ct_isa_is_granted(), since other kernels would be measured in the place of those that were asked for.
#pragma once
#include <stdbool.h>

/// Instruction sets, the least first.
typedef enum ct_isa {
    ct_isa_baseline,
    ct_isa_avx2,
    ct_isa_avx512,
    ct_isa_amx,
} ct_isa;

/// How many there are.
#define CT_ISA_COUNT 4

/// Its name, as CTDENOISE_ISA has it: "baseline", "avx2", "avx512" or "amx".
const char *_Nonnull ct_isa_name(ct_isa isa);

/// Whether this CPU and its system have it. To ask for AMX is to be granted it, for good, which makes signal stacks larger.
bool ct_isa_is_available(ct_isa isa);

/// Whether CTDENOISE_ISA is not set, or names a set that is available.
bool ct_isa_is_granted(void);

/// The best available set up to `most` and up to the one that CTDENOISE_ISA names.
ct_isa ct_isa_best(ct_isa most);

/// Whether AVX-512 has instructions for bfloat16 here.
bool ct_isa_has_avx512_bf16(void);
