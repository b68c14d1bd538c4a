#ifndef CT_BUNDLED_MODELS_H
#define CT_BUNDLED_MODELS_H

#include <stddef.h>

// Safetensors files of `*size` bytes, which live as long as the program.

/// The default model.
const void *ct_default_model(size_t *size);

/// The default model for salt-and-pepper.
const void *ct_default_impulses_model(size_t *size);

/// The fast model.
const void *ct_fast_model(size_t *size);

/// The fast model for salt-and-pepper.
const void *ct_fast_impulses_model(size_t *size);

#endif
