// Matrix products. Outputs stay in registers over all of k, in tiles of at most MR rows and four vectors.

// Rows in tiles: as many of MR as fit, then 4, 2, 1. CALL(mr) gets mr as a constant.
#define FOR_ROWS(i, m, CALL)                    \
    long i = 0;                                 \
    for (; i + MR <= (m); i += MR) CALL(MR);    \
    if (MR > 4 && i + 4 <= (m)) {               \
        CALL(4);                                \
        i += 4;                                 \
    }                                           \
    if (MR > 2 && i + 2 <= (m)) {               \
        CALL(2);                                \
        i += 2;                                 \
    }                                           \
    if (i < (m)) CALL(1)

// MARK: - Times a packed matrix

// Packed: panels of four vectors of columns, the last of as many as needed, padded with zeros; each panel row by row.
static long NAME(packed_size)(long k, long n) { return k * ((n + VL - 1) / VL * VL); }

static void NAME(pack)(long k, long n, const float *b, long row, long column, float *packed) {
    for (long first = 0; first < n; first += 4 * VL) {
        long width = n - first < 4 * VL ? (n - first + VL - 1) / VL * VL : 4 * VL;
        for (long p = 0; p < k; p++)
            for (long j = 0; j < width; j++)
                *packed++ = first + j < n ? b[p * row + (first + j) * column] : 0;
    }
}

/// sum += a (mr×k) · b (k×nv·VL, packed).
INLINE void NAME(multiply)(const int mr, const int nv, long k, const float *a, long lda, const float *b,
                           VF sum[MR][4]) {
    for (long p = 0; p < k; p++) {
        // Factors first, then one vector of b at a time: with MR = 3 this uses exactly the 16 registers of AVX2.
        VF factor[MR];
        UNROLL for (int i = 0; i < mr; i++) factor[i] = SPLAT(a[i * lda + p]);
        UNROLL for (int v = 0; v < nv; v++) {
            VF row = LOAD(b + (p * nv + v) * VL);
            UNROLL for (int i = 0; i < mr; i++) sum[i][v] += factor[i] * row;
        }
    }
}

// The last vector of a panel has `count` columns, the others VL.
#define LOAD_LAST(p, v) ((v) < nv - 1 || count == VL ? LOAD(p) : NAME(load_part)(p, count))
#define STORE_LAST(p, v, value) ((v) < nv - 1 || count == VL ? STORE(p, value) : NAME(store_part)(p, value, count))

/// Computes mr rows of a panel of nv vectors.
INLINE void NAME(tile)(const int mr, const int nv, long count, long k, const float *a, long lda, const float *b,
                       const float *bias, const float *onto, long ld_onto, float *c, long ldc) {
    VF sum[MR][4];
    UNROLL for (int v = 0; v < nv; v++) {
        VF start = bias ? LOAD_LAST(bias + v * VL, v) : SPLAT(0);
        UNROLL for (int i = 0; i < mr; i++)
            sum[i][v] = onto ? start + LOAD_LAST(onto + i * ld_onto + v * VL, v) : start;
    }
    // Prefetch the next tile's rows.
    for (int i = 0; i < mr; i++) {
        for (long p = 0; p < k; p += 16) __builtin_prefetch(a + (mr + i) * lda + p);
        if (onto)
            for (int v = 0; v < nv; v++) __builtin_prefetch(onto + (mr + i) * ld_onto + v * VL);
    }
    NAME(multiply)(mr, nv, k, a, lda, b, sum);
    UNROLL for (int i = 0; i < mr; i++)
        UNROLL for (int v = 0; v < nv; v++) STORE_LAST(c + i * ldc + v * VL, v, sum[i][v]);
}

INLINE void NAME(panel)(const int nv, long count, long m, long k, const float *a, long lda, const float *b,
                        const float *bias, const float *onto, long ld_onto, float *c, long ldc) {
#define TILE(mr)                                                                                        \
    NAME(tile)(mr, nv, count, k, a + i * lda, lda, b, bias, onto ? onto + i * ld_onto : NULL, ld_onto, \
               c + i * ldc, ldc)
    FOR_ROWS(i, m, TILE);
#undef TILE
}

// Columns in panels of four vectors, the last of as many as needed. CALL(nv, count) gets nv as a constant, and also
// `count`, the columns of the last vector, if it is full: inner loops then do not test it.
#define FOR_PANELS(j, n, CALL)                                             \
    for (long j = 0; j < (n); j += 4 * VL) {                               \
        long vectors = (n) - j < 4 * VL ? ((n) - j + VL - 1) / VL : 4;     \
        long count = (n) - j < 4 * VL ? (n) - j - (vectors - 1) * VL : VL; \
        switch (count == VL ? vectors : -vectors) {                        \
        case 4: CALL(4, VL); break;                                        \
        case 3: CALL(3, VL); break;                                        \
        case 2: CALL(2, VL); break;                                        \
        case 1: CALL(1, VL); break;                                        \
        case -4: CALL(4, count); break;                                    \
        case -3: CALL(3, count); break;                                    \
        case -2: CALL(2, count); break;                                    \
        default: CALL(1, count);                                           \
        }                                                                  \
    }

static void NAME(gemm)(long m, long n, long k, const float *a, long lda, const float *packed, const float *bias,
                       const float *onto, long ld_onto, float *c, long ldc) {
#define PANEL(nv, count)                                                                                       \
    NAME(panel)(nv, count, m, k, a, lda, packed + j * k, bias ? bias + j : NULL, onto ? onto + j : NULL, ld_onto, \
                c + j, ldc)
    FOR_PANELS(j, n, PANEL);
#undef PANEL
}

// MARK: - Transposed times plain

/// mr rows and nv vectors of c += aᵀ · b.
INLINE void NAME(outer_tile)(const int mr, const int nv, long count, long k, const float *a, long lda, const float *b,
                             long ldb, float *c, long ldc) {
    VF sum[MR][4];
    UNROLL for (int i = 0; i < mr; i++)
        UNROLL for (int v = 0; v < nv; v++) sum[i][v] = LOAD_LAST(c + i * ldc + v * VL, v);
    for (long p = 0; p < k; p++) {
        VF factor[MR];
        UNROLL for (int i = 0; i < mr; i++) factor[i] = SPLAT(a[p * lda + i]);
        UNROLL for (int v = 0; v < nv; v++) {
            VF row = LOAD_LAST(b + p * ldb + v * VL, v);
            UNROLL for (int i = 0; i < mr; i++) sum[i][v] += factor[i] * row;
        }
    }
    UNROLL for (int i = 0; i < mr; i++)
        UNROLL for (int v = 0; v < nv; v++) STORE_LAST(c + i * ldc + v * VL, v, sum[i][v]);
}

INLINE void NAME(outer_panel)(const int nv, long count, long m, long k, const float *a, long lda, const float *b,
                              long ldb, float *c, long ldc) {
#define TILE(mr) NAME(outer_tile)(mr, nv, count, k, a + i, lda, b, ldb, c + i * ldc, ldc)
    FOR_ROWS(i, m, TILE);
#undef TILE
}

static void NAME(gemm_outer)(long m, long n, long k, const float *a, long lda, const float *b, long ldb, float *c,
                             long ldc) {
#define PANEL(nv, count) NAME(outer_panel)(nv, count, m, k, a, lda, b + j, ldb, c + j, ldc)
    FOR_PANELS(j, n, PANEL);
#undef PANEL
}

#undef LOAD_LAST
#undef STORE_LAST
#undef FOR_PANELS
