// Overlapping windows of an image: from pixels to tokens and back.
#include "network_kernels.h"

#include <string.h>

/// Returns an index mirrored into 0..<count without repeating the edge: -1 → 1, count → count − 2.
static long mirrored(long index, long count) {
    if (count == 1) return 0;
    while (index < 0 || index >= count) index = index < 0 ? -index : 2 * (count - 1) - index;
    return index;
}

void ct_windows_gather(const float *image, long rows, long columns, long patch, long window, bool reflect, long first,
                       long count, float *windows) {
    long margin = (window - patch) / 2, across = columns / patch;
    for (long token = first; token < first + count; token++) {
        long top = token / across * patch - margin, left = token % across * patch - margin;
        float *to = windows + (token - first) * window * window;
        bool inside = left >= 0 && left + window <= columns;
        for (long u = 0; u < window; u++, to += window) {
            long row = top + u;
            if (row < 0 || row >= rows) {
                if (!reflect) {
                    memset(to, 0, (size_t)window * sizeof(float));
                    continue;
                }
                row = mirrored(row, rows);
            }
            const float *from = image + row * columns;
            if (inside) {
                memcpy(to, from + left, (size_t)window * sizeof(float));
                continue;
            }
            for (long v = 0; v < window; v++) {
                long column = left + v;
                bool outside = column < 0 || column >= columns;
                to[v] = outside ? (reflect ? from[mirrored(column, columns)] : 0) : from[column];
            }
        }
    }
}

void ct_windows_sum_row(const float *windows, long first_down, long rows, long columns, long patch, long window,
                        float bias, long row, float *image) {
    long margin = (window - patch) / 2, down = rows / patch, across = columns / patch;
    float *to = image + row * columns;
    for (long column = 0; column < columns; column++) to[column] = bias;
    // The token rows i whose window covers `row`: 0 ≤ row − (i·patch − margin) < window.
    long last = (row + margin) / patch;
    long first = row + margin - window + 1;
    first = first <= 0 ? 0 : (first + patch - 1) / patch;
    for (long i = first; i <= last && i < down; i++) {
        long u = row + margin - i * patch;
        for (long j = 0; j < across; j++) {
            const float *from = windows + (((i - first_down) * across + j) * window + u) * window;
            long left = j * patch - margin;
            long v = left < 0 ? -left : 0, end = left + window > columns ? columns - left : window;
            for (; v < end; v++) to[left + v] += from[v];
        }
    }
}
