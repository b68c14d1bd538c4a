// What this machine could do at most: the roofline that speeds are compared with. And what this process took.
#ifndef PEAK_PROBE_H
#define PEAK_PROBE_H

// The name of the `index`th kind of arithmetic that this CPU has, or NULL past the last: "avx512", "avx2" and
// "baseline" (fp32 multiply-add), "avx512-bf16" and "amx-bf16" (bf16 products, fp32 sums).
const char *_Nullable peak_kind(int index);

// GFLOP/s of `kind` in chains of multiply-adds that touch registers only, on `threads` threads at once for about
// `seconds`; a multiply-add counts two. 0 if the CPU does not have this kind, or a thread cannot be had.
double peak_gflops(const char *_Nonnull kind, int threads, double seconds);

// The most memory that this process had at once so far, in bytes; 0 if that cannot be found out.
long peak_resident_bytes(void);

// The memory that this process has now, in bytes; 0 if that cannot be found out.
long resident_bytes(void);

#endif
