// Kernels of image metrics: sums over all positions of a sliding window, in double precision. One source,
// metrics/isa.inc.h, is compiled once per instruction set. All versions process eight values at a time in the same
// order, so that results are bit-identical.
#pragma once
#include "instruction_sets.h"

#include <stddef.h>

/// Two images of one size, and an optional mask.
typedef struct ct_image_pair {
    /// (rows, columns)
    const double *_Nonnull reference;
    /// (rows, columns)
    const double *_Nonnull test;
    /// (rows, columns): 1 where a window may be centred, 0 elsewhere; NULL for everywhere.
    const double *_Nullable mask;
    long rows, columns;
} ct_image_pair;

/// A symmetric, separable window with sides of 2 · half + 1.
typedef struct ct_sliding_window {
    /// (half + 1): the centre weight, then those of its neighbours outwards.
    const double *_Nonnull weights;
    long half;
} ct_sliding_window;

/// Sums of structural similarity over all window positions inside the image.
typedef struct ct_similarity_sums {
    /// Luminance, contrast and structure together; contrast and structure alone; and the number of positions.
    double similarity, contrast, places;
} ct_similarity_sums;

/// Sums of the logarithms of visual information, in nats.
typedef struct ct_information_sums {
    /// The information that the test image keeps of the reference; that of the reference; and the number of positions.
    double kept, whole, places;
} ct_information_sums;

/// Sums of gradient similarity.
typedef struct ct_gradient_sums {
    double similarity, squares, places;
} ct_gradient_sums;

/// The kernels of one instruction set.
typedef struct ct_metric_kernels {
    /// "avx512", "avx2" or "baseline".
    const char *_Nonnull name;

    /// Structural similarity (Wang 2004); covariances are multiplied by `factor`.
    ct_similarity_sums (*_Nonnull similarity)(const ct_image_pair *_Nonnull pair,
                                              const ct_sliding_window *_Nonnull window, double c1, double c2,
                                              double factor, double *_Nonnull scratch);

    /// Visual information (Sheikh 2006) in the pixel domain at one scale; `noise` is the variance of visual noise, and
    /// variances below `least` count as zero.
    ct_information_sums (*_Nonnull information)(const ct_image_pair *_Nonnull pair,
                                                const ct_sliding_window *_Nonnull window, double noise, double least,
                                                double *_Nonnull scratch);

    /// Gradient similarity (Xue 2014) of the magnitudes of Prewitt gradients; the image is zero outside.
    ct_gradient_sums (*_Nonnull gradients)(const ct_image_pair *_Nonnull pair, double constant,
                                           double *_Nonnull scratch);

    /// Filters an image (rows, columns) with the window and keeps every other row and column of the positions inside:
    /// ((rows − 2 · half + 1) / 2, (columns − 2 · half + 1) / 2).
    void (*_Nonnull decimate)(const double *_Nonnull image, long rows, long columns,
                              const ct_sliding_window *_Nonnull window, double *_Nonnull scratch,
                              double *_Nonnull result);

    /// Halves an image (rows, columns) by 2×2 means: ((rows + 1) / 2, (columns + 1) / 2). The last row or column of an
    /// odd number counts twice.
    void (*_Nonnull halve)(const double *_Nonnull image, long rows, long columns, double *_Nonnull result);
} ct_metric_kernels;

/// Returns the scratch memory, in doubles, that suffices for every kernel.
long ct_metric_scratch(long columns, long half);

/// Returns the kernels of an instruction set, or of the next lower one that has any.
const ct_metric_kernels *_Nonnull ct_metric_kernels_for(ct_isa isa);

/// Returns the kernels in use.
static inline const ct_metric_kernels *_Nonnull ct_metric_kernels_current(void) {
    return ct_metric_kernels_for(ct_isa_best(ct_isa_avx512));
}
