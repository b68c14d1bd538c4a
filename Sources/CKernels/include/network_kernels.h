// Vector kernels of the scanning LSTM. One source, network/isa.inc.h and what it includes, is compiled once per
// instruction set; bf16.inc.h and amx.inc.h replace the matrix products on CPUs with instructions for them.
//
// Matrices are row-major floats; `ld` is the distance between rows in floats. No kernel allocates, prints or keeps
// state, except that of AMX between begin_work and end_work. Pointers need only the alignment of a float. Outputs never
// overlap inputs unless stated.
#pragma once
#include "instruction_sets.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// One LSTM step of n sequences, whose rows may be anywhere.
typedef struct ct_lstm_step {
    long sequences, inputs, hidden;
    /// (n, inputs)
    const float *_Nonnull x;
    /// The inputs of the next step, to prefetch; NULL if there is none.
    const float *_Nullable next_x;
    long ldx;
    /// (n, hidden): the hidden states of the previous step, NULL for zero, and of this one.
    const float *_Nullable h_before;
    float *_Nonnull h;
    long ldh;
    /// (n, hidden): the cell states before and after the step, which may share memory.
    const float *_Nullable c_before;
    float *_Nonnull c;
    long ldc;
    /// (n, 4·hidden): receives the activated gates in the order i, f, g, o; NULL if not needed.
    float *_Nullable gates;
    long ld_gates;
    /// Weights and biases from lstm_pack.
    const float *_Nonnull packed;
} ct_lstm_step;

/// The backward pass of one LSTM step, from the values kept by lstm_forward.
typedef struct ct_lstm_step_back {
    long sequences, hidden;
    /// (n, 4·hidden): activated gates.
    const float *_Nonnull gates;
    long ld_gates;
    /// (n, hidden): the cell states before the step, NULL for zero, and after it.
    const float *_Nullable c_before;
    const float *_Nonnull c;
    long ldc;
    /// (n, hidden): two parts of the gradient of h, which are added: that of the output, and that from the next step,
    /// NULL for zero.
    const float *_Nonnull dh;
    long ld_dh;
    const float *_Nullable dh_after;
    long ld_dh_after;
    /// (n, hidden): the gradient of c from the next step; becomes that of c_before.
    float *_Nonnull dc;
    long ld_dc;
    /// (n, 4·hidden): the gradient of the pre-activations.
    float *_Nonnull dz;
    long ld_dz;
} ct_lstm_step_back;

/// The values of an Adam step that are the same for all parameters.
typedef struct ct_adam_step {
    /// Multiplies the gradient first.
    float scale;
    /// The decay rates of the moving averages of gradient and squared gradient.
    float decay_first, decay_second;
    /// A parameter moves by rate · first / (√second · root + epsilon).
    float rate, root, epsilon;
} ct_adam_step;

/// The kernels of one instruction set.
typedef struct ct_kernels {
    /// The instruction set: "amx", "avx512", "avx2" or "baseline".
    const char *_Nonnull name;

    /// The arithmetic of gemm, gemm_outer and lstm_forward: "single precision"; "bf16, three products for one", with an
    /// error of about 4e-6 of the sum of magnitudes; or "bf16", with about 2e-3. bf16 needs finite inputs. Sums and
    /// everything else are in single precision.
    const char *_Nonnull precision;

    /// Prepares the CPU. Optional: a thread may call it before its first kernel, and end_work after its last, so that
    /// not every call does both; NULL if there is nothing to prepare.
    void (*_Nullable begin_work)(void);
    void (*_Nullable end_work)(void);

    /// Returns the floats of a packed k×n matrix.
    long (*_Nonnull packed_size)(long k, long n);

    /// Packs b (k×n), whose element (p, j) is at p·row + j·column, for gemm.
    void (*_Nonnull pack)(long k, long n, const float *_Nonnull b, long row, long column, float *_Nonnull packed);

    /// c (m×n) = onto + a (m×k) · b (k×n, packed) + bias (n); `onto` NULL is zero and may be c, bias NULL is zero.
    void (*_Nonnull gemm)(long m, long n, long k, const float *_Nonnull a, long lda, const float *_Nonnull packed,
                          const float *_Nullable bias, const float *_Nullable onto, long ld_onto, float *_Nonnull c,
                          long ldc);

    /// c (m×n) += aᵀ · b, with a (k×m) and b (k×n).
    void (*_Nonnull gemm_outer)(long m, long n, long k, const float *_Nonnull a, long lda, const float *_Nonnull b,
                                long ldb, float *_Nonnull c, long ldc);

    /// Returns the floats of the packed weights of an LSTM.
    long (*_Nonnull lstm_packed_size)(long inputs, long hidden);

    /// Packs input_weights (4H×inputs), hidden_weights (4H×H) and bias (4H) for lstm_forward; rows are in the order i,
    /// f, g, o.
    void (*_Nonnull lstm_pack)(long inputs, long hidden, const float *_Nonnull input_weights,
                               const float *_Nonnull hidden_weights, const float *_Nonnull bias,
                               float *_Nonnull packed);

    /// Runs one step, for at most 1024 inputs and 1024 hidden units.
    void (*_Nonnull lstm_forward)(const ct_lstm_step *_Nonnull step);

    void (*_Nonnull lstm_backward)(const ct_lstm_step_back *_Nonnull step);

    /// y (n×width) = a + b; y may be a.
    void (*_Nonnull add)(long n, long width, const float *_Nonnull a, long lda, const float *_Nonnull b, long ldb,
                         float *_Nonnull y, long ldy);

    /// y (n×width) = x.
    void (*_Nonnull copy_rows)(long n, long width, const float *_Nonnull x, long ldx, float *_Nonnull y, long ldy);

    /// y (n×width) = x − row, for each row of x.
    void (*_Nonnull subtract_row)(long n, long width, const float *_Nonnull x, long ldx, const float *_Nonnull row,
                                  float *_Nonnull y, long ldy);

    /// sums[j] += the sum of column j.
    void (*_Nonnull column_sums)(long n, long width, const float *_Nonnull x, long ldx, float *_Nonnull sums);

    /// dots[i] = Σ over j of a (n×width) · b, row by row; ldb may be zero.
    void (*_Nonnull row_dots)(long n, long width, const float *_Nonnull a, long lda, const float *_Nonnull b, long ldb,
                              float *_Nonnull dots);

    /// Updates n parameters and the moving averages of their gradient and its square.
    void (*_Nonnull adam)(long n, const ct_adam_step *_Nonnull step, const float *_Nonnull gradient,
                          float *_Nonnull first, float *_Nonnull second, float *_Nonnull parameters);

    /// y = `count` rows, starting at `row`, of x + bias + the depth-wise convolution of x (rows×columns×channels) with
    /// weights (size²×channels), zero outside; bias may be NULL. y starts with row `row`; its rows are `ldy` floats
    /// apart.
    void (*_Nonnull mix_rows)(long rows, long columns, long channels, long size, long row, long count,
                              const float *_Nonnull x, const float *_Nonnull weights, const float *_Nullable bias,
                              float *_Nonnull y, long ldy);

    /// d_weights (size²×channels) += the gradient of the convolution weights for one image.
    void (*_Nonnull mix_weights)(long rows, long columns, long channels, long size, const float *_Nonnull x,
                                 const float *_Nonnull dy, float *_Nonnull d_weights);
} ct_kernels;

/// Returns the kernels of an instruction set; with `fast`, those in plain bf16 if the set has instructions for it. The
/// AMX kernels are also available on CPUs without AMX, for tests under an emulator. On CPUs other than x86-64 all sets
/// are the baseline.
const ct_kernels *_Nonnull ct_kernels_for(ct_isa isa, bool fast);

/// Returns the kernels in use.
static inline const ct_kernels *_Nonnull ct_kernels_current(bool fast) {
    return ct_kernels_for(ct_isa_best(ct_isa_amx), fast);
}

/// Flushes denormals to zero on this thread. Returns the mode to pass to ct_denormals_restore.
uint64_t ct_denormals_flush(void);
void ct_denormals_restore(uint64_t mode);

/// Copies windows of `window`×`window` pixels, one per token, for consecutive tokens from `first`, row by row. The
/// window of token (i, j) starts at pixel (i·patch − margin, j·patch − margin). Pixels outside the image are mirrored
/// without repeating the edge (`reflect`) or zero.
void ct_windows_gather(const float *_Nonnull image, long rows, long columns, long patch, long window, bool reflect,
                       long first, long count, float *_Nonnull windows);

/// Writes pixel row `row`: the sum of the overlapping windows of one image's tokens, plus `bias`. `windows` starts with
/// token row `first_down`.
void ct_windows_sum_row(const float *_Nonnull windows, long first_down, long rows, long columns, long patch,
                        long window, float bias, long row, float *_Nonnull image);

/// Prefetches x (n×width), for rows too far apart for the hardware prefetcher.
static inline void ct_prefetch_rows(long n, long width, const float *_Nonnull x, long ldx) {
    for (long row = 0; row < n; row++)
        for (long j = 0; j < width; j += 16) __builtin_prefetch(x + row * ldx + j);
}
