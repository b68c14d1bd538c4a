// Depth-wise convolution over a grid of tokens.

// The tokens of each of two rows whose sums stay in registers: each tap and each token is loaded once for several sums.
#if VL == 16
enum { NAME(MIX_TOKENS) = 8 };
#else
enum { NAME(MIX_TOKENS) = 4 };
#endif

/// x + bias + the convolution, at `tokens` adjacent tokens of `lines` rows, both constant after inlining, whose taps
/// v_first..<v_end are all inside the row. The input rows from..<end, relative to the first line, are inside the image.
INLINE void NAME(mix_tokens)(const int lines, const int tokens, long columns, long channels, long size, long from,
                             long end, long v_first, long v_end, const float *x, const float *weights,
                             const float *bias, float *y, long ldy) {
    const long half = size / 2;
    FOR_COLUMNS(j, channels) {
        VF sum[2][NAME(MIX_TOKENS)], start = bias ? LOAD_AT(bias + j) : SPLAT(0);
        UNROLL for (int line = 0; line < lines; line++)
            UNROLL for (int t = 0; t < tokens; t++)
                sum[line][t] = start + LOAD_AT(x + (line * columns + t) * channels + j);
        for (long row = from; row < end; row++) {
            // The taps of a line for this row; all others are zero.
            const float *taps = weights + (row + half) * size * channels + j;
            const bool first = row + half < size, second = lines == 2 && row + half > 0;
            for (long v = v_first; v < v_end; v++) {
                const float *own = x + (row * columns + v - half) * channels + j;
                VF values[NAME(MIX_TOKENS)];
                UNROLL for (int t = 0; t < tokens; t++) values[t] = LOAD_AT(own + t * channels);
                if (first) {
                    VF weight = LOAD_AT(taps + v * channels);
                    UNROLL for (int t = 0; t < tokens; t++) sum[0][t] += weight * values[t];
                }
                if (second) {
                    VF weight = LOAD_AT(taps + (v - size) * channels);
                    UNROLL for (int t = 0; t < tokens; t++) sum[1][t] += weight * values[t];
                }
            }
        }
        UNROLL for (int line = 0; line < lines; line++)
            UNROLL for (int t = 0; t < tokens; t++) STORE_AT(y + line * ldy + t * channels + j, sum[line][t]);
    }
}

INLINE void NAME(mix_lines)(const int lines, long rows, long columns, long channels, long size, long row,
                            const float *x, const float *weights, const float *bias, float *y, long ldy) {
    const long half = size / 2;
    const long from = row < half ? -row : -half, end = rows - row < half + lines ? rows - row : half + lines;
    x += row * columns * channels;
#define TOKENS(tokens, v_first, v_end)                                                                       \
    NAME(mix_tokens)(lines, tokens, columns, channels, size, from, end, v_first, v_end, x + column * channels, \
                     weights, bias, y + column * channels, ldy);                                             \
    column += tokens
    for (long column = 0; column < columns;) {
        if (column >= half && column + NAME(MIX_TOKENS) + half <= columns) {
            TOKENS(NAME(MIX_TOKENS), 0, size);
        } else {
            TOKENS(1, column < half ? half - column : 0,
                   columns - column + half < size ? columns - column + half : size);
        }
    }
#undef TOKENS
}

static void NAME(mix_rows)(long rows, long columns, long channels, long size, long row, long count, const float *x,
                           const float *weights, const float *bias, float *y, long ldy) {
    for (; count >= 2; count -= 2, row += 2, y += 2 * ldy)
        NAME(mix_lines)(2, rows, columns, channels, size, row, x, weights, bias, y, ldy);
    if (count == 1) NAME(mix_lines)(1, rows, columns, channels, size, row, x, weights, bias, y, ldy);
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
                    // Four sums, to hide the latency of additions.
                    VF sum[4] = {LOAD_AT(d_weights + (u * size + v) * channels + j), SPLAT(0), SPLAT(0), SPLAT(0)};
                    long column = first;
                    for (; column + 4 <= end; column += 4)
                        UNROLL for (int t = 0; t < 4; t++)
                            sum[t] += LOAD_AT(d + (column + t) * channels + j)
                                    * LOAD_AT(from + (column + t) * channels + j);
                    for (; column < end; column++)
                        sum[0] += LOAD_AT(d + column * channels + j) * LOAD_AT(from + column * channels + j);
                    STORE_AT(d_weights + (u * size + v) * channels + j, (sum[0] + sum[1]) + (sum[2] + sum[3]));
                }
            }
        }
}
