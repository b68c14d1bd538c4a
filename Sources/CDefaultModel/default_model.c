#include "default_model.h"

// In the program itself, so that a copied binary works alone.
static const unsigned char model[] = {
#embed "default.safetensors"
};

const void *ct_default_model(size_t *size) {
    *size = sizeof model;
    return model;
}
