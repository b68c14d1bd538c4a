// One copy of the kernels per instruction set, and the choice between them.
#include "kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

#pragma clang fp contract(fast)  // a·b + c may become one rounded operation where the CPU has it

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

// σ(x) needs e⁻ˣ and tanh x e⁻²ˣ, as powers of two: pre-activations of the gates i, f, g, o come to the cell times these,
// with packed weights and biases, or in bf16, which has no digits to spare, biases alone, that are so already.
static const float tanh_rate = -2.88539008f;
static const float gate_rates[4] = {-1.44269504f, -1.44269504f, tanh_rate, -1.44269504f};

// Those that no other arithmetic replaces; NAME(x) is the symbol for x.
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

#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), apply_to = function)
#define NAME(x) avx512_##x
#define ISA_NAME "avx512"
#define VL 16
#define MR 6
#include "isa.inc.h"
#pragma clang attribute pop

// Every CPU with AMX's bf16 has that of AVX-512 too.
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,avx512bf16,amx-tile,amx-bf16"))), apply_to = function)
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

// MARK: - The choice

#if defined(__x86_64__)
static bool has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}

static bool has_avx512_bf16(void) {
    unsigned a, b, c, d;
    return has_avx512() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && a >> 5 & 1;
}

static bool has_amx(void) {
#if defined(__linux__)
    const unsigned bf16 = 1u << 22, tile = 1u << 24;
    unsigned a, b, c, d;
    if (!has_avx512_bf16() || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & bf16) == 0 || (d & tile) == 0)
        return false;
    // The kernel wants to be asked, since a thread that uses tiles needs more memory; asking again does no harm.
    const long request_permission = 0x1023, tile_data = 18;
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return false;
#endif
}

const ct_kernels *ct_kernels_amx(bool fast) { return fast ? &amx_plain_kernels : &amx_kernels; }
#else
const ct_kernels *ct_kernels_amx(bool fast) {
    (void)fast;
    return NULL;
}
#endif

/// Asks for AMX only if it `may` be used: permission is for good, and makes signal stacks larger.
static int list_kernels(bool fast, bool may_use_amx, const ct_kernels **list, int capacity) {
    const ct_kernels *all[4];
    int count = 0;
#if defined(__x86_64__)
    if (may_use_amx && has_amx()) all[count++] = ct_kernels_amx(fast);
    if (has_avx512()) all[count++] = fast && has_avx512_bf16() ? &avx512_plain_kernels : &avx512_kernels;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) all[count++] = &avx2_kernels;
#else
    (void)fast;
    (void)may_use_amx;
#endif
    all[count++] = &baseline_kernels;
    for (int i = 0; i < count && i < capacity; i++) list[i] = all[i];
    return count < capacity ? count : capacity;
}

int ct_kernels_available(bool fast, const ct_kernels **list, int capacity) {
    return list_kernels(fast, true, list, capacity);
}

const ct_kernels *ct_kernels_current(bool fast) {
    const ct_kernels *list[4];
    const char *wanted = getenv("CTDENOISE_ISA");
    bool is_free = !wanted || !*wanted;
    int count = list_kernels(fast, is_free || strcmp(wanted, "amx") == 0, list, 4);
    if (is_free) return list[0];
    for (int i = 0; i < count; i++)
        if (strcmp(wanted, list[i]->name) == 0) return list[i];
    // Other kernels than those that were asked for would be measured or tested in their place.
    fprintf(stderr, "error: CTDENOISE_ISA: found \"%s\"; expected", wanted);
    for (int i = 0; i < count; i++) fprintf(stderr, "%s %s", i == 0 ? "" : i + 1 < count ? "," : " or", list[i]->name);
    fputs(" on this CPU. Correct or unset it.\n", stderr);
    exit(EXIT_FAILURE);
}
