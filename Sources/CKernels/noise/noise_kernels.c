// One copy of the noise kernels per instruction set.
#include "noise_kernels.h"

#include <string.h>

// No fused multiply-add, which would make instruction sets differ in the last bit.
#pragma clang fp contract(off)

#define INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2"))), apply_to = function)
#define NAME(x) avx512_##x
#define ISA_NAME "avx512"
#define VL 8
#include "isa.inc.h"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define NAME(x) avx2_##x
#define ISA_NAME "avx2"
#define VL 4
#include "isa.inc.h"
#pragma clang attribute pop

#endif

#define NAME(x) baseline_##x
#define ISA_NAME "baseline"
#define VL 2
#include "isa.inc.h"

// MARK: - Selection

const ct_noise_kernels *ct_noise_kernels_for(ct_isa isa) {
#if defined(__x86_64__)
    if (isa >= ct_isa_avx512) return &avx512_kernels;
    if (isa == ct_isa_avx2) return &avx2_kernels;
#else
    (void)isa;
#endif
    return &baseline_kernels;
}
