// An error in libpng is a longjmp, and a longjmp over a Swift frame is undefined. Therefore setjmp, every call that can
// fail and all callbacks are here, in C frames, with one function per operation.
#include "image_shims.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

typedef struct {
    const ct_bytes *parts;
    size_t count;
    // The position in the first of the remaining parts.
    size_t done;
} source;

typedef struct {
    ct_buffer buffer;
    size_t capacity;
    ct_status *status;
} sink;

// The error pointer is the status.
static void fail(png_structp png, png_const_charp reason) {
    ct_status *status = png_get_error_ptr(png);
    if (status->code == CT_OK) status->code = CT_MALFORMED;
    strncpy((char *)status->reason, reason, sizeof status->reason - 1);
    png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp reason) {
    (void)png;
    (void)reason;
}

static void pull(png_structp png, png_bytep to, size_t count) {
    source *from = png_get_io_ptr(png);
    while (count > 0) {
        if (!from->count) png_error(png, "the file ends too early");
        size_t left = from->parts->count - from->done;
        size_t taken = count < left ? count : left;
        memcpy(to, from->parts->bytes + from->done, taken);
        from->done += taken;
        to += taken;
        count -= taken;
        if (taken == left) {
            from->parts++;
            from->count--;
            from->done = 0;
        }
    }
}

static void push(png_structp png, png_bytep from, size_t count) {
    sink *to = png_get_io_ptr(png);
    if (count > to->capacity - to->buffer.count) {
        size_t capacity = (to->capacity + count) * 2;
        uint8_t *bytes = realloc(to->buffer.bytes, capacity);
        if (!bytes) {
            to->status->code = CT_OUT_OF_MEMORY;
            png_error(png, "no memory for the file");
        }
        to->buffer.bytes = bytes;
        to->capacity = capacity;
    }
    memcpy(to->buffer.bytes + to->buffer.count, from, count);
    to->buffer.count += count;
}

static void flush(png_structp png) { (void)png; }

// Variables that change after setjmp are in the callers' frames, so that a longjmp does not make them indeterminate.
static void read_rows(
    png_structp png, png_infop info, source *from, uint8_t *rows, size_t row_bytes, size_t height) {
    if (setjmp(png_jmpbuf(png))) return;
    // The caller has checked the size against its limit.
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_crc_action(png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
    png_set_read_fn(png, from, pull);
    png_read_info(png, info);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != row_bytes || png_get_image_height(png, info) != height)
        png_error(png, "the size differs from the header's");
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < height; y++) png_read_row(png, rows + y * row_bytes, NULL);
    png_read_end(png, NULL);
}

uint32_t ct_crc32(const uint8_t *bytes, size_t count) { return (uint32_t)crc32_z(0, bytes, count); }

ct_status ct_png_decode(const ct_bytes *parts, size_t count, uint8_t *rows, size_t row_bytes, size_t height) {
    ct_status status = {CT_OK, {0}};
    source from = {parts, count, 0};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &status, fail, ignore);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (info) read_rows(png, info, &from, rows, row_bytes, height);
    else status.code = CT_OUT_OF_MEMORY;
    png_destroy_read_struct(&png, &info, NULL);
    return status;
}

/// Returns whether both bytes of each 16-bit sample are equal: 8-bit samples widened to 16.
static bool repeats_bytes(const uint8_t *rows, size_t bytes) {
    for (size_t i = 0; i + 1 < bytes; i += 2)
        if (rows[i] != rows[i + 1]) return false;
    return true;
}

static void write_rows(
    png_structp png, png_infop info, sink *to, const ct_png_header *header, const uint8_t *rows, size_t row_bytes) {
    if (setjmp(png_jmpbuf(png))) return;
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_write_fn(png, to, push, flush);
    png_set_IHDR(
        png, info, header->width, header->height, header->depth, header->color_type, header->interlace,
        PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    // Filtered CT slices contain few repetitions other than runs of zeros: searching for them takes three times as long
    // and saves a hundredth. It is worthwhile where bytes repeat by design: in colours and in widened samples.
    bool isGrey = (header->color_type & PNG_COLOR_MASK_COLOR) == 0;
    bool isStretched = header->depth == 16 && repeats_bytes(rows, row_bytes * header->height);
    if (header->depth >= 8 && isGrey && !isStretched) png_set_compression_strategy(png, Z_RLE);
    else png_set_compression_level(png, 4);
    png_write_info(png, info);
    if (png_get_rowbytes(png, info) != row_bytes) png_error(png, "the rows do not fit the header");
    int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < header->height; y++) png_write_row(png, rows + y * row_bytes);
    png_write_end(png, NULL);
}

ct_status ct_png_encode(const ct_png_header *header, const uint8_t *rows, size_t row_bytes, ct_buffer *file) {
    ct_status status = {CT_OK, {0}};
    sink to = {{NULL, 0}, 0, &status};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &status, fail, ignore);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (info) write_rows(png, info, &to, header, rows, row_bytes);
    else status.code = CT_OUT_OF_MEMORY;
    png_destroy_write_struct(&png, &info);
    if (status.code == CT_OK) *file = to.buffer;
    else free(to.buffer.bytes);
    return status;
}

void ct_buffer_free(ct_buffer *buffer) {
    free(buffer->bytes);
    buffer->bytes = NULL;
    buffer->count = 0;
}
