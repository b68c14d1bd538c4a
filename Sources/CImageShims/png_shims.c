#include "image_shims.h"
