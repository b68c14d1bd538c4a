#include "fourier.h"

#include <stdlib.h>

#ifdef __APPLE__

#include <Accelerate/Accelerate.h>

struct ct_fourier {
    size_t length;
    vDSP_DFT_Setup setup;
};

ct_fourier *ct_fourier_make(size_t length, bool inverse) {
    ct_fourier *plan = malloc(sizeof *plan);
    if (plan == NULL) return NULL;
    plan->length = length;
    plan->setup = vDSP_DFT_zop_CreateSetup(NULL, length, inverse ? vDSP_DFT_INVERSE : vDSP_DFT_FORWARD);
    if (plan->setup != NULL) return plan;
    free(plan);
    return NULL;
}

void ct_fourier_free(ct_fourier *plan) {
    if (plan == NULL) return;
    vDSP_DFT_DestroySetup(plan->setup);
    free(plan);
}

void ct_fourier_transform(const ct_fourier *plan, const float *in, float *out) {
    // vDSP stores real and imaginary parts separately.
    size_t n = plan->length;
    // Not on the stack, since threads have small stacks.
    float *parts = malloc(4 * n * sizeof *parts);
    if (parts == NULL) abort();
    for (size_t i = 0; i < n; i++) {
        parts[i] = in[2 * i];
        parts[n + i] = in[2 * i + 1];
    }
    vDSP_DFT_Execute(plan->setup, parts, parts + n, parts + 2 * n, parts + 3 * n);
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = parts[2 * n + i];
        out[2 * i + 1] = parts[3 * n + i];
    }
    free(parts);
}

#else

#include <kissfft/kiss_fft.h>

ct_fourier *ct_fourier_make(size_t length, bool inverse) {
    return (ct_fourier *)kiss_fft_alloc((int)length, inverse, NULL, NULL);
}

void ct_fourier_free(ct_fourier *plan) { kiss_fft_free(plan); }

void ct_fourier_transform(const ct_fourier *plan, const float *in, float *out) {
    // KissFFT does not change the plan.
    kiss_fft((kiss_fft_cfg)plan, (const kiss_fft_cpx *)in, (kiss_fft_cpx *)out);
}

#endif
