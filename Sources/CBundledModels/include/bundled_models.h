#ifndef CT_BUNDLED_MODELS_H
#define CT_BUNDLED_MODELS_H

#include <stddef.h>

// Each returns a file of `*size` bytes, valid for the lifetime of the program: models in safetensors, and a recipe.

/// The default model for white noise.
const void *ct_default_model(size_t *size);

/// The default model for salt-and-pepper noise.
const void *ct_default_impulses_model(size_t *size);

/// The default model for noise of scanners.
const void *ct_default_scanner_model(size_t *size);

/// The fast model for white noise.
const void *ct_fast_model(size_t *size);

/// The fast model for salt-and-pepper noise.
const void *ct_fast_impulses_model(size_t *size);

/// The fast model for noise of scanners.
const void *ct_fast_scanner_model(size_t *size);

/// The recipe that training follows if none is given, as JSON: the one that the default model's training began with.
const void *ct_default_recipe(size_t *size);

#endif
