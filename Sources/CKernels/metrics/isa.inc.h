// The metric kernels of one instruction set. metric_kernels.c includes this file once per set, with
//   NAME(x)   the symbol for x,
//   ISA_NAME  the name of the set.
//
// Rows in scratch memory have room for whole blocks; values computed beyond their end are never summed.

#define BLOCK NAME(block)
#define LANES NAME(lanes)

/// Eight doubles at any address, in as many registers as they need.
typedef double BLOCK __attribute__((vector_size(64), aligned(8)));
typedef long long LANES __attribute__((vector_size(64)));

INLINE BLOCK NAME(load)(const double *from) {
    BLOCK block;
    memcpy(&block, from, sizeof block);
    return block;
}

INLINE void NAME(store)(double *to, BLOCK block) { memcpy(to, &block, sizeof block); }

INLINE BLOCK NAME(choose)(LANES where, BLOCK yes, BLOCK no) {
    return (BLOCK)((where & (LANES)yes) | (~where & (LANES)no));
}

/// Returns the sum of a block, in pairs.
INLINE double NAME(total)(BLOCK b) { return ((b[0] + b[4]) + (b[2] + b[6])) + ((b[1] + b[5]) + (b[3] + b[7])); }

/// Returns the sum of `count` values.
INLINE double NAME(sum)(const double *values, long count) {
    BLOCK sums = {0};
    long i = 0;
    for (; i + 8 <= count; i += 8) sums += NAME(load)(values + i);
    double sum = NAME(total)(sums);
    for (; i < count; i++) sum += values[i];
    return sum;
}

/// Returns the sum of the values whose weight is not zero.
INLINE double NAME(weighted_sum)(const double *values, const double *weights, long count) {
    double sum = 0;
    for (long i = 0; i < count; i++) sum += weights[i] != 0 ? values[i] : 0;
    return sum;
}

/// result[i] = Σ weights[k] · (the value k taps before + the value k taps after), for `count` values, rounded up to
/// blocks.
INLINE void NAME(filter)(const double *const *taps, const double *weights, long half, double *result, long count) {
    // Four blocks at a time, to hide the latency of additions.
    for (long i = 0; i < count; i += 32) {
        BLOCK sums[4];
        for (int j = 0; j < 4; j++) sums[j] = weights[0] * NAME(load)(taps[half] + i + 8 * j);
        for (long k = 1; k <= half; k++) {
            const double *before = taps[half - k] + i, *after = taps[half + k] + i;
            for (int j = 0; j < 4; j++)
                sums[j] += weights[k] * (NAME(load)(before + 8 * j) + NAME(load)(after + 8 * j));
        }
        for (int j = 0; j < 4; j++) NAME(store)(result + i + 8 * j, sums[j]);
    }
}

/// Filters a row with the window: position i of the result covers i … i + 2 · half.
INLINE void NAME(filter_row)(const double *row, const ct_sliding_window *window, double *result, long count) {
    const double *taps[2 * MAX_HALF + 1];
    for (long k = 0; k <= 2 * window->half; k++) taps[k] = row + k;
    NAME(filter)(taps, window->weights, window->half, result, count);
}

/// Computes the weighted moments at each position of one row of positions. `moments` is 4 with the squares of both
/// images summed, 5 with them separate. Rows of moments stay in a ring buffer from one row of positions to the next.
INLINE void NAME(window_moments)(const ct_image_pair *pair, const ct_sliding_window *window, long moments, long place,
                                 double *scratch, double **result) {
    const long size = 2 * window->half + 1, stride = row_stride(pair->columns), length = moments * stride;
    double *ring = scratch, *columns = scratch + size * length;
    for (long row = place == 0 ? 0 : place + size - 1; row < place + size; row++) {
        const double *x = pair->reference + row * pair->columns, *y = pair->test + row * pair->columns;
        double *to = ring + row % size * length;
        memcpy(to, x, (size_t)pair->columns * sizeof(double));
        memcpy(to + stride, y, (size_t)pair->columns * sizeof(double));
        for (long i = 0; i < pair->columns; i += 8) {
            BLOCK a = NAME(load)(to + i), b = NAME(load)(to + stride + i);
            if (moments == 4) {
                NAME(store)(to + 2 * stride + i, a * a + b * b);
                NAME(store)(to + 3 * stride + i, a * b);
            } else {
                NAME(store)(to + 2 * stride + i, a * a);
                NAME(store)(to + 3 * stride + i, b * b);
                NAME(store)(to + 4 * stride + i, a * b);
            }
        }
    }
    const double *taps[2 * MAX_HALF + 1];
    for (long k = 0; k < size; k++) taps[k] = ring + (place + k) % size * length;
    NAME(filter)(taps, window->weights, window->half, columns, length - ROW_SLACK);
    for (long moment = 0; moment < moments; moment++) {
        result[moment] = columns + length + moment * stride;
        NAME(filter_row)(columns + moment * stride, window, result[moment], pair->columns - size + 1);
    }
}

// MARK: - Structural similarity

static ct_similarity_sums NAME(similarity)(const ct_image_pair *pair, const ct_sliding_window *window, double c1,
                                           double c2, double factor, double *scratch) {
    const long size = 2 * window->half + 1, rows = pair->rows - size + 1, columns = pair->columns - size + 1;
    ct_similarity_sums sums = {0};
    for (long place = 0; place < rows; place++) {
        double *m[4];
        NAME(window_moments)(pair, window, 4, place, scratch, m);
        for (long i = 0; i < columns; i += 8) {
            BLOCK x = NAME(load)(m[0] + i), y = NAME(load)(m[1] + i);
            BLOCK product = x * y, squares = x * x + y * y;
            BLOCK variances = factor * (NAME(load)(m[2] + i) - squares);
            BLOCK covariance = factor * (NAME(load)(m[3] + i) - product);
            BLOCK contrast = (2 * covariance + c2) / (variances + c2);
            NAME(store)(m[0] + i, (2 * product + c1) / (squares + c1) * contrast);
            NAME(store)(m[1] + i, contrast);
        }
        if (pair->mask) {
            const double *mask = pair->mask + (place + window->half) * pair->columns + window->half;
            sums.similarity += NAME(weighted_sum)(m[0], mask, columns);
            sums.contrast += NAME(weighted_sum)(m[1], mask, columns);
            sums.places += NAME(sum)(mask, columns);
        } else {
            sums.similarity += NAME(sum)(m[0], columns);
            sums.contrast += NAME(sum)(m[1], columns);
            sums.places += (double)columns;
        }
    }
    return sums;
}

// MARK: - Visual information

/// Returns the sum of the logarithms of `count` values ≥ 1, taken of products of sixteen, since logarithms are
/// expensive. Values up to 10¹⁹ do not overflow.
INLINE double NAME(sum_of_logarithms)(double *values, long count) {
    double sum = 0;
    for (long i = count; i < (count + 15) / 16 * 16; i++) values[i] = 1;
    for (long i = 0; i < count; i += 16) {
        BLOCK b = NAME(load)(values + i) * NAME(load)(values + i + 8);
        sum += log(((b[0] * b[4]) * (b[2] * b[6])) * ((b[1] * b[5]) * (b[3] * b[7])));
    }
    return sum;
}

static ct_information_sums NAME(information)(const ct_image_pair *pair, const ct_sliding_window *window, double noise,
                                             double least, double *scratch) {
    const long size = 2 * window->half + 1, rows = pair->rows - size + 1, columns = pair->columns - size + 1;
    ct_information_sums sums = {0};
    for (long place = 0; place < rows; place++) {
        double *m[5];
        NAME(window_moments)(pair, window, 5, place, scratch, m);
        for (long i = 0; i < columns; i += 8) {
            BLOCK x = NAME(load)(m[0] + i), y = NAME(load)(m[1] + i), zero = {0};
            BLOCK reference = NAME(load)(m[2] + i) - x * x, test = NAME(load)(m[3] + i) - y * y;
            BLOCK covariance = NAME(load)(m[4] + i) - x * y;
            reference = NAME(choose)(reference > zero, reference, zero);
            test = NAME(choose)(test > zero, test, zero);
            // The test image is gain · reference + distortion. Without variance the gain is zero, and it is never
            // negative.
            BLOCK gain = covariance / (reference + least);
            BLOCK distortion = test - gain * covariance;
            gain = NAME(choose)(reference < least, zero, gain);
            distortion = NAME(choose)(reference < least, test, distortion);
            reference = NAME(choose)(reference < least, zero, reference);
            gain = NAME(choose)(test < least, zero, gain);
            distortion = NAME(choose)(test < least, zero, distortion);
            distortion = NAME(choose)(gain < zero, test, distortion);
            gain = NAME(choose)(gain < zero, zero, gain);
            distortion = NAME(choose)(distortion > least, distortion, zero + least);
            NAME(store)(m[0] + i, 1 + gain * gain * reference / (distortion + noise));
            NAME(store)(m[1] + i, 1 + reference / noise);
        }
        if (pair->mask) {
            const double *mask = pair->mask + (place + window->half) * pair->columns + window->half;
            for (long i = 0; i < columns; i++) {
                if (mask[i] == 0) m[0][i] = m[1][i] = 1;
            }
            sums.places += NAME(sum)(mask, columns);
        } else {
            sums.places += (double)columns;
        }
        sums.kept += NAME(sum_of_logarithms)(m[0], columns);
        sums.whole += NAME(sum_of_logarithms)(m[1], columns);
    }
    return sums;
}

// MARK: - Gradients

/// Returns the squared Prewitt gradient magnitudes of one row; rows are padded with a zero on both sides.
INLINE BLOCK NAME(squared_gradient)(const double *const *rows, long i) {
    BLOCK left = {0}, right = {0}, above = {0}, below = {0};
    for (int k = 0; k < 3; k++) {
        left += NAME(load)(rows[k] + i);
        right += NAME(load)(rows[k] + i + 2);
        above += NAME(load)(rows[0] + i + k);
        below += NAME(load)(rows[2] + i + k);
    }
    BLOCK across = (right - left) / 3, down = (below - above) / 3;
    return across * across + down * down;
}

static ct_gradient_sums NAME(gradients)(const ct_image_pair *pair, double constant, double *scratch) {
    const long stride = row_stride(pair->columns);
    double *rows = scratch, *similarity = scratch + 6 * stride, *squares = scratch + 7 * stride;
    memset(rows, 0, (size_t)(6 * stride) * sizeof(double));
    ct_gradient_sums sums = {0};
    const double *images[2] = {pair->reference, pair->test};
    for (long row = 0; row <= pair->rows; row++) {
        // Row `row` enters, zero below the last; the row before it is complete.
        for (int image = 0; image < 2; image++) {
            double *to = rows + (3 * image + row % 3) * stride;
            if (row < pair->rows)
                memcpy(to + 1, images[image] + row * pair->columns, (size_t)pair->columns * sizeof(double));
            else
                memset(to, 0, (size_t)stride * sizeof(double));
        }
        if (row == 0) continue;
        const double *x[3], *y[3];
        for (long k = 0; k < 3; k++) {
            // Row −1 is the third of the ring, which is zero until row 2 enters.
            x[k] = rows + (row + 1 + k) % 3 * stride;
            y[k] = rows + (3 + (row + 1 + k) % 3) * stride;
        }
        for (long i = 0; i < pair->columns; i += 8) {
            BLOCK a = NAME(squared_gradient)(x, i), b = NAME(squared_gradient)(y, i), product = a * b;
            BLOCK root;
            for (int k = 0; k < 8; k++) root[k] = __builtin_sqrt(product[k]);
            BLOCK value = (2 * root + constant) / (a + b + constant);
            NAME(store)(similarity + i, value);
            NAME(store)(squares + i, value * value);
        }
        if (pair->mask) {
            const double *mask = pair->mask + (row - 1) * pair->columns;
            sums.similarity += NAME(weighted_sum)(similarity, mask, pair->columns);
            sums.squares += NAME(weighted_sum)(squares, mask, pair->columns);
            sums.places += NAME(sum)(mask, pair->columns);
        } else {
            sums.similarity += NAME(sum)(similarity, pair->columns);
            sums.squares += NAME(sum)(squares, pair->columns);
            sums.places += (double)pair->columns;
        }
    }
    return sums;
}

// MARK: - Smaller images

static void NAME(decimate)(const double *image, long rows, long columns, const ct_sliding_window *window,
                           double *scratch, double *result) {
    const long size = 2 * window->half + 1, stride = row_stride(columns), wide = (columns - size + 2) / 2;
    double *ring = scratch, *column = scratch + size * stride, *row = column + stride;
    for (long y = 0; y < rows; y++) {
        memcpy(ring + y % size * stride, image + y * columns, (size_t)columns * sizeof(double));
        const long place = y - size + 1;
        if (place < 0 || place % 2 != 0) continue;
        const double *taps[2 * MAX_HALF + 1];
        for (long k = 0; k < size; k++) taps[k] = ring + (place + k) % size * stride;
        NAME(filter)(taps, window->weights, window->half, column, columns);
        NAME(filter_row)(column, window, row, columns - size + 1);
        for (long x = 0; x < wide; x++) result[place / 2 * wide + x] = row[2 * x];
    }
}

static void NAME(halve)(const double *image, long rows, long columns, double *result) {
    const long wide = (columns + 1) / 2;
    for (long y = 0; y < rows; y += 2) {
        const double *above = image + y * columns, *below = y + 1 < rows ? above + columns : above;
        double *to = result + y / 2 * wide;
        for (long x = 0; x + 1 < columns; x += 2)
            to[x / 2] = ((above[x] + above[x + 1]) + (below[x] + below[x + 1])) / 4;
        if (columns % 2 != 0) to[wide - 1] = (above[columns - 1] + below[columns - 1]) / 2;
    }
}

static const ct_metric_kernels NAME(kernels) = {
    .name = ISA_NAME,
    .similarity = NAME(similarity),
    .information = NAME(information),
    .gradients = NAME(gradients),
    .decimate = NAME(decimate),
    .halve = NAME(halve),
};

#undef BLOCK
#undef LANES
#undef NAME
#undef ISA_NAME
