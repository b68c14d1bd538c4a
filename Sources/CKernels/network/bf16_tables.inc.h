// The bf16 kernels: drivers that cut operands into pieces for amx.inc.h and bf16.inc.h, and the tables.

/// c = onto + a · b + bias, with `parts` parts per value; by AMX if `tiles`, otherwise by pairs.
INLINE void bf16_gemm(const int parts, const bool tiles, long m, long n, long k, const float *a, long lda,
                      const float *packed, const float *bias, const float *onto, long ld_onto, float *c, long ldc) {
    bf16 left[BF16_NEAR] __attribute__((aligned(64)));
    float z[32 * 64] __attribute__((aligned(64)));
    const long all = bf16_blocks(k), most = BF16_NEAR / (32 * BF16_K * parts), unit = tiles ? 32 : 6;
    const bool alone = tiles && amx_begin_call();
    long block = 0;
    do {
        const long blocks = all - block < most ? all - block : most;
        const long width = k - block * BF16_K < blocks * BF16_K ? k - block * BF16_K : blocks * BF16_K;
        const long height = blocks > 0 ? BF16_NEAR / (blocks * BF16_K * parts) / 16 * 16 : m;
        for (long top = 0; top < m; top += height) {
            const long rows = m - top < height ? m - top : height;
            const float *from = a + top * lda + block * BF16_K;
            if (tiles)
                for (long i = 0; i < rows; i += 16)
                    bf16_rows(parts, rows - i < 16 ? rows - i : 16, width, from + i * lda, lda, 16,
                              left + i * blocks * BF16_K * parts);
            else bf16_rows(parts, rows, width, from, lda, rows, left);
            for (long j = 0; j < n; j += 64) {
                const long panel = bf16_panel(n, j), columns = n - j < 64 ? n - j : 64;
                const bf16 *right = (const bf16 *)packed + (j / 16 * all + block * panel) * parts * BF16_TILE;
                for (long i = 0; i < rows; i += unit) {
                    const long count = rows - i < unit ? rows - i : unit;
                    if (tiles)
                        amx_panel(parts, count, panel, blocks, left + i * blocks * BF16_K * parts, right, z, NULL, 0);
                    else bf16_pairs_of(count, panel, width, 0, left + i * BF16_K, rows, right, z);
                    bf16_finish(count, columns, z, bias ? bias + j : NULL,
                                onto ? onto + (top + i) * ld_onto + j : NULL, ld_onto, c + (top + i) * ldc + j, ldc);
                }
            }
        }
        block += blocks;
        bias = NULL;
        onto = c;
        ld_onto = ldc;
    } while (block < all);
    if (alone) amx_end();
}

INLINE void bf16_lstm_forward(const int parts, const bool tiles, const ct_lstm_step *s) {
    bf16 left[BF16_MOST] __attribute__((aligned(64)));
    float z[2][32 * 64] __attribute__((aligned(64)));
    const long input_blocks = bf16_blocks(s->inputs);
    const long blocks = input_blocks + (s->h_before ? bf16_blocks(s->hidden) : 0), unit = tiles ? 32 : 6;
    long most = blocks > 0 ? BF16_MOST / (blocks * BF16_K * parts) / 16 * 16 : 64;
    if (most > 64) most = 64;
    const bool alone = tiles && amx_begin_call();
    for (long top = 0; top < s->sequences; top += most) {
        const long rows = s->sequences - top < most ? s->sequences - top : most, height = tiles ? 16 : rows;
        for (long i = 0; i < rows; i += height) {
            const long count = rows - i < height ? rows - i : height;
            bf16 *to = left + i * blocks * BF16_K * parts;
            bf16_rows(parts, count, s->inputs, s->x + (top + i) * s->ldx, s->ldx, height, to);
            if (s->h_before)
                bf16_rows(parts, count, s->hidden, s->h_before + (top + i) * s->ldh, s->ldh, height,
                          to + input_blocks * BF16_K * parts * height);
        }
        // The cells of a unit are computed during the products of the next one.
        bf16_cells work = {.step = s};
        int turn = 0;
        const float *packed = s->packed;
        for (long first = 0; first < s->hidden; first += 16, packed += bf16_group_size(parts, s->inputs, s->hidden))
            for (long i = 0; i < rows; i += unit) {
                const long count = rows - i < unit ? rows - i : unit;
                const bf16 *right = (const bf16 *)(packed + 64);
                if (tiles) {
                    const long stops = count > 16 ? 2 * blocks : blocks;
                    amx_panel(parts, count, 4, blocks, left + i * blocks * BF16_K * parts, right, z[turn], &work,
                              stops > 0 ? (work.end - work.row + stops - 1) / stops : 0);
                    bf16_run_cells(&work, work.end - work.row);
                } else bf16_pairs_of(count, 4, s->inputs, s->h_before ? s->hidden : 0, left + i * BF16_K, rows, right,
                                     z[turn]);
                work = (bf16_cells){s, top + i, top + i + count, first, packed, z[turn]};
                if (!tiles) bf16_run_cells(&work, count);
                turn = 1 - turn;
            }
        bf16_run_cells(&work, work.end - work.row);
    }
    if (alone) amx_end();
}

// MARK: - Tables

#define KERNELS(name, parts, tiles)                                                                                  \
    static void name##_gemm(long m, long n, long k, const float *a, long lda, const float *packed, const float *bias, \
                            const float *onto, long ld_onto, float *c, long ldc) {                                   \
        bf16_gemm(parts, tiles, m, n, k, a, lda, packed, bias, onto, ld_onto, c, ldc);                               \
    }                                                                                                                \
    static void name##_lstm_forward(const ct_lstm_step *step) { bf16_lstm_forward(parts, tiles, step); }

KERNELS(amx, 2, true)
KERNELS(amx_plain, 1, true)
KERNELS(avx512_plain, 1, false)
#undef KERNELS

#define PACKING(parts)                                                                                            \
    static long bf16_packed_size_##parts(long k, long n) { return bf16_packed_size(parts, k, n); }                \
    static void bf16_pack_##parts(long k, long n, const float *b, long row, long column, float *packed) {         \
        bf16_pack(parts, k, n, b, row, column, packed);                                                           \
    }                                                                                                             \
    static long bf16_lstm_packed_size_##parts(long inputs, long hidden) {                                         \
        return bf16_lstm_packed_size(parts, inputs, hidden);                                                      \
    }                                                                                                             \
    static void bf16_lstm_pack_##parts(long inputs, long hidden, const float *input_weights,                      \
                                       const float *hidden_weights, const float *bias, float *packed) {           \
        bf16_lstm_pack(parts, inputs, hidden, input_weights, hidden_weights, bias, packed);                       \
    }

PACKING(1)
PACKING(2)
#undef PACKING

#define NAME(x) avx512_##x

#define BF16_KERNELS(parts)                            \
    .packed_size = bf16_packed_size_##parts,           \
    .pack = bf16_pack_##parts,                         \
    .lstm_packed_size = bf16_lstm_packed_size_##parts, \
    .lstm_pack = bf16_lstm_pack_##parts,               \
    FLOAT_KERNELS

static const ct_kernels amx_kernels = {
    .name = "amx",
    .precision = "bf16, three products for one",
    .begin_work = amx_begin,
    .end_work = amx_end,
    .gemm = amx_gemm,
    .gemm_outer = amx_gemm_outer,
    .lstm_forward = amx_lstm_forward,
    BF16_KERNELS(2),
};

static const ct_kernels amx_plain_kernels = {
    .name = "amx",
    .precision = "bf16",
    .begin_work = amx_begin,
    .end_work = amx_end,
    .gemm = amx_plain_gemm,
    .gemm_outer = amx_gemm_outer,  // two parts: training keeps its accuracy
    .lstm_forward = amx_plain_lstm_forward,
    BF16_KERNELS(1),
};

static const ct_kernels avx512_plain_kernels = {
    .name = "avx512",
    .precision = "bf16",
    .gemm = avx512_plain_gemm,
    .gemm_outer = avx512_gemm_outer,
    .lstm_forward = avx512_plain_lstm_forward,
    BF16_KERNELS(1),
};

#undef BF16_KERNELS
#undef NAME
