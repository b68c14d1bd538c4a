// The only C code that calls libpng and libtiff: memory in, memory out, a status from every call.
//
// Nothing here accesses files, prints, or keeps state between handles. Signatures avoid `char`, whose sign differs
// between platforms.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The outcome of a call.
enum ct_code {
    CT_OK = 0,
    /// The bytes violate the format or end too early.
    CT_MALFORMED = 1,
    /// The library does not support what the file needs, for example a compression scheme.
    CT_UNSUPPORTED = 2,
    CT_OUT_OF_MEMORY = 3,
};

/// The status of a call. `reason` is the library's message, NUL-terminated and empty on success.
typedef struct {
    int32_t code;
    uint8_t reason[252];
} ct_status;

/// Bytes that the caller frees with `ct_buffer_free`.
typedef struct {
    uint8_t *bytes;
    size_t count;
} ct_buffer;

void ct_buffer_free(ct_buffer *buffer);

/// Bytes that remain the caller's.
typedef struct {
    const uint8_t *bytes;
    size_t count;
} ct_bytes;

// MARK: - PNG

/// The contents of IHDR.
typedef struct {
    uint32_t width, height;
    uint8_t depth, color_type, interlace;
} ct_png_header;

/// Returns the checksum used by PNG chunks and zlib: ISO 3309.
uint32_t ct_crc32(const uint8_t *bytes, size_t count);

/// Decodes the rows of a PNG as stored: packed samples, 16-bit samples big-endian, without gamma or scaling, palette
/// indices unchanged. Interlaced images are deinterlaced.
///
/// The file is the concatenation of `count` parts. Chunk checksums are not verified, since the caller has done so.
/// `rows` receives `height` rows of `row_bytes`, which must match the size in the file.
ct_status ct_png_decode(const ct_bytes *parts, size_t count, uint8_t *rows, size_t row_bytes, size_t height);

/// Encodes rows of the same form to a PNG of IHDR, IDAT and IEND only.
ct_status ct_png_encode(const ct_png_header *header, const uint8_t *rows, size_t row_bytes, ct_buffer *png);

// MARK: - TIFF

/// A page's layout, in the values of the TIFF specification.
typedef struct {
    uint32_t width, height, depth;
    uint16_t bits, sample_format, samples;
    /// `CT_TIFF_ABSENT` if the tag is missing.
    uint16_t photometric;
    uint16_t compression, planar, predictor, fill_order;
    uint16_t extra_count;
    uint16_t extras[8];
    /// `t4_options` for CCITT group 3, `lerc_compression` for LERC; otherwise 0.
    uint32_t t4_options, lerc_compression;
    bool tiled;
    /// The size of a tile, or of a strip, whose width is that of the image.
    uint32_t block_width, block_height;
    /// The number of strips or tiles in the page; planes follow one another.
    uint32_t blocks;
} ct_tiff_page;

enum { CT_TIFF_ABSENT = 0xFFFF };

typedef struct ct_tiff ct_tiff;

/// Opens a TIFF in memory at its first page. `bytes` are not retained: see `ct_tiff_place`. `largest` limits each
/// single allocation by libtiff. Returns NULL and sets the status on failure.
ct_tiff *ct_tiff_open(const uint8_t *bytes, size_t count, int64_t largest, ct_status *status);

/// Sets the address of the file's bytes. Required before every other call that reads.
void ct_tiff_place(ct_tiff *tiff, const uint8_t *bytes);

void ct_tiff_close(ct_tiff *tiff);

/// Reads the layout of the current page. Sets colour JPEG to be decoded as RGB.
ct_status ct_tiff_read_page(ct_tiff *tiff, ct_tiff_page *page);

/// Reads the colour map: 2^bits red, then green, then blue values; `capacity` counts values.
ct_status ct_tiff_read_color_map(ct_tiff *tiff, uint16_t *values, size_t capacity);

/// Decodes a strip or tile to exactly `size` bytes: samples of 16, 32 or 64 bits in host order, others packed as in the
/// file. Fewer bytes are an error.
ct_status ct_tiff_read_block(ct_tiff *tiff, uint32_t block, uint8_t *bytes, size_t size);

/// Moves to the next page; `*moved` is false if there is none.
ct_status ct_tiff_next_page(ct_tiff *tiff, bool *moved);

/// Returns whether libtiff was built with `compression`.
bool ct_tiff_has(uint16_t compression);

/// Returns whether `compression` is lossless and libtiff can write it.
bool ct_tiff_can_write(uint16_t compression);

/// Creates a BigTIFF in memory with one page. Returns NULL and sets the status on failure.
ct_tiff *ct_tiff_create(const ct_tiff_page *page, bool big_endian, ct_status *status);

/// Encodes a strip or tile in the form that `ct_tiff_read_block` returns. Changes `bytes`.
ct_status ct_tiff_write_block(ct_tiff *tiff, uint32_t block, uint8_t *bytes, size_t size);

/// Completes the page and transfers the file to the caller. The handle must still be closed.
ct_status ct_tiff_finish(ct_tiff *tiff, ct_buffer *file);
