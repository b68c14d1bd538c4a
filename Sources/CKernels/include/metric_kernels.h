// Kernels of image metrics: sums over all places of a sliding window, in Double. One source, isa.inc.h, is compiled once per
// instruction set. All of them work on eight numbers at a time in the same order, so that results are the same to the last bit.
#pragma once
#include "instruction_sets.h"

#include <stddef.h>

/// Two images of one size, and perhaps what of them counts.
typedef struct ct_image_pair {
    /// (rows, columns)
    const double *_Nonnull reference;
    /// (rows, columns)
    const double *_Nonnull test;
    /// (rows, columns): 1 where a window may have its centre, 0 elsewhere; everywhere if it is NULL.
    const double *_Nullable mask;
    long rows, columns;
} ct_image_pair;

/// A symmetric, separable window of 2 · half + 1 numbers a side.
typedef struct ct_sliding_window {
    /// (half + 1): of the middle, and of its neighbours outwards.
    const double *_Nonnull weights;
    long half;
} ct_sliding_window;

/// Sums of structural similarity over the places of a window that lie inside the image.
typedef struct ct_similarity_sums {
    /// Of luminance, contrast and structure together; of contrast and structure alone; and how many places.
    double similarity, contrast, places;
} ct_similarity_sums;

/// Sums of the logarithms of visual information, in nats.
typedef struct ct_information_sums {
    /// What the test image has of the reference; what the reference has; and at how many places.
    double kept, whole, places;
} ct_information_sums;

/// Sums of the similarity of gradients.
typedef struct ct_gradient_sums {
    double similarity, squares, places;
} ct_gradient_sums;

/// The kernels of one instruction set.
typedef struct ct_metric_kernels {
    /// "avx512", "avx2" or "baseline".
    const char *_Nonnull name;

    /// Wang 2004: covariances are multiplied by `factor`.
    ct_similarity_sums (*_Nonnull similarity)(const ct_image_pair *_Nonnull pair, const ct_sliding_window *_Nonnull window,
                                              double c1, double c2, double factor, double *_Nonnull scratch);

    /// Sheikh 2006 in the pixel domain, one scale: `noise` is the variance of what an eye adds, and variances below `least` are none.
    ct_information_sums (*_Nonnull information)(const ct_image_pair *_Nonnull pair,
                                                const ct_sliding_window *_Nonnull window, double noise, double least,
                                                double *_Nonnull scratch);

    /// Xue 2014: the similarity of the sizes of Prewitt gradients, zero outside of the image.
    ct_gradient_sums (*_Nonnull gradients)(const ct_image_pair *_Nonnull pair, double constant,
                                           double *_Nonnull scratch);

    /// (rows, columns) through the window, every other row and column of what lies inside:
    /// ((rows − 2 · half + 1) / 2, (columns − 2 · half + 1) / 2).
    void (*_Nonnull decimate)(const double *_Nonnull image, long rows, long columns,
                              const ct_sliding_window *_Nonnull window, double *_Nonnull scratch,
                              double *_Nonnull result);

    /// (rows, columns) as means of 2×2: ((rows + 1) / 2, (columns + 1) / 2); the last row or column of an odd number counts twice.
    void (*_Nonnull halve)(const double *_Nonnull image, long rows, long columns, double *_Nonnull result);
} ct_metric_kernels;

/// How many numbers of scratch memory any of the kernels needs.
long ct_metric_scratch(long columns, long half);

/// The kernels of an instruction set, or of the next lower one that has any.
const ct_metric_kernels *_Nonnull ct_metric_kernels_for(ct_isa isa);

/// The kernels in use.
static inline const ct_metric_kernels *_Nonnull ct_metric_kernels_current(void) {
    return ct_metric_kernels_for(ct_isa_best(ct_isa_avx512));
}
