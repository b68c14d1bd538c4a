// One copy of the network's kernels per instruction set.
#include "network_kernels.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#pragma clang fp contract(fast)  // a·b + c may become one rounded operation where the CPU has it

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

// σ(x) needs e⁻ˣ and tanh x needs e⁻²ˣ, as powers of two, so the cell takes the pre-activations of the gates i, f, g, o
// times these rates. Packed weights and biases include them; in bf16, which has no digits to spare, only the biases do.
static const float tanh_rate = -2.88539008f;
static const float gate_rates[4] = {-1.44269504f, -1.44269504f, tanh_rate, -1.44269504f};

// Kernels shared by all arithmetics; NAME(x) is the symbol for x.
#define FLOAT_KERNELS                      \
    .lstm_backward = NAME(lstm_backward),  \
    .add = NAME(add),                      \
    .copy_rows = NAME(copy_rows),          \
    .subtract_row = NAME(subtract_row),    \
    .column_sums = NAME(column_sums),      \
    .row_dots = NAME(row_dots),            \
    .adam = NAME(adam),                    \
    .mix_rows = NAME(mix_rows),            \
    .mix_weights = NAME(mix_weights)

#if defined(__x86_64__)

/// 2^(j/32) for j in 0..<32.
static const float powers_of_two[32] __attribute__((aligned(64))) = {
    1.00000000f, 1.02189720f, 1.04427373f, 1.06714046f, 1.09050775f, 1.11438680f, 1.13878858f, 1.16372490f,
    1.18920708f, 1.21524739f, 1.24185777f, 1.26905096f, 1.29683959f, 1.32523668f, 1.35425556f, 1.38390994f,
    1.41421354f, 1.44518077f, 1.47682619f, 1.50916445f, 1.54221082f, 1.57598090f, 1.61049032f, 1.64575553f,
    1.68179286f, 1.71861935f, 1.75625217f, 1.79470909f, 1.83400810f, 1.87416768f, 1.91520655f, 1.95714414f};

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), apply_to = function)
#define NAME(x) avx512_##x
#define ISA_NAME "avx512"
#define VL 16
#define MR 6
#include "isa.inc.h"
#pragma clang attribute pop

// Every CPU with the bf16 instructions of AMX also has those of AVX-512.
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,avx512bf16,amx-tile,amx-bf16"))), \
    apply_to = function)
#include "bf16.inc.h"
#include "amx.inc.h"
#include "bf16_tables.inc.h"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define NAME(x) avx2_##x
#define ISA_NAME "avx2"
#define VL 8
#define MR 3
#include "isa.inc.h"
#pragma clang attribute pop

#define BASELINE_MR 2
#else
#define BASELINE_MR 6  // NEON has 32 registers
#endif

#define NAME(x) baseline_##x
#define ISA_NAME "baseline"
#define VL 4
#define MR BASELINE_MR
#include "isa.inc.h"

// MARK: - Selection

const ct_kernels *ct_kernels_for(ct_isa isa, bool fast) {
    switch (isa) {
#if defined(__x86_64__)
        case ct_isa_amx: return fast ? &amx_plain_kernels : &amx_kernels;
        case ct_isa_avx512: return fast && ct_isa_has_avx512_bf16() ? &avx512_plain_kernels : &avx512_kernels;
        case ct_isa_avx2: return &avx2_kernels;
#endif
        default: (void)fast; return &baseline_kernels;
    }
}
