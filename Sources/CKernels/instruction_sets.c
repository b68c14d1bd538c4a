#include "instruction_sets.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

static const char *const names[CT_ISA_COUNT] = {
    [ct_isa_baseline] = "baseline",
    [ct_isa_avx2] = "avx2",
    [ct_isa_avx512] = "avx512",
    [ct_isa_amx] = "amx",
};

const char *ct_isa_name(ct_isa isa) { return names[isa]; }

#if defined(__x86_64__)
static bool has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

static bool has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}

bool ct_isa_has_avx512_bf16(void) {
    unsigned a, b, c, d;
    return has_avx512() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && a >> 5 & 1;
}

static bool has_amx(void) {
#if defined(__linux__)
    const unsigned bf16 = 1u << 22, tile = 1u << 24;
    unsigned a, b, c, d;
    if (!ct_isa_has_avx512_bf16() || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & bf16) == 0 || (d & tile) == 0)
        return false;
    // Linux requires a request, since a thread that uses tiles needs more memory; repeating it is harmless.
    const long request_permission = 0x1023, tile_data = 18;
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return false;
#endif
}
#else
bool ct_isa_has_avx512_bf16(void) { return false; }
#endif

bool ct_isa_is_available(ct_isa isa) {
    switch (isa) {
        case ct_isa_baseline: return true;
#if defined(__x86_64__)
        case ct_isa_avx2: return has_avx2();
        case ct_isa_avx512: return has_avx512();
        case ct_isa_amx: return has_amx();
#endif
        default: return false;
    }
}

/// Returns the value of CTDENOISE_ISA; NULL if unset or empty.
static const char *wanted(void) {
    const char *name = getenv("CTDENOISE_ISA");
    return name && *name ? name : NULL;
}

/// Returns the set called `name`; CT_ISA_COUNT if there is none.
static int isa_named(const char *name) {
    int isa = 0;
    while (isa < CT_ISA_COUNT && strcmp(name, names[isa]) != 0) isa++;
    return isa;
}

bool ct_isa_is_granted(void) {
    const char *name = wanted();
    if (!name) return true;
    int isa = isa_named(name);
    return isa < CT_ISA_COUNT && ct_isa_is_available((ct_isa)isa);
}

ct_isa ct_isa_best(ct_isa most) {
    const char *name = wanted();
    int isa = name ? isa_named(name) : CT_ISA_COUNT;
    if (isa > (int)most) isa = most;
    while (isa > ct_isa_baseline && !ct_isa_is_available((ct_isa)isa)) isa--;
    return (ct_isa)isa;
}
