// Vector kernels of the scanning LSTM. One source, kernels.inc.h, is compiled once per instruction set;
// ct_kernels_current() picks the best one that the CPU has, or the one that CTDENOISE_ISA names.
//
// Matrices are row-major floats; `ld` is the distance between rows in floats. No kernel allocates,
// prints or keeps state. Pointers need no alignment beyond a float's.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The kernels of one instruction set.
typedef struct ct_kernels {
    /// "avx512", "avx2" or "baseline".
    const char *_Nonnull name;

    /// c (m×n) = [c +] a (m×k) · b (k×n); a's element (i, p) is at i·a_row + p·a_column.
    void (*_Nonnull gemm)(long m, long n, long k, const float *_Nonnull a, long a_row, long a_column,
                          const float *_Nonnull b, long ldb, float *_Nonnull c, long ldc, bool accumulate);

    /// One LSTM step of n sequences. z: n×4H pre-activations in the order i, f, g, o; with `save` it is
    /// overwritten with the activated gates. c_before may be NULL (zero state) and may equal c.
    void (*_Nonnull lstm_forward)(long n, long hidden, float *_Nonnull z, long ldz,
                                  const float *_Nullable c_before, long ldc_before, float *_Nonnull c, long ldc,
                                  float *_Nonnull h, long ldh, bool save);

    /// The step backwards: gates (n×4H, activated) become the gradient of the pre-activations.
    /// dh is the whole gradient of h; dc is that of c from the step after, and becomes that of c_before.
    void (*_Nonnull lstm_backward)(long n, long hidden, float *_Nonnull gates, long ld_gates,
                                   const float *_Nullable c_before, long ldc_before, const float *_Nonnull c,
                                   long ldc, const float *_Nonnull dh, long ld_dh, float *_Nonnull dc,
                                   long ld_dc);

    /// y (n×width) = x · scale + shift, column by column; scale NULL is one.
    void (*_Nonnull affine)(long n, long width, const float *_Nonnull x, long ldx, const float *_Nullable scale,
                            const float *_Nonnull shift, float *_Nonnull y, long ldy);

    /// y (n×width) = a + b.
    void (*_Nonnull add)(long n, long width, const float *_Nonnull a, long lda, const float *_Nonnull b, long ldb,
                         float *_Nonnull y, long ldy);

    /// sums[j] += the sum of column j.
    void (*_Nonnull column_sums)(long n, long width, const float *_Nonnull x, long ldx, float *_Nonnull sums);

    /// mean[j], and squares[j] = Σ (x − mean)², of column j.
    void (*_Nonnull column_moments)(long n, long width, const float *_Nonnull x, long ldx, float *_Nonnull mean,
                                    float *_Nonnull squares);

    /// sum_dy[j] += Σ dy, sum_dy_x[j] += Σ dy · (x − mean) · rstd.
    void (*_Nonnull norm_sums)(long n, long width, const float *_Nonnull dy, long ld_dy, const float *_Nonnull x,
                               long ldx, const float *_Nonnull mean, const float *_Nonnull rstd,
                               float *_Nonnull sum_dy, float *_Nonnull sum_dy_x);

    /// dy becomes gain · (dy − mean_dy − (x − mean) · rstd · mean_dy_x).
    void (*_Nonnull norm_backward)(long n, long width, float *_Nonnull dy, long ld_dy, const float *_Nonnull x,
                                   long ldx, const float *_Nonnull mean, const float *_Nonnull rstd,
                                   const float *_Nonnull gain, const float *_Nonnull mean_dy,
                                   const float *_Nonnull mean_dy_x);

    /// One row of y = x + bias + depth-wise convolution of x (rows×columns×channels) with weights
    /// (size²×channels), zero outside; bias may be NULL. Writes row `row` of y.
    void (*_Nonnull mix_row)(long rows, long columns, long channels, long size, long row, const float *_Nonnull x,
                             const float *_Nonnull weights, const float *_Nullable bias, float *_Nonnull y);

    /// d_weights (size²×channels) += the gradient of the convolution's weights over one image.
    void (*_Nonnull mix_weights)(long rows, long columns, long channels, long size, const float *_Nonnull x,
                                 const float *_Nonnull dy, float *_Nonnull d_weights);
} ct_kernels;

/// The kernels in use: the best of this CPU, or those named by the environment variable CTDENOISE_ISA. If this CPU has
/// none of that name, says so on standard error and ends the process.
const ct_kernels *_Nonnull ct_kernels_current(void);

/// All kernels that this CPU can run, best first; returns how many there are (at most 3).
int ct_kernels_available(const ct_kernels *_Nullable *_Nonnull list, int capacity);

/// Flushes denormals to zero on this thread; returns the mode to give to ct_denormals_restore.
uint64_t ct_denormals_flush(void);
void ct_denormals_restore(uint64_t mode);

/// Copies windows of `window`×`window` pixels, one a token, token after token from `first`, row by row:
/// the window of token (i, j) starts at pixel (i·patch − margin, j·patch − margin). Outside the image pixels
/// are mirrored without repeating the edge (`reflect`) or zero. `ld` ≥ window²; the rest is not touched.
void ct_windows_gather(const float *_Nonnull image, long rows, long columns, long patch, long window, bool reflect,
                       long first, long count, float *_Nonnull windows, long ld);

/// Adds up the windows of all tokens of one image where they overlap, and `bias`: writes pixel row `row`.
void ct_windows_sum_row(const float *_Nonnull windows, long ld, long rows, long columns, long patch, long window,
                        float bias, long row, float *_Nonnull image);

/// The next number of a counter that threads share.
static inline long ct_take(long *_Nonnull counter) { return __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED); }
