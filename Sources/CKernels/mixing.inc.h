// Depth-wise convolution over a grid of tokens.

/// x + bias + the convolution at `tokens` neighbouring tokens of a row, a constant where this is inlined, whose taps
/// v_first..<v_end all lie inside the row.
INLINE void NAME(mix_tokens)(const int tokens, long columns, long channels, long size, long u_first, long u_end,
                             long v_first, long v_end, const float *x, const float *weights, const float *bias, float *y) {
    long half = size / 2;
    FOR_COLUMNS(j, channels) {
        VF sum[8], start = bias ? LOAD_AT(bias + j) : SPLAT(0);
        UNROLL for (int t = 0; t < tokens; t++) sum[t] = start + LOAD_AT(x + t * channels + j);
        for (long u = u_first; u < u_end; u++)
            for (long v = v_first; v < v_end; v++) {
                VF weight = LOAD_AT(weights + (u * size + v) * channels + j);
                const float *from = x + ((u - half) * columns + v - half) * channels + j;
                UNROLL for (int t = 0; t < tokens; t++) sum[t] += weight * LOAD_AT(from + t * channels);
            }
        UNROLL for (int t = 0; t < tokens; t++) STORE_AT(y + t * channels + j, sum[t]);
    }
}

static void NAME(mix_row)(long rows, long columns, long channels, long size, long row, const float *x,
                          const float *weights, const float *bias, float *y) {
    long half = size / 2;
    long u_first = row < half ? half - row : 0;
    long u_end = rows - row + half < size ? rows - row + half : size;
    for (long column = 0; column < columns;) {
        long at = (row * columns + column) * channels;
        if (column >= half && column + 8 + half <= columns) {
            NAME(mix_tokens)(8, columns, channels, size, u_first, u_end, 0, size, x + at, weights, bias, y + at);
            column += 8;
            continue;
        }
        long v_first = column < half ? half - column : 0;
        long v_end = columns - column + half < size ? columns - column + half : size;
        NAME(mix_tokens)(1, columns, channels, size, u_first, u_end, v_first, v_end, x + at, weights, bias, y + at);
        column++;
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
                    // Four sums, since each addition waits for the one before.
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
