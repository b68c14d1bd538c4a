// Column-wise and element-wise kernels.

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
