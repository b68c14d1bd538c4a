// One copy of the metric kernels per instruction set.
#include "metric_kernels.h"

#include <math.h>
#include <string.h>

// No fused multiply-add, which would make instruction sets differ in the last bit.
#pragma clang fp contract(off)

// Blocks are wider than some registers. That does not affect the ABI, since every function that passes them is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))

/// The largest half width of a window: 17×17, that of visual information.
#define MAX_HALF 8

/// Values behind each row, for blocks that start in it and for the window of its last position.
#define ROW_SLACK 64

/// Returns the length of a row including its slack.
INLINE long row_stride(long columns) { return (columns + 31) / 32 * 32 + ROW_SLACK; }

long ct_metric_scratch(long columns, long half) {
    // A ring of rows of five moments, the moments filtered along columns, and those filtered along the row as well;
    // eight rows are more than gradients need.
    return (5 * (2 * half + 3) + 8) * row_stride(columns);
}

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2"))), apply_to = function)
#define NAME(x) avx512_##x
#define ISA_NAME "avx512"
#include "isa.inc.h"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define NAME(x) avx2_##x
#define ISA_NAME "avx2"
#include "isa.inc.h"
#pragma clang attribute pop

#endif

#define NAME(x) baseline_##x
#define ISA_NAME "baseline"
#include "isa.inc.h"

// MARK: - Selection

const ct_metric_kernels *ct_metric_kernels_for(ct_isa isa) {
#if defined(__x86_64__)
    if (isa >= ct_isa_avx512) return &avx512_kernels;
    if (isa == ct_isa_avx2) return &avx2_kernels;
#else
    (void)isa;
#endif
    return &baseline_kernels;
}
