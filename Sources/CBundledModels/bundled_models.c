#include "bundled_models.h"

// Embedded in the program, so that a copy of the binary works on its own.

static const unsigned char default_model[] = {
#embed "default.safetensors"
};

static const unsigned char default_impulses_model[] = {
#embed "default_impulses.safetensors"
};

static const unsigned char default_scanner_model[] = {
#embed "default_scanner.safetensors"
};

static const unsigned char fast_model[] = {
#embed "fast.safetensors"
};

static const unsigned char fast_impulses_model[] = {
#embed "fast_impulses.safetensors"
};

static const unsigned char fast_scanner_model[] = {
#embed "fast_scanner.safetensors"
};

static const unsigned char default_recipe[] = {
#embed "../../Recipes/default.json"
};

#define MODEL(name)                          \
    const void *ct_##name(size_t *size) {    \
        *size = sizeof name;                 \
        return name;                         \
    }

MODEL(default_model)
MODEL(default_impulses_model)
MODEL(default_scanner_model)
MODEL(fast_model)
MODEL(fast_impulses_model)
MODEL(fast_scanner_model)
MODEL(default_recipe)
