// Discrete Fourier transforms of complex numbers, using KissFFT, or Accelerate where available.
#pragma once
#include <stdbool.h>
#include <stddef.h>

/// A plan for transforms of one length and direction.
typedef struct ct_fourier ct_fourier;

/// Creates a plan for transforms of `length` numbers: 1, 3, 5 or 15 times a power of two of at least 8. Returns NULL if
/// memory is insufficient.
ct_fourier *_Nullable ct_fourier_make(size_t length, bool inverse);

void ct_fourier_free(ct_fourier *_Nullable plan);

/// Transforms `length` numbers, with alternating real and imaginary parts, from `in` to `out`, which must not overlap.
/// Neither direction is scaled. Several threads may use a plan at once.
void ct_fourier_transform(const ct_fourier *_Nonnull plan, const float *_Nonnull in, float *_Nonnull out);
