// One copy of the metrics kernels per instruction set.
#include "metric_kernels.h"

#include <math.h>
#include <string.h>

// Two roundings stay two, or instruction sets would differ in the last bit.
#pragma clang fp contract(off)

// Blocks are wider than some registers; that matters to nobody, since what takes and gives them is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))

/// Windows reach this far: 17×17, that of visual information.
#define MAX_HALF 8

/// Numbers behind each row, for blocks that begin in it and for the window of its last place.
#define ROW_SLACK 64

/// A row's numbers and what is behind them.
INLINE long row_stride(long columns) { return (columns + 31) / 32 * 32 + ROW_SLACK; }

long ct_metric_scratch(long columns, long half) {
    // A ring of rows of five moments, those weighted along columns, and those weighted along the row as well; eight rows are more
    // than gradients need.
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

// MARK: - The choice

const ct_metric_kernels *ct_metric_kernels_for(ct_isa isa) {
#if defined(__x86_64__)
    if (isa >= ct_isa_avx512) return &avx512_kernels;
    if (isa == ct_isa_avx2) return &avx2_kernels;
#else
    (void)isa;
#endif
    return &baseline_kernels;
}
