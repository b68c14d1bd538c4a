// Flushes denormals, which are a hundred times slower than other numbers, to zero.
#include "network_kernels.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
uint64_t ct_denormals_flush(void) {
    uint64_t mode = _mm_getcsr();
    _mm_setcsr((unsigned)mode | 0x8040);  // FTZ and DAZ
    return mode;
}
void ct_denormals_restore(uint64_t mode) { _mm_setcsr((unsigned)mode); }
#elif defined(__aarch64__)
uint64_t ct_denormals_flush(void) {
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    __asm__ volatile("msr fpcr, %0" : : "r"(mode | (1ull << 24)));  // FZ
    return mode;
}
void ct_denormals_restore(uint64_t mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }
#else
uint64_t ct_denormals_flush(void) { return 0; }
void ct_denormals_restore(uint64_t mode) { (void)mode; }
#endif
