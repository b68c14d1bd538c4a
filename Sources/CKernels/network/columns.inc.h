// Column by column, and element by element.

static void NAME(add)(long n, long width, const float *a, long lda, const float *b, long ldb, float *y, long ldy) {
    for (long s = 0; s < n; s++)
        FOR_COLUMNS(j, width) STORE_AT(y + s * ldy + j, LOAD_AT(a + s * lda + j) + LOAD_AT(b + s * ldb + j));
}

static void NAME(copy_rows)(long n, long width, const float *x, long ldx, float *y, long ldy) {
    for (long s = 0; s < n; s++)
        FOR_COLUMNS(j, width) STORE_AT(y + s * ldy + j, LOAD_AT(x + s * ldx + j));
}

static void NAME(column_sums)(long n, long width, const float *x, long ldx, float *sums) {
    FOR_COLUMNS(j, width) {
        VF sum = LOAD_AT(sums + j);
        for (long s = 0; s < n; s++) sum += LOAD_AT(x + s * ldx + j);
        STORE_AT(sums + j, sum);
    }
}

static void NAME(subtract_row)(long n, long width, const float *x, long ldx, const float *row, float *y, long ldy) {
    for (long s = 0; s < n; s++)
        FOR_COLUMNS(j, width) STORE_AT(y + s * ldy + j, LOAD_AT(x + s * ldx + j) - LOAD_AT(row + j));
}

static void NAME(row_dots)(long n, long width, const float *a, long lda, const float *b, long ldb, float *dots) {
    for (long s = 0; s < n; s++) {
        VF sum = SPLAT(0);
        FOR_COLUMNS(j, width) sum += LOAD_AT(a + s * lda + j) * LOAD_AT(b + s * ldb + j);
        float lanes[VL], total = 0;
        STORE(lanes, sum);
        for (int lane = 0; lane < VL; lane++) total += lanes[lane];
        dots[s] = total;
    }
}

static void NAME(adam)(long n, const ct_adam_step *step, const float *gradient, float *first, float *second,
                       float *parameters) {
    const ct_adam_step s = *step;
    FOR_COLUMNS(j, n) {
        VF slope = LOAD_AT(gradient + j) * s.scale;
        VF mean = s.decay_first * LOAD_AT(first + j) + (1 - s.decay_first) * slope;
        VF square = s.decay_second * LOAD_AT(second + j) + (1 - s.decay_second) * (slope * slope);
        STORE_AT(first + j, mean);
        STORE_AT(second + j, square);
        VF root = __builtin_elementwise_sqrt(square) * s.root + s.epsilon;
        STORE_AT(parameters + j, LOAD_AT(parameters + j) - s.rate * mean / root);
    }
}
