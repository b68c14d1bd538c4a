// Typed functions around libtiff, whose own are variadic: reading a tag into the wrong width silently overwrites
// memory.
#include "image_shims.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiff.h>
#include <tiffio.h>

// libtiff 4.5 introduced handlers per file handle; earlier versions have only process-wide ones.
#if TIFFLIB_VERSION < 20221213
#error "libtiff 4.5 or newer is needed"
#endif

struct ct_tiff {
    TIFF *tiff;
    // When reading: the caller's bytes, which may move between calls. When writing: `buffer`, which grows.
    const uint8_t *bytes;
    ct_buffer buffer;
    uint64_t count, capacity, position;
    bool writing;
    // libtiff's messages since the last `begin`.
    bool failed, warned, out_of_memory;
    char error[252], warning[252];
};

// MARK: - Messages

static void note(char *to, size_t capacity, const char *format, va_list arguments) {
    if (!to[0]) vsnprintf(to, capacity, format, arguments);
}

static int on_error(TIFF *tiff, void *user, const char *module, const char *format, va_list arguments) {
    (void)tiff;
    (void)module;
    ct_tiff *self = user;
    self->failed = true;
    note(self->error, sizeof self->error, format, arguments);
    return 1;  // handled: the process's handler is not called, nothing is printed
}

static int on_warning(TIFF *tiff, void *user, const char *module, const char *format, va_list arguments) {
    (void)tiff;
    (void)module;
    ct_tiff *self = user;
    self->warned = true;
    note(self->warning, sizeof self->warning, format, arguments);
    return 1;
}
static void begin(ct_tiff *self) {
    self->failed = self->warned = false;
    self->error[0] = self->warning[0] = 0;
}

static ct_status status_of(const ct_tiff *self, int32_t code, const char *otherwise) {
    ct_status status = {self->out_of_memory ? CT_OUT_OF_MEMORY : code, {0}};
    if (code != CT_OK)
        snprintf((char *)status.reason, sizeof status.reason, "%s", self->error[0] ? self->error : otherwise);
    return status;
}

// MARK: - Memory as a file

static tmsize_t read_bytes(thandle_t handle, void *to, tmsize_t count) {
    ct_tiff *self = handle;
    if (count < 0 || self->position >= self->count) return 0;
    uint64_t left = self->count - self->position;
    uint64_t taken = (uint64_t)count < left ? (uint64_t)count : left;
    memcpy(to, (self->writing ? self->buffer.bytes : self->bytes) + self->position, taken);
    self->position += taken;
    return (tmsize_t)taken;
}

static tmsize_t write_bytes(thandle_t handle, void *from, tmsize_t count) {
    ct_tiff *self = handle;
    if (!self->writing || count < 0) return -1;
    uint64_t end = self->position + (uint64_t)count;
    if (end > self->capacity) {
        uint64_t capacity = end + end / 2 + 4096;
        uint8_t *bytes = realloc(self->buffer.bytes, capacity);
        if (!bytes) {
            self->out_of_memory = true;
            return -1;
        }
        memset(bytes + self->capacity, 0, capacity - self->capacity);
        self->buffer.bytes = bytes;
        self->capacity = capacity;
    }
    memcpy(self->buffer.bytes + self->position, from, (size_t)count);
    self->position = end;
    if (end > self->count) self->count = end;
    return count;
}

static toff_t seek_to(thandle_t handle, toff_t offset, int whence) {
    ct_tiff *self = handle;
    switch (whence) {
    case SEEK_SET: self->position = offset; break;
    case SEEK_CUR: self->position += offset; break;
    default: self->position = self->count + offset; break;
    }
    return self->position;
}

static int close_handle(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t size_of(thandle_t handle) { return ((ct_tiff *)handle)->count; }

static void open_handle(ct_tiff *self, const char *mode, int64_t largest) {
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options) {
        self->out_of_memory = true;
        return;
    }
    if (largest > 0) TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)largest);
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, self);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, self);
    self->tiff = TIFFClientOpenExt(
        "TIFF", mode, self, read_bytes, write_bytes, seek_to, close_handle, size_of, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
}

// MARK: - Reading

ct_tiff *ct_tiff_open(const uint8_t *bytes, size_t count, int64_t largest, ct_status *status) {
    ct_tiff *self = calloc(1, sizeof *self);
    *status = (ct_status){CT_OUT_OF_MEMORY, {0}};
    if (!self) return NULL;
    self->bytes = bytes;
    self->count = count;
    // m: no memory mapping; c: strips as stored in the file, not split into smaller ones.
    open_handle(self, "rmc", largest);
    if (!self->tiff) {
        *status = status_of(self, CT_MALFORMED, "the header or the first directory cannot be read");
        free(self);
        return NULL;
    }
    status->code = CT_OK;
    return self;
}

void ct_tiff_place(ct_tiff *self, const uint8_t *bytes) { self->bytes = bytes; }

void ct_tiff_close(ct_tiff *self) {
    if (self->tiff) TIFFCleanup(self->tiff);
    free(self->buffer.bytes);
    free(self);
}

ct_status ct_tiff_read_page(ct_tiff *self, ct_tiff_page *page) {
    TIFF *tiff = self->tiff;
    begin(self);
    memset(page, 0, sizeof *page);
    if (!TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &page->width) ||
        !TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &page->height))
        return status_of(self, CT_MALFORMED, "the page has no width or no height");
    page->depth = 1;
    TIFFGetField(tiff, TIFFTAG_IMAGEDEPTH, &page->depth);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &page->bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &page->sample_format);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &page->samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &page->compression);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &page->planar);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_FILLORDER, &page->fill_order);
    if (!TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &page->photometric)) page->photometric = CT_TIFF_ABSENT;
    uint16_t extra_count = 0, *extras = NULL;
    if (TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &extra_count, &extras) && extras) {
        page->extra_count = extra_count;
        for (int i = 0; i < extra_count && i < 8; i++) page->extras[i] = extras[i];
    }
    if (!TIFFIsCODECConfigured(page->compression)) {
        ct_status status = status_of(self, CT_UNSUPPORTED, "");
        snprintf(
            (char *)status.reason, sizeof status.reason, "compression %u, which this libtiff lacks",
            page->compression);
        return status;
    }
    // Tags of a codec can be read only if the codec is set.
    switch (page->compression) {
    case COMPRESSION_LZW:
    case COMPRESSION_DEFLATE:
    case COMPRESSION_ADOBE_DEFLATE:
    case COMPRESSION_ZSTD:
    case COMPRESSION_LZMA: TIFFGetField(tiff, TIFFTAG_PREDICTOR, &page->predictor); break;
    case COMPRESSION_CCITTFAX3: TIFFGetField(tiff, TIFFTAG_GROUP3OPTIONS, &page->t4_options); break;
    case COMPRESSION_LERC: TIFFGetField(tiff, TIFFTAG_LERC_ADD_COMPRESSION, &page->lerc_compression); break;
    case COMPRESSION_JPEG:
        if (page->photometric == PHOTOMETRIC_YCBCR) {
            TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
            page->photometric = PHOTOMETRIC_RGB;
        }
        break;
    default: break;
    }
    page->tiled = TIFFIsTiled(tiff);
    if (page->tiled) {
        TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &page->block_width);
        TIFFGetField(tiff, TIFFTAG_TILELENGTH, &page->block_height);
        page->blocks = TIFFNumberOfTiles(tiff);
    } else {
        page->block_width = page->width;
        TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &page->block_height);
        if (page->block_height > page->height) page->block_height = page->height;
        page->blocks = TIFFNumberOfStrips(tiff);
    }
    return status_of(self, CT_OK, "");
}

ct_status ct_tiff_read_color_map(ct_tiff *self, uint16_t *values, size_t capacity) {
    begin(self);
    uint16_t bits = 0, *red = NULL, *green = NULL, *blue = NULL;
    TIFFGetFieldDefaulted(self->tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    if (bits > 16 || capacity != (size_t)3 << bits)
        return status_of(self, CT_MALFORMED, "the colour map does not fit the bits per sample");
    if (!TIFFGetField(self->tiff, TIFFTAG_COLORMAP, &red, &green, &blue) || !red || !green || !blue)
        return status_of(self, CT_MALFORMED, "a palette image without a colour map");
    size_t count = (size_t)1 << bits;
    memcpy(values, red, count * sizeof *values);
    memcpy(values + count, green, count * sizeof *values);
    memcpy(values + 2 * count, blue, count * sizeof *values);
    return status_of(self, CT_OK, "");
}

ct_status ct_tiff_read_block(ct_tiff *self, uint32_t block, uint8_t *bytes, size_t size) {
    begin(self);
    tmsize_t got = TIFFIsTiled(self->tiff) ? TIFFReadEncodedTile(self->tiff, block, bytes, (tmsize_t)size)
                                           : TIFFReadEncodedStrip(self->tiff, block, bytes, (tmsize_t)size);
    // After some errors, libtiff and libjpeg continue with invented samples, so a message counts as a failure.
    if (got < 0 || (size_t)got != size || self->failed)
        return status_of(self, CT_MALFORMED, "the samples end too early");
    uint16_t compression = 0;
    TIFFGetFieldDefaulted(self->tiff, TIFFTAG_COMPRESSION, &compression);
    if (self->warned && (compression == COMPRESSION_JPEG || compression == COMPRESSION_OJPEG)) {
        memcpy(self->error, self->warning, sizeof self->error);
        return status_of(self, CT_MALFORMED, "damaged JPEG data");
    }
    return status_of(self, CT_OK, "");
}

ct_status ct_tiff_next_page(ct_tiff *self, bool *moved) {
    begin(self);
    *moved = false;
    if (TIFFLastDirectory(self->tiff)) return status_of(self, CT_OK, "");
    if (!TIFFReadDirectory(self->tiff)) return status_of(self, CT_MALFORMED, "the next directory cannot be read");
    *moved = true;
    return status_of(self, CT_OK, "");
}

// MARK: - Writing

bool ct_tiff_has(uint16_t compression) { return TIFFIsCODECConfigured(compression); }

bool ct_tiff_can_write(uint16_t compression) {
    switch (compression) {
    // Only lossless schemes that libtiff can encode.
    case COMPRESSION_NONE:
    case COMPRESSION_CCITTRLE:
    case COMPRESSION_CCITTRLEW:
    case COMPRESSION_CCITTFAX3:
    case COMPRESSION_CCITTFAX4:
    case COMPRESSION_LZW:
    case COMPRESSION_DEFLATE:
    case COMPRESSION_ADOBE_DEFLATE:
    case COMPRESSION_PACKBITS:
    case COMPRESSION_LZMA:
    case COMPRESSION_ZSTD:
    case COMPRESSION_LERC:
    case COMPRESSION_JBIG: return TIFFIsCODECConfigured(compression);
    default: return false;
    }
}

ct_tiff *ct_tiff_create(const ct_tiff_page *page, bool big_endian, ct_status *status) {
    ct_tiff *self = calloc(1, sizeof *self);
    *status = (ct_status){CT_OUT_OF_MEMORY, {0}};
    if (!self) return NULL;
    self->writing = true;
    open_handle(self, big_endian ? "wb8m" : "wl8m", 0);
    if (!self->tiff) {
        *status = status_of(self, CT_MALFORMED, "libtiff cannot start a file");
        ct_tiff_close(self);
        return NULL;
    }
    TIFF *tiff = self->tiff;
    bool fine = TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, page->width) &&
                TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, page->height) &&
                TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, page->bits) &&
                TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, page->samples) &&
                TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, page->sample_format) &&
                TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, page->photometric) &&
                TIFFSetField(tiff, TIFFTAG_COMPRESSION, page->compression) &&
                TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, page->planar);
    if (fine && page->fill_order == FILLORDER_LSB2MSB)
        fine = TIFFSetField(tiff, TIFFTAG_FILLORDER, page->fill_order);
    if (fine && page->extra_count)
        fine = TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, page->extra_count, page->extras);
    // Takes half the time of the default level, for files larger by two bytes in a thousand on CT slices.
    if (fine && (page->compression == COMPRESSION_ADOBE_DEFLATE || page->compression == COMPRESSION_DEFLATE))
        TIFFSetField(tiff, TIFFTAG_ZIPQUALITY, 4);
    if (fine && page->predictor > 1) fine = TIFFSetField(tiff, TIFFTAG_PREDICTOR, page->predictor);
    if (fine && page->compression == COMPRESSION_CCITTFAX3)
        fine = TIFFSetField(tiff, TIFFTAG_GROUP3OPTIONS, page->t4_options);
    if (fine && page->compression == COMPRESSION_LERC)
        fine = TIFFSetField(tiff, TIFFTAG_LERC_MAXZERROR, 0.0) &&
               TIFFSetField(tiff, TIFFTAG_LERC_ADD_COMPRESSION, page->lerc_compression);
    if (fine && page->tiled)
        fine = TIFFSetField(tiff, TIFFTAG_TILEWIDTH, page->block_width) &&
               TIFFSetField(tiff, TIFFTAG_TILELENGTH, page->block_height);
    else if (fine)
        fine = TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, page->block_height);
    if (!fine) {
        *status = status_of(self, CT_UNSUPPORTED, "libtiff refuses this layout");
        ct_tiff_close(self);
        return NULL;
    }
    status->code = CT_OK;
    return self;
}

ct_status ct_tiff_write_block(ct_tiff *self, uint32_t block, uint8_t *bytes, size_t size) {
    begin(self);
    tmsize_t put = TIFFIsTiled(self->tiff) ? TIFFWriteEncodedTile(self->tiff, block, bytes, (tmsize_t)size)
                                           : TIFFWriteEncodedStrip(self->tiff, block, bytes, (tmsize_t)size);
    if (put < 0 || self->failed) return status_of(self, CT_UNSUPPORTED, "libtiff cannot encode the samples");
    return status_of(self, CT_OK, "");
}

ct_status ct_tiff_finish(ct_tiff *self, ct_buffer *file) {
    begin(self);
    if (!TIFFWriteDirectory(self->tiff) || !TIFFFlush(self->tiff) || self->failed)
        return status_of(self, CT_UNSUPPORTED, "libtiff cannot complete the file");
    *file = (ct_buffer){self->buffer.bytes, self->count};
    self->buffer.bytes = NULL;
    self->count = self->capacity = self->position = 0;
    return status_of(self, CT_OK, "");
}
