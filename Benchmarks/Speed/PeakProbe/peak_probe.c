#include "peak_probe.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#if defined(__APPLE__)
#include <mach/mach.h>
#include <sys/resource.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

// MARK: - Chains

// `chains` independent accumulators of `lanes` floats: enough to hide the latency of a multiply-add, few enough for
// the registers. a = a · x + y goes to 1, so that nothing overflows or becomes denormal.
#define FLOAT_CHAINS(name, lanes, chains, attributes)                                                                  \
    typedef float name##_vector __attribute__((vector_size(4 * (lanes))));                                             \
    attributes __attribute__((noinline)) static float name(long n) {                                                   \
        name##_vector a[chains], x = (name##_vector){0} + 0.999f, y = (name##_vector){0} + 1e-3f;                      \
        for (int i = 0; i < (chains); i++) a[i] = (name##_vector){0} + (float)i;                                       \
        for (long k = 0; k < n; k++) {                                                                                 \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < (chains); i++) a[i] = a[i] * x + y;                 \
        }                                                                                                              \
        for (int i = 1; i < (chains); i++) a[0] += a[i];                                                               \
        return a[0][0];                                                                                                \
    }

#if defined(__aarch64__)
enum { baseline_chains = 24 };
#else
enum { baseline_chains = 12 };
#endif
FLOAT_CHAINS(baseline, 4, baseline_chains, )

#if defined(__x86_64__)
FLOAT_CHAINS(avx2, 8, 12, __attribute__((target("avx2,fma"))))
FLOAT_CHAINS(avx512, 16, 16, __attribute__((target("avx512f"))))

__attribute__((target("avx512f,avx512bf16"), noinline)) static float avx512_bf16(long n) {
    __m512 a[16];
    // 0x3f80 is 1 and 0 is 0: sums grow by one, which is exact for long enough not to matter.
    __m512bh x = (__m512bh)_mm512_set1_epi32(0x3f80), y = (__m512bh)_mm512_set1_epi32(0x3f80);
    for (int i = 0; i < 16; i++) a[i] = _mm512_set1_ps((float)i);
    for (long k = 0; k < n; k++) {
        _Pragma("clang loop unroll(full)") for (int i = 0; i < 16; i++) a[i] = _mm512_dpbf16_ps(a[i], x, y);
    }
    for (int i = 1; i < 16; i++) a[0] = _mm512_add_ps(a[0], a[i]);
    return _mm512_cvtss_f32(a[0]);
}

__attribute__((target("amx-tile,amx-bf16"), noinline)) static float amx_bf16(long n) {
    // Eight tiles of 16 rows of 64 bytes.
    struct __attribute__((packed)) {
        uint8_t palette, start, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } shape = {.palette = 1};
    for (int tile = 0; tile < 8; tile++) {
        shape.bytes[tile] = 64;
        shape.rows[tile] = 16;
    }
    _tile_loadconfig(&shape);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(5);
    _tile_zero(6);
    _tile_zero(7);
    for (long k = 0; k < n; k++) {
        _tile_dpbf16ps(0, 6, 7);
        _tile_dpbf16ps(1, 6, 7);
        _tile_dpbf16ps(2, 6, 7);
        _tile_dpbf16ps(3, 6, 7);
        _tile_dpbf16ps(4, 6, 7);
        _tile_dpbf16ps(5, 6, 7);
    }
    _tile_release();
    return 0;
}
#endif

// MARK: - Kinds

static bool always(void) { return true; }

#if defined(__x86_64__)
static bool has_avx512(void) { return __builtin_cpu_supports("avx512f"); }
static bool has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
static bool has_avx512_bf16(void) { return __builtin_cpu_supports("avx512bf16"); }
static bool has_amx_bf16(void) {
#if defined(__linux__)
    // The CPU is not enough: Linux hands the tiles out on request, once a process.
    enum { request_component = 0x1023, tile_data = 18 };
    return __builtin_cpu_supports("amx-bf16") && syscall(SYS_arch_prctl, request_component, tile_data) == 0;
#else
    return false;
#endif
}
#endif

static const struct {
    const char *name;
    float (*run)(long n);
    /// Of one round of all chains.
    double flops;
    bool (*is_there)(void);
} kinds[] = {
#if defined(__x86_64__)
    {"amx-bf16", amx_bf16, 6.0 * 2 * 16 * 16 * 32, has_amx_bf16},
    {"avx512-bf16", avx512_bf16, 2.0 * 32 * 16, has_avx512_bf16},
    {"avx512", avx512, 2.0 * 16 * 16, has_avx512},
    {"avx2", avx2, 2.0 * 8 * 12, has_avx2},
#endif
    {"baseline", baseline, 2.0 * 4 * baseline_chains, always},
};
enum { kind_count = sizeof kinds / sizeof kinds[0] };

const char *peak_kind(int index) {
    for (int kind = 0; kind < kind_count; kind++) {
        if (kinds[kind].is_there() && index-- == 0) return kinds[kind].name;
    }
    return NULL;
}

// MARK: - Measuring

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

struct work {
    float (*run)(long n);
    long n;
    float result;
};

static void *start(void *argument) {
    struct work *work = argument;
    work->result = work->run(work->n);
    return NULL;
}

double peak_gflops(const char *name, int threads, double seconds) {
    enum { most = 64 };
    int kind = 0;
    while (kind < kind_count && (strcmp(kinds[kind].name, name) != 0 || !kinds[kind].is_there())) kind++;
    if (kind == kind_count || threads < 1 || threads > most) return 0;

    const long trial = 200000;
    struct work work[most];
    work[0] = (struct work){kinds[kind].run, trial, 0};
    start(&work[0]);
    double begin = now();
    start(&work[0]);
    long n = (long)((double)trial * seconds / (now() - begin)) + 1;

    pthread_t others[most];
    int started = 1;
    for (int i = 0; i < threads; i++) work[i] = (struct work){kinds[kind].run, n, 0};
    begin = now();
    while (started < threads && pthread_create(&others[started], NULL, start, &work[started]) == 0) started++;
    start(&work[0]);
    for (int i = 1; i < started; i++) pthread_join(others[i], NULL);
    double elapsed = now() - begin;
    return started == threads ? 1e-9 * kinds[kind].flops * (double)n * threads / elapsed : 0;
}

// MARK: - Memory

#if defined(__linux__)
/// A field of /proc/self/status in bytes. Not getrusage(), whose peak is inherited from whoever started the process.
static long status_bytes(const char *field) {
    FILE *file = fopen("/proc/self/status", "r");
    if (!file) return 0;
    char line[256];
    long kilobytes = 0;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, field, strlen(field)) == 0) sscanf(line + strlen(field), "%ld", &kilobytes);
    }
    fclose(file);
    return kilobytes * 1024;
}
long peak_resident_bytes(void) { return status_bytes("VmHWM:"); }
long resident_bytes(void) { return status_bytes("VmRSS:"); }
#elif defined(__APPLE__)
long peak_resident_bytes(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
}
long resident_bytes(void) {
    struct mach_task_basic_info info;
    mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
    kern_return_t result = task_info(mach_task_self(), MACH_TASK_BASIC_INFO, (task_info_t)&info, &count);
    return result == KERN_SUCCESS ? (long)info.resident_size : 0;
}
#else
long peak_resident_bytes(void) { return 0; }
long resident_bytes(void) { return 0; }
#endif
