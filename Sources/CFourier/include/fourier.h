// Discrete Fourier transforms of complex numbers, by KissFFT, or by Accelerate where there is that.
#pragma once
#include <stdbool.h>
#include <stddef.h>

/// How transforms of one length and direction are computed.
typedef struct ct_fourier ct_fourier;

/// Prepares transforms of `length` numbers, a power of two of at least 8. NULL if there is no memory for it.
ct_fourier *_Nullable ct_fourier_make(size_t length, bool inverse);

void ct_fourier_free(ct_fourier *_Nullable plan);

/// Transforms `length` numbers, real and imaginary parts in turn, into as many. Neither direction is scaled. The two do not
/// overlap. Several threads may use one plan at once.
void ct_fourier_transform(const ct_fourier *_Nonnull plan, const float *_Nonnull in, float *_Nonnull out);
