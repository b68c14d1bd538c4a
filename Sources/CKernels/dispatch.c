// One copy of the kernels per instruction set, and the choice between them.
#include "kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#pragma clang fp contract(fast)  // a·b + c may become one rounded operation where the CPU has it

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), apply_to = function)
#define NAME(x) avx512_##x
#define ISA_NAME "avx512"
#define VL 16
#define MR 6
#include "isa.inc.h"
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

int ct_kernels_available(const ct_kernels **list, int capacity) {
    const ct_kernels *all[3];
    int count = 0;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512bw"))
        all[count++] = &avx512_kernels;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) all[count++] = &avx2_kernels;
#endif
    all[count++] = &baseline_kernels;
    for (int i = 0; i < count && i < capacity; i++) list[i] = all[i];
    return count < capacity ? count : capacity;
}

const ct_kernels *ct_kernels_current(void) {
    const ct_kernels *list[3];
    int count = ct_kernels_available(list, 3);
    const char *wanted = getenv("CTDENOISE_ISA");
    if (!wanted || !*wanted) return list[0];
    for (int i = 0; i < count; i++)
        if (strcmp(wanted, list[i]->name) == 0) return list[i];
    // Other kernels than those that were asked for would be measured or tested in their place.
    fprintf(stderr, "error: CTDENOISE_ISA: found \"%s\"; expected", wanted);
    for (int i = 0; i < count; i++) fprintf(stderr, "%s %s", i == 0 ? "" : i + 1 < count ? "," : " or", list[i]->name);
    fputs(" on this CPU. Correct or unset it.\n", stderr);
    exit(EXIT_FAILURE);
}
