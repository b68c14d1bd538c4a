// The kernels, written once in vector extensions. dispatch.c includes this file once per instruction set with
//   NAME(x)  the symbol for x,
//   VL       floats a vector,
//   NV       vectors of one tile row: MR·NV accumulators must fit the registers.
// Rows of a tile: 6. Every function ends with scalar code for what no vector holds.

#define MR 6

typedef float NAME(vf) __attribute__((vector_size(VL * 4)));
typedef float NAME(vfu) __attribute__((vector_size(VL * 4), aligned(4)));
typedef int32_t NAME(vi) __attribute__((vector_size(VL * 4)));
#define VF NAME(vf)
#define INLINE static inline __attribute__((always_inline))

INLINE VF NAME(load)(const float *p) { return *(const NAME(vfu) *)p; }
INLINE void NAME(store)(float *p, VF v) { *(NAME(vfu) *)p = v; }
INLINE VF NAME(splat)(float s) { return (VF){0} + s; }
#define LOAD NAME(load)
#define STORE NAME(store)
#define SPLAT NAME(splat)

/// The first `count` floats at p, then zeros.
INLINE VF NAME(load_part)(const float *p, long count) {
    float lanes[VL] = {0};
    for (long j = 0; j < count; j++) lanes[j] = p[j];
    return LOAD(lanes);
}

INLINE void NAME(store_part)(float *p, VF v, long count) {
    float lanes[VL];
    STORE(lanes, v);
    for (long j = 0; j < count; j++) p[j] = lanes[j];
}

// A loop over columns in vectors, then once over the rest: LOAD_AT/STORE_AT take whichever fits.
#define FOR_COLUMNS(j, width) \
    for (long j = 0, count = 0; count = (width) - j < VL ? (width) - j : VL, j < (width); j += VL)
#define LOAD_AT(p) (count == VL ? LOAD(p) : NAME(load_part)(p, count))
#define STORE_AT(p, v) (count == VL ? STORE(p, v) : NAME(store_part)(p, v, count))

// MARK: - Matrix product

/// mr×(nv·VL) outputs in registers over the whole of k; mr and nv are constants where this is inlined.
INLINE void NAME(tile)(const int mr, const int nv, long k, const float *a, long a_row, long a_column,
                       const float *b, long ldb, float *c, long ldc, bool accumulate) {
    VF sum[MR][NV];
#pragma clang loop unroll(full)
    for (int i = 0; i < mr; i++)
#pragma clang loop unroll(full)
        for (int v = 0; v < nv; v++) sum[i][v] = accumulate ? LOAD(c + i * ldc + v * VL) : SPLAT(0);
    for (long p = 0; p < k; p++) {
        VF row[NV];
#pragma clang loop unroll(full)
        for (int v = 0; v < nv; v++) row[v] = LOAD(b + p * ldb + v * VL);
#pragma clang loop unroll(full)
        for (int i = 0; i < mr; i++) {
            VF factor = SPLAT(a[i * a_row + p * a_column]);
#pragma clang loop unroll(full)
            for (int v = 0; v < nv; v++) sum[i][v] += factor * row[v];
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < mr; i++)
#pragma clang loop unroll(full)
        for (int v = 0; v < nv; v++) STORE(c + i * ldc + v * VL, sum[i][v]);
}

/// All rows of one panel of nv vectors.
INLINE void NAME(panel)(const int nv, long m, long k, const float *a, long a_row, long a_column, const float *b,
                        long ldb, float *c, long ldc, bool accumulate) {
    long i = 0;
    for (; i + 6 <= m; i += 6)
        NAME(tile)(6, nv, k, a + i * a_row, a_row, a_column, b, ldb, c + i * ldc, ldc, accumulate);
    if (i + 4 <= m) {
        NAME(tile)(4, nv, k, a + i * a_row, a_row, a_column, b, ldb, c + i * ldc, ldc, accumulate);
        i += 4;
    }
    if (i + 2 <= m) {
        NAME(tile)(2, nv, k, a + i * a_row, a_row, a_column, b, ldb, c + i * ldc, ldc, accumulate);
        i += 2;
    }
    if (i < m) NAME(tile)(1, nv, k, a + i * a_row, a_row, a_column, b, ldb, c + i * ldc, ldc, accumulate);
}

static void NAME(gemm)(long m, long n, long k, const float *a, long a_row, long a_column, const float *b, long ldb,
                       float *c, long ldc, bool accumulate) {
    long j = 0;
    for (; j + NV * VL <= n; j += NV * VL) NAME(panel)(NV, m, k, a, a_row, a_column, b + j, ldb, c + j, ldc, accumulate);
    switch ((n - j) / VL) {
#if NV > 3
    case 3: NAME(panel)(3, m, k, a, a_row, a_column, b + j, ldb, c + j, ldc, accumulate); j += 3 * VL; break;
    case 2: NAME(panel)(2, m, k, a, a_row, a_column, b + j, ldb, c + j, ldc, accumulate); j += 2 * VL; break;
#endif
    case 1: NAME(panel)(1, m, k, a, a_row, a_column, b + j, ldb, c + j, ldc, accumulate); j += VL; break;
    default: break;
    }
    if (j == n) return;
    // Columns that no vector holds: narrow matrices of tests and odd configurations only.
    for (long i = 0; i < m; i++)
        for (long q = j; q < n; q++) {
            float sum = accumulate ? c[i * ldc + q] : 0;
            for (long p = 0; p < k; p++) sum += a[i * a_row + p * a_column] * b[p * ldb + q];
            c[i * ldc + q] = sum;
        }
}

// MARK: - LSTM cell

INLINE VF NAME(clamp)(VF x, float least, float greatest) {
    return __builtin_elementwise_min(__builtin_elementwise_max(x, SPLAT(least)), SPLAT(greatest));
}

/// e^x to about 1 ulp for |x| ≤ 87, clamped beyond: x = n·ln 2 + r, |r| ≤ ln 2 / 2, Taylor series of degree 7 in r.
INLINE VF NAME(exp)(VF x) {
    x = NAME(clamp)(x, -87.0f, 87.0f);
    const VF magic = SPLAT(12582912.0f);  // 1.5·2^23: adding it rounds to a whole number in the low bits
    VF t = x * 1.44269504f + magic;
    VF n = t - magic;
    VF r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    VF p = SPLAT(1.0f / 5040);
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    NAME(vi) exponent = ((NAME(vi))t - (NAME(vi))magic + 127) << 23;
    return p * (VF)exponent;
}

INLINE VF NAME(sigmoid)(VF x) { return 1.0f / (1.0f + NAME(exp)(-x)); }
INLINE VF NAME(tanh)(VF x) { return 1.0f - 2.0f / (1.0f + NAME(exp)(2.0f * x)); }

static void NAME(lstm_forward)(long n, long hidden, float *z, long ldz, const float *c_before, long ldc_before,
                               float *c, long ldc, float *h, long ldh, bool save) {
    for (long s = 0; s < n; s++) {
        float *gates = z + s * ldz;
        FOR_COLUMNS(j, hidden) {
            VF i = NAME(sigmoid)(LOAD_AT(gates + j));
            VF f = NAME(sigmoid)(LOAD_AT(gates + hidden + j));
            VF g = NAME(tanh)(LOAD_AT(gates + 2 * hidden + j));
            VF o = NAME(sigmoid)(LOAD_AT(gates + 3 * hidden + j));
            VF state = i * g;
            if (c_before) state += f * LOAD_AT(c_before + s * ldc_before + j);
            STORE_AT(c + s * ldc + j, state);
            STORE_AT(h + s * ldh + j, o * NAME(tanh)(state));
            if (save) {
                STORE_AT(gates + j, i);
                STORE_AT(gates + hidden + j, f);
                STORE_AT(gates + 2 * hidden + j, g);
                STORE_AT(gates + 3 * hidden + j, o);
            }
        }
    }
}

static void NAME(lstm_backward)(long n, long hidden, float *z, long ldz, const float *c_before, long ldc_before,
                                const float *c, long ldc, const float *dh, long ld_dh, float *dc, long ld_dc) {
    for (long s = 0; s < n; s++) {
        float *gates = z + s * ldz;
        FOR_COLUMNS(j, hidden) {
            VF i = LOAD_AT(gates + j);
            VF f = LOAD_AT(gates + hidden + j);
            VF g = LOAD_AT(gates + 2 * hidden + j);
            VF o = LOAD_AT(gates + 3 * hidden + j);
            VF before = c_before ? LOAD_AT(c_before + s * ldc_before + j) : SPLAT(0);
            VF y = NAME(tanh)(LOAD_AT(c + s * ldc + j));
            VF d_h = LOAD_AT(dh + s * ld_dh + j);
            VF d_c = LOAD_AT(dc + s * ld_dc + j) + d_h * o * (1.0f - y * y);
            STORE_AT(gates + j, d_c * g * i * (1.0f - i));
            STORE_AT(gates + hidden + j, d_c * before * f * (1.0f - f));
            STORE_AT(gates + 2 * hidden + j, d_c * i * (1.0f - g * g));
            STORE_AT(gates + 3 * hidden + j, d_h * y * o * (1.0f - o));
            STORE_AT(dc + s * ld_dc + j, d_c * f);
        }
    }
}

// MARK: - Column by column

static void NAME(affine)(long n, long width, const float *x, long ldx, const float *scale, const float *shift,
                         float *y, long ldy) {
    for (long s = 0; s < n; s++)
        FOR_COLUMNS(j, width) {
            VF value = LOAD_AT(x + s * ldx + j);
            if (scale) value *= LOAD_AT(scale + j);
            STORE_AT(y + s * ldy + j, value + LOAD_AT(shift + j));
        }
}

static void NAME(add)(long n, long width, const float *a, long lda, const float *b, long ldb, float *y, long ldy) {
    for (long s = 0; s < n; s++)
        FOR_COLUMNS(j, width) STORE_AT(y + s * ldy + j, LOAD_AT(a + s * lda + j) + LOAD_AT(b + s * ldb + j));
}

static void NAME(column_sums)(long n, long width, const float *x, long ldx, float *sums) {
    FOR_COLUMNS(j, width) {
        VF sum = LOAD_AT(sums + j);
        for (long s = 0; s < n; s++) sum += LOAD_AT(x + s * ldx + j);
        STORE_AT(sums + j, sum);
    }
}

static void NAME(column_moments)(long n, long width, const float *x, long ldx, float *mean, float *squares) {
    FOR_COLUMNS(j, width) {
        VF sum = SPLAT(0), square = SPLAT(0);
        for (long s = 0; s < n; s++) sum += LOAD_AT(x + s * ldx + j);
        VF middle = sum / (float)n;
        for (long s = 0; s < n; s++) {
            VF d = LOAD_AT(x + s * ldx + j) - middle;
            square += d * d;
        }
        STORE_AT(mean + j, middle);
        STORE_AT(squares + j, square);
    }
}

static void NAME(norm_sums)(long n, long width, const float *dy, long ld_dy, const float *x, long ldx,
                            const float *mean, const float *rstd, float *sum_dy, float *sum_dy_x) {
    FOR_COLUMNS(j, width) {
        VF sum = LOAD_AT(sum_dy + j), sum_x = LOAD_AT(sum_dy_x + j);
        VF middle = LOAD_AT(mean + j), scale = LOAD_AT(rstd + j);
        for (long s = 0; s < n; s++) {
            VF d = LOAD_AT(dy + s * ld_dy + j);
            sum += d;
            sum_x += d * ((LOAD_AT(x + s * ldx + j) - middle) * scale);
        }
        STORE_AT(sum_dy + j, sum);
        STORE_AT(sum_dy_x + j, sum_x);
    }
}

static void NAME(norm_backward)(long n, long width, float *dy, long ld_dy, const float *x, long ldx,
                                const float *mean, const float *rstd, const float *gain, const float *mean_dy,
                                const float *mean_dy_x) {
    for (long s = 0; s < n; s++)
        FOR_COLUMNS(j, width) {
            VF normalized = (LOAD_AT(x + s * ldx + j) - LOAD_AT(mean + j)) * LOAD_AT(rstd + j);
            VF d = LOAD_AT(dy + s * ld_dy + j) - LOAD_AT(mean_dy + j) - normalized * LOAD_AT(mean_dy_x + j);
            STORE_AT(dy + s * ld_dy + j, LOAD_AT(gain + j) * d);
        }
}

// MARK: - Depth-wise convolution

static void NAME(mix_row)(long rows, long columns, long channels, long size, long row, const float *x,
                          const float *weights, const float *bias, float *y) {
    long half = size / 2;
    long u_first = row < half ? half - row : 0;
    long u_end = rows - row + half < size ? rows - row + half : size;
    for (long column = 0; column < columns; column++) {
        long v_first = column < half ? half - column : 0;
        long v_end = columns - column + half < size ? columns - column + half : size;
        const float *centre = x + (row * columns + column) * channels;
        FOR_COLUMNS(j, channels) {
            VF sum = LOAD_AT(centre + j);
            if (bias) sum += LOAD_AT(bias + j);
            for (long u = u_first; u < u_end; u++)
                for (long v = v_first; v < v_end; v++)
                    sum += LOAD_AT(weights + (u * size + v) * channels + j)
                         * LOAD_AT(centre + ((u - half) * columns + (v - half)) * channels + j);
            STORE_AT(y + (row * columns + column) * channels + j, sum);
        }
    }
}

static void NAME(mix_weights)(long rows, long columns, long channels, long size, const float *x, const float *dy,
                              float *d_weights) {
    long half = size / 2;
    for (long row = 0; row < rows; row++)
        for (long u = 0; u < size; u++) {
            long from_row = row + u - half;
            if (from_row < 0 || from_row >= rows) continue;
            for (long v = 0; v < size; v++) {
                long first = v < half ? half - v : 0;
                long end = v > half ? columns - (v - half) : columns;
                const float *d = dy + row * columns * channels;
                const float *from = x + (from_row * columns + v - half) * channels;
                FOR_COLUMNS(j, channels) {
                    VF sum = LOAD_AT(d_weights + (u * size + v) * channels + j);
                    for (long column = first; column < end; column++)
                        sum += LOAD_AT(d + column * channels + j) * LOAD_AT(from + column * channels + j);
                    STORE_AT(d_weights + (u * size + v) * channels + j, sum);
                }
            }
        }
}

static const ct_kernels NAME(kernels) = {
    .name = ISA_NAME,
    .gemm = NAME(gemm),
    .lstm_forward = NAME(lstm_forward),
    .lstm_backward = NAME(lstm_backward),
    .affine = NAME(affine),
    .add = NAME(add),
    .column_sums = NAME(column_sums),
    .column_moments = NAME(column_moments),
    .norm_sums = NAME(norm_sums),
    .norm_backward = NAME(norm_backward),
    .mix_row = NAME(mix_row),
    .mix_weights = NAME(mix_weights),
};

#undef MR
#undef VF
#undef INLINE
#undef LOAD
#undef STORE
#undef SPLAT
#undef FOR_COLUMNS
#undef LOAD_AT
#undef STORE_AT
