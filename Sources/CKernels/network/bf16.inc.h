// Matrix products and LSTM steps in bf16, for network_kernels.c on x86-64, on top of the avx512 kernels: AMX multiplies
// tiles of 16 rows, AVX512-BF16 (vdpbf16ps) pairs. Both accumulate in fp32, and everything else is fp32 too.
//
// bf16 is the upper half of a float, with 8 significant bits. In two `parts`, high = bf16(x) and low = bf16(x − high),
// a number has 16 of them, and the sum of three products, high·high + high·low + low·high, has a relative error of at
// most 3·2⁻¹⁶, and far less over a sum (Henry, Tang, Heinecke 2019, doi 10.1109/ARITH.2019.00019). A single part is
// "plain" bf16.

typedef uint16_t bf16;
typedef avx512_vf bf16_vf;
typedef uint32_t bf16_vu __attribute__((vector_size(64)));

enum {
    BF16_K = 32,          // columns of a left tile, rows of a right one
    BF16_TILE = 16 * 32,  // values per tile
    // The values of a left operand in the stack buffer: 16 rows of the largest LSTM step, 2 · 1024 columns, in two
    // parts.
    BF16_MOST = 16 * 2048 * 2,
    BF16_NEAR = 16 * 1024,  // as many as stay in L1 beside the right operand
};

static long bf16_blocks(long k) { return (k + BF16_K - 1) / BF16_K; }

// MARK: - Rounding

// Which 32 of the 64 half floats in two vectors to take as upper halves: those of one vector after the other, or of the
// two vectors alternately.
static const uint16_t bf16_in_order[32] __attribute__((aligned(64))) = {
    1,  3,  5,  7,  9,  11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31,
    33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63};
static const uint16_t bf16_in_turn[32] __attribute__((aligned(64))) = {
    1,  33, 3,  35, 5,  37, 7,  39, 9,  41, 11, 43, 13, 45, 15, 47,
    17, 49, 19, 51, 21, 53, 23, 55, 25, 57, 27, 59, 29, 61, 31, 63};

/// Writes 32 values in `order`, the low parts `distance` values after the high ones. Rounds to nearest, ties away from
/// zero.
INLINE void bf16_round(const int parts, bf16_vf x0, bf16_vf x1, __m512i order, bf16 *to, long distance) {
    bf16_vu high0 = (bf16_vu)x0 + 0x8000u, high1 = (bf16_vu)x1 + 0x8000u;
    _mm512_storeu_si512(to, _mm512_permutex2var_epi16((__m512i)high0, order, (__m512i)high1));
    if (parts == 1) return;
    bf16_vu low0 = (bf16_vu)(x0 - (bf16_vf)(high0 & 0xffff0000u)) + 0x8000u;
    bf16_vu low1 = (bf16_vu)(x1 - (bf16_vf)(high1 & 0xffff0000u)) + 0x8000u;
    _mm512_storeu_si512(to + distance, _mm512_permutex2var_epi16((__m512i)low0, order, (__m512i)low1));
}

/// Returns the floats at p of columns `j`…`j` + 15 of `width`, zeros beyond.
INLINE bf16_vf bf16_load(const float *p, long j, long width) {
    if (j + 16 <= width) return avx512_load(p + j);
    return j < width ? avx512_load_part(p + j, width - j) : avx512_splat(0);
}

// MARK: - Left operands

// Rows in blocks of 32 columns, stored as (block, part, row, column). For AMX each buffer has 16 rows, so that these
// are tiles, one buffer after the other.

/// Rounds n ≤ height rows of x (n×k); missing rows become zero.
INLINE void bf16_rows(const int parts, long n, long k, const float *x, long ldx, long height, bf16 *to) {
    const __m512i order = _mm512_load_si512(bf16_in_order);
    const long part = height * BF16_K, next = parts * part, whole = k / BF16_K * BF16_K;
    for (long row = 0; row < n; row++, x += ldx) {
        bf16 *own = to + row * BF16_K;
        for (long j = 0; j < whole; j += BF16_K, own += next)
            bf16_round(parts, avx512_load(x + j), avx512_load(x + j + 16), order, own, part);
        if (whole < k) bf16_round(parts, bf16_load(x, whole, k), bf16_load(x, whole + 16, k), order, own, part);
    }
    for (long row = n; row < height; row++)
        for (long i = 0; i < bf16_blocks(k) * parts; i++)
            _mm512_storeu_si512(to + i * part + row * BF16_K, _mm512_setzero_si512());
}

// MARK: - Right operands

// Tiles of 32 rows and 16 columns with row pairs interleaved: (pair, column, row of the pair), the format of both AMX
// and vdpbf16ps. Packed: panels of four adjacent tiles, the last of two if that is enough; each panel as (block of
// rows, tile, part), padded with zeros.

/// Rounds one tile: 32 rows, NULL for zeros, of columns `j`…`j` + 15 of `width`.
INLINE void bf16_right_tile(const int parts, const float *const rows[BF16_K], long j, long width, bf16 *to) {
    const __m512i order = _mm512_load_si512(bf16_in_turn);
    for (long pair = 0; pair < BF16_K / 2; pair++, rows += 2, to += 32) {
        bf16_vf x0 = rows[0] ? bf16_load(rows[0], j, width) : avx512_splat(0);
        bf16_vf x1 = rows[1] ? bf16_load(rows[1], j, width) : avx512_splat(0);
        bf16_round(parts, x0, x1, order, to, BF16_TILE);
    }
}

/// Packs one tile with `rows`×`columns` elements: (p, j) is at b[p·row + j·column].
static void bf16_pack_tile(int parts, long rows, long columns, const float *b, long row, long column, float *packed) {
    float floats[BF16_K][16] = {0};
    const float *all[BF16_K];
    for (long p = 0; p < BF16_K; p++) {
        all[p] = floats[p];
        for (long j = 0; p < rows && j < columns; j++) floats[p][j] = b[p * row + j * column];
    }
    if (parts == 1) bf16_right_tile(1, all, 0, 16, (bf16 *)packed);
    else bf16_right_tile(2, all, 0, 16, (bf16 *)packed);
}

/// Returns the tiles of the panel that starts at column j of n.
static long bf16_panel(long n, long j) { return n - j <= 32 ? 2 : 4; }

INLINE long bf16_packed_size(const int parts, long k, long n) {
    return bf16_blocks(k) * ((n + 31) / 32 * 2) * parts * (BF16_TILE / 2);
}

INLINE void bf16_pack(const int parts, long k, long n, const float *b, long row, long column, float *packed) {
    for (long first = 0; first < n; first += 64)
        for (long p = 0; p < k; p += BF16_K)
            for (long j = first; j < first + 16 * bf16_panel(n, first); j += 16, packed += parts * (BF16_TILE / 2))
                bf16_pack_tile(parts, k - p, n - j < 16 ? n - j : 16, b + p * row + j * column, row, column, packed);
}

// An LSTM: for each group of 16 hidden units the biases, 16 of each gate in the order i, f, g, o, times gate_rates,
// then the panels of their input weights and of their hidden weights, one tile per gate, unscaled.
INLINE long bf16_group_size(const int parts, long inputs, long hidden) {
    return 64 + (bf16_blocks(inputs) + bf16_blocks(hidden)) * 4 * parts * (BF16_TILE / 2);
}

INLINE long bf16_lstm_packed_size(const int parts, long inputs, long hidden) {
    return (hidden + 15) / 16 * bf16_group_size(parts, inputs, hidden);
}

INLINE void bf16_lstm_pack(const int parts, long inputs, long hidden, const float *input_weights,
                           const float *hidden_weights, const float *bias, float *packed) {
    for (long first = 0; first < hidden; first += 16) {
        long units = hidden - first < 16 ? hidden - first : 16;
        for (long gate = 0; gate < 4; gate++)
            for (long j = 0; j < 16; j++)
                *packed++ = j < units ? gate_rates[gate] * bias[gate * hidden + first + j] : 0;
        for (long p = 0; p < inputs; p += BF16_K)
            for (long gate = 0; gate < 4; gate++, packed += parts * (BF16_TILE / 2))
                bf16_pack_tile(parts, inputs - p, units, input_weights + (gate * hidden + first) * inputs + p, 1,
                               inputs, packed);
        for (long p = 0; p < hidden; p += BF16_K)
            for (long gate = 0; gate < 4; gate++, packed += parts * (BF16_TILE / 2))
                bf16_pack_tile(parts, hidden - p, units, hidden_weights + (gate * hidden + first) * hidden + p, 1,
                               hidden, packed);
    }
}

// MARK: - After a product

/// c (m×n) = onto + z (m×n, rows of 64 floats) + bias; NULL is zero.
static void bf16_finish(long m, long n, const float *z, const float *bias, const float *onto, long ld_onto, float *c,
                        long ldc) {
    for (long j = 0; j < n; j += 16) {
        __mmask16 columns = n - j < 16 ? (__mmask16)((1u << (n - j)) - 1) : 0xffff;
        __m512 start = bias ? _mm512_maskz_loadu_ps(columns, bias + j) : _mm512_setzero_ps();
        for (long i = 0; i < m; i++) {
            __m512 sum = (__m512)avx512_load(z + i * 64 + j) + start;
            if (onto) sum += _mm512_maskz_loadu_ps(columns, onto + i * ld_onto + j);
            _mm512_mask_storeu_ps(c + i * ldc + j, columns, sum);
        }
    }
}

/// Cells whose pre-activations are computed, except for the biases.
typedef struct bf16_cells {
    const ct_lstm_step *step;
    /// The sequences `row`..<`end`, and the hidden units from `first`.
    long row, end, first;
    /// (4·16): the biases, times gate_rates.
    const float *biases;
    /// (end − row, 4·16): the pre-activations, from the next sequence on.
    const float *z;
} bf16_cells;

INLINE void bf16_cell_row(const bool save, const bf16_cells *work, __mmask16 units) {
    const ct_lstm_step *s = work->step;
    const long row = work->row, first = work->first;
    avx512_vf gates[4];
    for (int gate = 0; gate < 4; gate++)
        gates[gate] = gate_rates[gate] * avx512_load(work->z + gate * 16) + avx512_load(work->biases + gate * 16);
    avx512_vf state = avx512_splat(0);
    if (s->c_before) state = (avx512_vf)_mm512_maskz_loadu_ps(units, s->c_before + row * s->ldc + first);
    avx512_vf h = avx512_cell(gates, &state, save);
    _mm512_mask_storeu_ps(s->c + row * s->ldc + first, units, (__m512)state);
    _mm512_mask_storeu_ps(s->h + row * s->ldh + first, units, (__m512)h);
    if (!save) return;
    for (int gate = 0; gate < 4; gate++)
        _mm512_mask_storeu_ps(s->gates + row * s->ld_gates + gate * s->hidden + first, units, (__m512)gates[gate]);
}

/// Computes up to `count` more of the cells.
static void bf16_run_cells(bf16_cells *work, long count) {
    const ct_lstm_step *s = work->step;
    const long rest = s->hidden - work->first;
    const __mmask16 units = rest < 16 ? (__mmask16)((1u << rest) - 1) : 0xffff;
    for (; count > 0 && work->row < work->end; count--, work->row++, work->z += 64) {
        // Rows are too far apart for the hardware prefetcher.
        if (s->next_x && work->first == 0)
            for (long j = 0; j < s->inputs; j += 16) __builtin_prefetch(s->next_x + work->row * s->ldx + j);
        if (s->gates) bf16_cell_row(true, work, units);
        else bf16_cell_row(false, work, units);
    }
}

// MARK: - Products of pairs

/// mr rows and nv tiles of z (rows of 64 floats) = a · b in plain bf16, over two runs of k0 and k1 rows of b, each of
/// which starts with a block.
INLINE void bf16_pairs(const int mr, const int nv, long k0, long k1, const bf16 *a, long height, const bf16 *b,
                       float *z) {
    __m512 sum[6][4];
    UNROLL for (int i = 0; i < mr; i++)
        UNROLL for (int v = 0; v < nv; v++) sum[i][v] = _mm512_setzero_ps();
    for (int run = 0; run < 2; run++)
        for (long k = run == 0 ? k0 : k1; k > 0; k -= BF16_K, a += height * BF16_K, b += nv * BF16_TILE) {
            const long pairs = k < BF16_K ? (k + 1) / 2 : BF16_K / 2;
            for (long pair = 0; pair < pairs; pair++) {
                __m512bh factor[6];
                UNROLL for (int i = 0; i < mr; i++) {
                    int two;
                    memcpy(&two, a + i * BF16_K + 2 * pair, 4);
                    factor[i] = (__m512bh)_mm512_set1_epi32(two);
                }
                UNROLL for (int v = 0; v < nv; v++) {
                    __m512bh row = (__m512bh)_mm512_loadu_si512(b + v * BF16_TILE + pair * 32);
                    UNROLL for (int i = 0; i < mr; i++) sum[i][v] = _mm512_dpbf16_ps(sum[i][v], factor[i], row);
                }
            }
        }
    UNROLL for (int i = 0; i < mr; i++)
        UNROLL for (int v = 0; v < nv; v++) _mm512_storeu_ps(z + i * 64 + v * 16, sum[i][v]);
}

/// The same for up to 6 rows and 2 or 4 tiles.
static void bf16_pairs_of(long rows, long tiles, long k0, long k1, const bf16 *a, long height, const bf16 *b,
                          float *z) {
#define ROWS(mr)                                                      \
    if (tiles == 4) bf16_pairs(mr, 4, k0, k1, a, height, b, z);       \
    else bf16_pairs(mr, 2, k0, k1, a, height, b, z);                  \
    break
    switch (rows) {
    case 6: ROWS(6);
    case 5: ROWS(5);
    case 4: ROWS(4);
    case 3: ROWS(3);
    case 2: ROWS(2);
    default: ROWS(1);
    }
#undef ROWS
}
