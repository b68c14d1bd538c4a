// The noise kernels of one instruction set. noise_kernels.c includes this file once per set, with
//   NAME(x)   the symbol for x,
//   ISA_NAME  the name of the set,
//   VL        the doubles of a vector.

#define VD NAME(vd)
#define VI NAME(vi)
#define VU NAME(vu)

typedef double VD __attribute__((vector_size(VL * 8)));
typedef int64_t VI __attribute__((vector_size(VL * 8)));
typedef uint64_t VU __attribute__((vector_size(VL * 8)));

// MARK: - Deviates: the operations of NormalQuantile.swift, in the same order

INLINE VD NAME(splat)(double x) { return (VD){0} + x; }

/// The rational approximation that covers 85 % of all deviates.
INLINE VD NAME(central)(VD offset) {
    VD r = 0.180625 - offset * offset;
    VD p = 2509.0809287301226727 * r + 33430.575583588128105;
    p = p * r + 67265.770927008700853;
    p = p * r + 45921.953931549871457;
    p = p * r + 13731.693765509461125;
    p = p * r + 1971.5909503065514427;
    p = p * r + 133.14166789178437745;
    p = p * r + 3.387132872796366608;
    VD q = 5226.495278852854561 * r + 28729.085735721942674;
    q = q * r + 39307.89580009271061;
    q = q * r + 21213.794301586595867;
    q = q * r + 5394.1960214247511077;
    q = q * r + 687.1870074920579083;
    q = q * r + 42.313330701600911252;
    q = q * r + 1;
    return offset * (p / q);
}

/// Returns the natural logarithm of positive, normal numbers.
INLINE VD NAME(logarithm)(VD value) {
    VI bits = (VI)value;
    VI power = ((VI)((VU)bits >> 52) & 0x7FF) - 1023;
    VD m = (VD)((bits & 0x000FFFFFFFFFFFFFll) | 0x3FF0000000000000ll);
    VI isLarge = m > 1.4142135623730951;
    m = (VD)((isLarge & (VI)(m * 0.5)) | (~isLarge & (VI)m));
    // Exact, because the exponents are small integers.
    VD exponent = (VD)((power - isLarge) + 0x4338000000000000ll) - 6755399441055744.0;
    VD s = (m - 1) / (m + 1);
    VD t = s * s;
    VD series = t * (1.0 / 21) + 1.0 / 19;
    series = series * t + 1.0 / 17;
    series = series * t + 1.0 / 15;
    series = series * t + 1.0 / 13;
    series = series * t + 1.0 / 11;
    series = series * t + 1.0 / 9;
    series = series * t + 1.0 / 7;
    series = series * t + 1.0 / 5;
    series = series * t + 1.0 / 3;
    return exponent * 0.693147180369123816490
        + (2 * s + (2 * s * t * series + exponent * 1.90821492927058770002e-10));
}

INLINE VD NAME(near)(VD r) {
    VD p = 7.7454501427834140764e-4 * r + 0.0227238449892691845833;
    p = p * r + 0.24178072517745061177;
    p = p * r + 1.27045825245236838258;
    p = p * r + 3.64784832476320460504;
    p = p * r + 5.7694972214606914055;
    p = p * r + 4.6303378461565452959;
    p = p * r + 1.42343711074968357734;
    VD q = 1.05075007164441684324e-9 * r + 5.475938084995344946e-4;
    q = q * r + 0.0151986665636164571966;
    q = q * r + 0.14810397642748007459;
    q = q * r + 0.68976733498510000455;
    q = q * r + 1.6763848301838038494;
    q = q * r + 2.05319162663775882187;
    q = q * r + 1;
    return p / q;
}

INLINE VD NAME(far)(VD r) {
    VD p = 2.01033439929228813265e-7 * r + 2.71155556874348757815e-5;
    p = p * r + 0.0012426609473880784386;
    p = p * r + 0.026532189526576123093;
    p = p * r + 0.29656057182850489123;
    p = p * r + 1.7848265399172913358;
    p = p * r + 5.4637849111641143699;
    p = p * r + 6.6579046435011037772;
    VD q = 2.04426310338993978564e-15 * r + 1.4215117583164458887e-7;
    q = q * r + 1.8463183175100546818e-5;
    q = q * r + 7.868691311456132591e-4;
    q = q * r + 0.0148753612908506148525;
    q = q * r + 0.13692988092273580531;
    q = q * r + 0.59983220655588793769;
    q = q * r + 1;
    return p / q;
}

/// Returns the quantiles of offsets beyond ±0.425.
INLINE VD NAME(tail)(VD offset) {
    VI sign = (VI)offset & INT64_MIN;
    VD size = (VD)((VI)offset & INT64_MAX);
    VD minus = -NAME(logarithm)(0.5 - size);
    VD root = __builtin_elementwise_sqrt(minus);
    VI isFar = root > 5;
    VD value = NAME(near)(root - 1.6);
    if (__builtin_reduce_or(isFar)) {
        VD other = NAME(far)(root - 5);
        value = (VD)((isFar & (VI)other) | (~isFar & (VI)value));
    }
    return (VD)((VI)value ^ sign);
}

#define BLOCK 512

/// Computes the deviates at indices first, first + 1, …; `count` is at most BLOCK.
INLINE void NAME(normals)(uint64_t key, uint64_t first, size_t count, double *out) {
    double rare[BLOCK + VL];
    uint16_t where[BLOCK + VL];
    size_t rares = 0;
    VU lanes;
    for (int j = 0; j < VL; j++) lanes[j] = j + 1;
    for (size_t i = 0; i < count; i += VL) {
        VU z = key + (lanes + (first + i)) * 0x9E3779B97F4A7C15ull;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ z >> 27) * 0x94D049BB133111EBull;
        z = z ^ z >> 31;
        // An odd multiple of 2⁻⁵³ between −½ and ½: a signed 52-bit integer converts to a double exactly.
        VD whole = (VD)(((VI)z >> 12) + 0x4338000000000000ll) - 6755399441055744.0;
        VD offset = (whole + 0.5) * 0x1p-52;
        VD value = NAME(central)(offset);
        __builtin_memcpy(out + i, &value, sizeof value);
        VI isRare = (VD)((VI)offset & INT64_MAX) > 0.425;
        for (int j = 0; j < VL; j++) {
            rare[rares] = offset[j];
            where[rares] = (uint16_t)(i + j);
            rares += isRare[j] & 1;
        }
    }
    // Fill the last vector; its extra results are not used.
    for (int j = 0; j < VL; j++) rare[rares + j] = 0.45;
    for (size_t k = 0; k < rares; k += VL) {
        VD offset;
        __builtin_memcpy(&offset, rare + k, sizeof offset);
        VD value = NAME(tail)(offset);
        for (size_t j = 0; j < VL && k + j < rares; j++) out[where[k + j]] = value[j];
    }
}

static void NAME(add_normals)(uint64_t key, uint64_t first, size_t count, float sigma, float *values) {
    double deviates[BLOCK + VL];
    for (size_t start = 0; start < count; start += BLOCK) {
        size_t size = count - start < BLOCK ? count - start : BLOCK;
        NAME(normals)(key, first + start, size, deviates);
        for (size_t i = 0; i < size; i++) values[start + i] += sigma * (float)deviates[i];
    }
}

static void NAME(add_normals_double)(uint64_t key, uint64_t first, size_t count, double sigma, double *values) {
    double deviates[BLOCK + VL];
    for (size_t start = 0; start < count; start += BLOCK) {
        size_t size = count - start < BLOCK ? count - start : BLOCK;
        NAME(normals)(key, first + start, size, deviates);
        for (size_t i = 0; i < size; i++) values[start + i] += sigma * deviates[i];
    }
}

// MARK: - Rays

/// Finds the integers j in 0..<count with low ≤ start + j·step ≤ high; step is not zero.
INLINE void NAME(range)(double start, double step, long count, double low, double high, long *from, long *to) {
    double a = (low - start) / step, b = (high - start) / step;
    double least = a < b ? a : b, most = a < b ? b : a;
    // A margin for rounding errors in later computations.
    least = __builtin_ceil(least + 1e-9), most = __builtin_floor(most - 1e-9);
    *from = least > 0 ? (least < count ? (long)least : count) : 0;
    *to = most < count - 1 ? (most >= 0 ? (long)most + 1 : 0) : count;
    if (*to < *from) *to = *from;
}

static void NAME(cast_rays)(const ct_rays *rays, float *sums) {
    for (long r = 0; r < rays->rows; r++) {
        const float *row = rays->image + r * rays->columns;
        double start = rays->start + rays->slope * (double)r;
        long from, to;
        NAME(range)(start, rays->step, rays->count, 0, (double)(rays->columns - 1), &from, &to);
        // Relative to the first ray, so that floats are exact enough.
        float x0 = (float)(start + rays->step * (double)from), step = (float)rays->step;
        long last = rays->columns - 2;
        for (long j = 0; j < to - from; j++) {
            float x = x0 + step * (float)j;
            int i = (int)x;
            i = i < 0 ? 0 : i > last ? (int)last : i;
            float part = x - (float)i;
            sums[from + j] += row[i] + part * (row[i + 1] - row[i]);
        }
    }
}

static void NAME(smear)(const ct_smear *smear) {
    long from = 0, to = smear->pixels;
    double low = 0, high = (double)(smear->cells - 1);
    if (smear->step > 1e-12 || smear->step < -1e-12) {
        NAME(range)(smear->start, smear->step, smear->pixels, low, high, &from, &to);
    } else if (smear->start < low || smear->start > high) {
        return;
    }
    float x0 = (float)(smear->start + smear->step * (double)from), step = (float)smear->step;
    int last = (int)smear->cells - 2;
    const float *view = smear->view;
    float *row = smear->row + from;
    for (long j = 0; j < to - from; j++) {
        float x = x0 + step * (float)j;
        int i = (int)x;
        i = i < 0 ? 0 : i > last ? last : i;
        float part = x - (float)i;
        row[j] += view[i] + part * (view[i + 1] - view[i]);
    }
}

static const ct_noise_kernels NAME(kernels) = {
    .name = ISA_NAME,
    .add_normals = NAME(add_normals),
    .add_normals_double = NAME(add_normals_double),
    .cast_rays = NAME(cast_rays),
    .smear = NAME(smear),
};

#undef NAME
#undef ISA_NAME
#undef VL
#undef VD
#undef VI
#undef VU
#undef BLOCK
