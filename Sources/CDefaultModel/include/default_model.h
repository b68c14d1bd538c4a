#ifndef CT_DEFAULT_MODEL_H
#define CT_DEFAULT_MODEL_H

#include <stddef.h>

/// The default model, a safetensors file of `*size` bytes. It lives as long as the program.
const void *ct_default_model(size_t *size);

#endif
