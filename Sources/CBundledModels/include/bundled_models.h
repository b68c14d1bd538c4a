#ifndef CT_BUNDLED_MODELS_H
#define CT_BUNDLED_MODELS_H

#include <stddef.h>

/// The default model, a safetensors file of `*size` bytes. It lives as long as the program.
const void *ct_default_model(size_t *size);

/// The fast model, a safetensors file of `*size` bytes. It lives as long as the program.
const void *ct_fast_model(size_t *size);

#endif
