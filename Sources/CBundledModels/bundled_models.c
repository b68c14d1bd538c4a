#include "bundled_models.h"

// In the program itself, so that a copied binary works alone.
static const unsigned char default_model[] = {
#embed "default.safetensors"
};

static const unsigned char fast_model[] = {
#embed "fast.safetensors"
};

const void *ct_default_model(size_t *size) {
    *size = sizeof default_model;
    return default_model;
}

const void *ct_fast_model(size_t *size) {
    *size = sizeof fast_model;
    return fast_model;
}
