// Matrix products with AMX (Intel 64 and IA-32 SDM, volume 1, chapter 18), on the operands of bf16.inc.h.
//
// All eight tiles are configured to full size, once per work item. Four of them accumulate, because a tile product has
// a latency of 52 cycles and the next can start after 16.

/// The tile configuration, as it is laid out in memory.
typedef struct amx_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} amx_config;

static const amx_config amx_full_tiles __attribute__((aligned(64))) = {
    .palette = 1,
    .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
    .rows = {16, 16, 16, 16, 16, 16, 16, 16},
};

static _Thread_local bool amx_is_ready;

static void amx_begin(void) {
    _tile_loadconfig(&amx_full_tiles);
    amx_is_ready = true;
}

/// Releases the tiles; otherwise every context switch saves 8 KB.
static void amx_end(void) {
    _tile_release();
    amx_is_ready = false;
}

/// For a kernel called outside any work: returns whether it must call amx_end.
static bool amx_begin_call(void) {
    if (amx_is_ready) return false;
    amx_begin();
    return true;
}

/// 2 × 2 tiles of z (rows of 64 floats) = a · b. Left tiles are in two buffers, as written by bf16_rows; right tiles
/// are the two from b of panels of `panel` tiles. Between blocks `share` cells of `work`, unless it is NULL, are
/// computed on units of the core that are otherwise idle.
INLINE void amx_square(const int parts, long blocks, const bf16 *a0, const bf16 *a1, const bf16 *b, long panel,
                       float *z, bf16_cells *work, long share) {
    const long next = parts * BF16_TILE;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (; blocks > 0; blocks--, a0 += next, a1 += next, b += panel * next) {
#define PRODUCTS           \
    _tile_dpbf16ps(0, 4, 6); \
    _tile_dpbf16ps(1, 4, 7); \
    _tile_dpbf16ps(2, 5, 6); \
    _tile_dpbf16ps(3, 5, 7)
        _tile_loadd(6, b, 64);
        _tile_loadd(7, b + next, 64);
        if (parts == 2) {
            _tile_loadd(4, a0 + BF16_TILE, 64);
            _tile_loadd(5, a1 + BF16_TILE, 64);
            PRODUCTS;  // low · high
        }
        _tile_loadd(4, a0, 64);
        _tile_loadd(5, a1, 64);
        PRODUCTS;  // high · high
        if (parts == 2) {
            _tile_loadd(6, b + BF16_TILE, 64);
            _tile_loadd(7, b + next + BF16_TILE, 64);
            PRODUCTS;  // high · low
        }
#undef PRODUCTS
        if (work) bf16_run_cells(work, share);
    }
    _tile_stored(0, z, 256);
    _tile_stored(1, z + 16, 256);
    _tile_stored(2, z + 16 * 64, 256);
    _tile_stored(3, z + 16 * 64 + 16, 256);
}

/// 1 × `columns` (2 or 4) tiles of z (rows of 64 floats) = a · b; see amx_square.
INLINE void amx_row(const int parts, const int columns, long blocks, const bf16 *a, const bf16 *b, long panel,
                    float *z, bf16_cells *work, long share) {
    const long next = parts * BF16_TILE;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (; blocks > 0; blocks--, a += next, b += panel * next) {
        _tile_loadd(4, a, 64);
        if (parts == 2) _tile_loadd(5, a + BF16_TILE, 64);
#define COLUMNS(c0, c1)                                       \
    _tile_loadd(6, b + c0 * next, 64);                        \
    _tile_loadd(7, b + c1 * next, 64);                        \
    if (parts == 2) {                                         \
        _tile_dpbf16ps(c0, 5, 6);                             \
        _tile_dpbf16ps(c1, 5, 7);                             \
    }                                                         \
    _tile_dpbf16ps(c0, 4, 6);                                 \
    _tile_dpbf16ps(c1, 4, 7);                                 \
    if (parts == 2) {                                         \
        _tile_loadd(6, b + c0 * next + BF16_TILE, 64);        \
        _tile_loadd(7, b + c1 * next + BF16_TILE, 64);        \
        _tile_dpbf16ps(c0, 4, 6);                             \
        _tile_dpbf16ps(c1, 4, 7);                             \
    }
        COLUMNS(0, 1)
        if (columns == 4) {
            COLUMNS(2, 3)
        }
#undef COLUMNS
        if (work) bf16_run_cells(work, share);
    }
    _tile_stored(0, z, 256);
    _tile_stored(1, z + 16, 256);
    if (columns == 4) {
        _tile_stored(2, z + 32, 256);
        _tile_stored(3, z + 48, 256);
    }
}

/// All columns of z (rows of 64 floats) for up to 32 rows of a and the panel at b: a unit of a product.
INLINE void amx_panel(const int parts, long rows, long tiles, long blocks, const bf16 *a, const bf16 *b, float *z,
                      bf16_cells *work, long share) {
    const long next = parts * BF16_TILE;
    if (rows <= 16) {
        if (tiles == 4) amx_row(parts, 4, blocks, a, b, 4, z, work, share);
        else amx_row(parts, 2, blocks, a, b, 2, z, work, share);
        return;
    }
    for (long tile = 0; tile < tiles; tile += 2)
        amx_square(parts, blocks, a, a + blocks * next, b + tile * next, tiles, z + tile * 16, work, share);
}

// MARK: - Transposed times plain

/// Converts the pairs of a right tile to those of a left tile.
INLINE void amx_transpose(const bf16 *from, bf16 *to) {
    bf16_vu r[16], t[16];
    UNROLL for (int i = 0; i < 16; i++) r[i] = (bf16_vu)_mm512_loadu_si512(from + i * 32);
    // First the 4×4 blocks within each 128 bits, then whole blocks.
    UNROLL for (int i = 0; i < 16; i += 4) {
        bf16_vu low0 = (bf16_vu)_mm512_unpacklo_epi32((__m512i)r[i], (__m512i)r[i + 1]);
        bf16_vu high0 = (bf16_vu)_mm512_unpackhi_epi32((__m512i)r[i], (__m512i)r[i + 1]);
        bf16_vu low1 = (bf16_vu)_mm512_unpacklo_epi32((__m512i)r[i + 2], (__m512i)r[i + 3]);
        bf16_vu high1 = (bf16_vu)_mm512_unpackhi_epi32((__m512i)r[i + 2], (__m512i)r[i + 3]);
        t[i] = (bf16_vu)_mm512_unpacklo_epi64((__m512i)low0, (__m512i)low1);
        t[i + 1] = (bf16_vu)_mm512_unpackhi_epi64((__m512i)low0, (__m512i)low1);
        t[i + 2] = (bf16_vu)_mm512_unpacklo_epi64((__m512i)high0, (__m512i)high1);
        t[i + 3] = (bf16_vu)_mm512_unpackhi_epi64((__m512i)high0, (__m512i)high1);
    }
    UNROLL for (int i = 0; i < 4; i++) {
        // t[i + 4·q] holds columns i, 4 + i, 8 + i, 12 + i of rows 4·q to 4·q + 3.
        __m512i even01 = _mm512_shuffle_i32x4((__m512i)t[i], (__m512i)t[i + 4], 0x88);
        __m512i odd01 = _mm512_shuffle_i32x4((__m512i)t[i], (__m512i)t[i + 4], 0xdd);
        __m512i even23 = _mm512_shuffle_i32x4((__m512i)t[i + 8], (__m512i)t[i + 12], 0x88);
        __m512i odd23 = _mm512_shuffle_i32x4((__m512i)t[i + 8], (__m512i)t[i + 12], 0xdd);
        _mm512_storeu_si512(to + i * 32, _mm512_shuffle_i32x4(even01, even23, 0x88));
        _mm512_storeu_si512(to + (i + 4) * 32, _mm512_shuffle_i32x4(odd01, odd23, 0x88));
        _mm512_storeu_si512(to + (i + 8) * 32, _mm512_shuffle_i32x4(even01, even23, 0xdd));
        _mm512_storeu_si512(to + (i + 12) * 32, _mm512_shuffle_i32x4(odd01, odd23, 0xdd));
    }
}

/// c += aᵀ · b in two parts: runs of rows of both are rounded into a buffer, a's transposed, and accumulated tile by
/// tile.
static void amx_gemm_outer(long m, long n, long k, const float *a, long lda, const float *b, long ldb, float *c,
                           long ldc) {
    // 16 tiles of rows and 8 of columns, by 64 rows of a and b: 96 KB.
    enum { ROWS = 256, COLUMNS = 128, MOST = (ROWS + COLUMNS) / 16 * 2, NEXT = 2 * BF16_TILE };
    bf16 buffer[MOST * NEXT] __attribute__((aligned(64)));
    float z[32 * 64] __attribute__((aligned(64)));
    bf16 pairs[NEXT] __attribute__((aligned(64)));
    const bool alone = amx_begin_call();
    for (long top = 0; top < m; top += ROWS)
        for (long left = 0; left < n; left += COLUMNS) {
            const long rows = m - top < ROWS ? m - top : ROWS, columns = n - left < COLUMNS ? n - left : COLUMNS;
            const long down = (rows + 15) / 16, across = (columns + 31) / 32 * 2;
            const long most = MOST / (down + across);
            bf16 *const right = buffer + down * most * NEXT;
            for (long first = 0; first < k; first += most * BF16_K) {
                const long rest = bf16_blocks(k - first), blocks = rest < most ? rest : most;
                for (long block = 0; block < blocks; block++) {
                    const float *a_rows[BF16_K], *b_rows[BF16_K];
                    for (long p = 0, row = first + block * BF16_K; p < BF16_K; p++, row++) {
                        a_rows[p] = row < k ? a + row * lda + top : NULL;
                        b_rows[p] = row < k ? b + row * ldb + left : NULL;
                    }
                    for (long tile = 0; tile < down; tile++) {
                        bf16 *to = buffer + (tile * blocks + block) * NEXT;
                        bf16_right_tile(2, a_rows, tile * 16, rows, pairs);
                        amx_transpose(pairs, to);
                        amx_transpose(pairs + BF16_TILE, to + BF16_TILE);
                    }
                    for (long tile = 0; tile < across; tile++)
                        bf16_right_tile(2, b_rows, tile * 16, columns, right + (block * across + tile) * NEXT);
                }
                for (long j = 0; j < columns; j += 32)
                    for (long i = 0; i < rows; i += 32) {
                        const bf16 *own = buffer + i / 16 * blocks * NEXT;
                        float *to = c + (top + i) * ldc + left + j;
                        if (rows - i > 16)
                            amx_square(2, blocks, own, own + blocks * NEXT, right + j / 16 * NEXT, across, z, NULL, 0);
                        else amx_row(2, 2, blocks, own, right + j / 16 * NEXT, across, z, NULL, 0);
                        bf16_finish(rows - i < 32 ? rows - i : 32, columns - j < 32 ? columns - j : 32, z, NULL, to,
                                    ldc, to, ldc);
                    }
            }
        }
    if (alone) amx_end();
}
