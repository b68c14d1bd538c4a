// Vectors of VL floats, for the files included by isa.inc.h.

typedef float NAME(vf) __attribute__((vector_size(VL * 4)));
typedef float NAME(vfu) __attribute__((vector_size(VL * 4), aligned(4)));
typedef int32_t NAME(vi) __attribute__((vector_size(VL * 4)));

INLINE VF LOAD(const float *p) { return *(const NAME(vfu) *)p; }
INLINE void STORE(float *p, VF v) { *(NAME(vfu) *)p = v; }
// Not 0 + s, which turns −0 into 0 and therefore costs an addition.
INLINE VF SPLAT(float s) { return s - (VF){0}; }

/// Returns the first `count` < VL floats at p, then zeros; never reads beyond them.
INLINE VF NAME(load_part)(const float *p, long count) {
#if VL == 16
    return (VF)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
#elif VL == 8
    return (VF)_mm256_maskload_ps(p, (__m256i)((NAME(vi)){0, 1, 2, 3, 4, 5, 6, 7} < (int32_t)count));
#else
    float lanes[VL] = {0};
    for (long j = 0; j < count; j++) lanes[j] = p[j];
    return LOAD(lanes);
#endif
}

INLINE void NAME(store_part)(float *p, VF v, long count) {
#if VL == 16
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), (__m512)v);
#elif VL == 8
    _mm256_maskstore_ps(p, (__m256i)((NAME(vi)){0, 1, 2, 3, 4, 5, 6, 7} < (int32_t)count), (__m256)v);
#else
    float lanes[VL];
    STORE(lanes, v);
    for (long j = 0; j < count; j++) p[j] = lanes[j];
#endif
}

// A loop over columns in whole vectors, then once over the rest: LOAD_AT and STORE_AT handle both.
#define FOR_COLUMNS(j, width) \
    for (long j = 0, count = 0; count = (width) - j < VL ? (width) - j : VL, j < (width); j += VL)
#define LOAD_AT(p) (count == VL ? LOAD(p) : NAME(load_part)(p, count))
#define STORE_AT(p, v) (count == VL ? STORE(p, v) : NAME(store_part)(p, v, count))
