// Kernels of noise models: Gaussian deviates by position, and rays through an image. One source, noise/isa.inc.h, is
// compiled once per instruction set. Deviates are bit-identical for all of them.
#pragma once
#include "instruction_sets.h"

#include <stddef.h>
#include <stdint.h>

/// Parallel rays through an image in one direction.
typedef struct ct_rays {
    /// (rows, columns)
    const float *_Nonnull image;
    long rows, columns;
    /// Ray j crosses row r at column start + j·step + r·slope.
    double start, step, slope;
    long count;
} ct_rays;

/// A row of an image for back-projection.
typedef struct ct_smear {
    /// (cells): the filtered view.
    const float *_Nonnull view;
    long cells;
    /// Pixel j of the row falls on cell start + j·step; pixels outside all cells get nothing.
    double start, step;
    /// (pixels): the row to add to.
    float *_Nonnull row;
    long pixels;
} ct_smear;

/// The kernels of one instruction set.
typedef struct ct_noise_kernels {
    /// "avx512", "avx2" or "baseline".
    const char *_Nonnull name;

    /// values[i] += sigma · d, with d the deviate at index first + i of the SplitMix64 sequence that starts at `key`.
    void (*_Nonnull add_normals)(uint64_t key, uint64_t first, size_t count, float sigma, float *_Nonnull values);
    void (*_Nonnull add_normals_double)(uint64_t key, uint64_t first, size_t count, double sigma,
                                        double *_Nonnull values);

    /// sums[j] += the sum over rows of the image at the crossings of ray j, interpolated linearly between columns
    /// (Joseph 1982, doi 10.1109/TMI.1982.4307572); zero outside.
    void (*_Nonnull cast_rays)(const ct_rays *_Nonnull rays, float *_Nonnull sums);

    /// Adds the view to a row of the image, interpolated linearly between cells.
    void (*_Nonnull smear)(const ct_smear *_Nonnull smear);
} ct_noise_kernels;

/// Returns the kernels of an instruction set, or of the next lower one that has any.
const ct_noise_kernels *_Nonnull ct_noise_kernels_for(ct_isa isa);

/// Returns the kernels in use.
static inline const ct_noise_kernels *_Nonnull ct_noise_kernels_current(void) {
    return ct_noise_kernels_for(ct_isa_best(ct_isa_avx512));
}
