#ifndef CT_BUNDLED_MODELS_H
#define CT_BUNDLED_MODELS_H

#include <stddef.h>

// Files of `*size` bytes that live as long as the program: models in safetensors, and a recipe.

/// The default model.
const void *ct_default_model(size_t *size);

/// The default model for salt-and-pepper.
const void *ct_default_impulses_model(size_t *size);

/// The fast model.
const void *ct_fast_model(size_t *size);

/// The fast model for salt-and-pepper.
const void *ct_fast_impulses_model(size_t *size);

/// The recipe that training follows where none is given: the default model's first, a JSON file.
const void *ct_default_recipe(size_t *size);

#endif
