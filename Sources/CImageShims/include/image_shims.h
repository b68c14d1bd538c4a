// The only C that calls libpng and libtiff: memory in, memory out, a status for every call.
//
// Nothing here touches a file, prints, or keeps state between handles. `char` stays out of the
// signatures, because its sign differs between platforms.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What kind of trouble a call met.
enum ct_code {
    CT_OK = 0,
    /// The bytes break the format's rules, or end too early.
    CT_MALFORMED = 1,
    /// The library lacks what the file needs, for example a compression scheme.
    CT_UNSUPPORTED = 2,
    CT_OUT_OF_MEMORY = 3,
};

/// What came of a call. `reason` holds the library's words, NUL-terminated, empty on success.
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

/// Bytes that stay the caller's.
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

/// The checksum of PNG's chunks and of zlib: ISO 3309.
uint32_t ct_crc32(const uint8_t *bytes, size_t count);

/// Decodes the rows of a PNG as they are stored: packed samples, 16-bit ones big-endian, no
/// gamma, no scaling, palette indices as they are. Interlaced images come out whole.
///
/// The file is the `count` parts one after another; the checksums of its chunks are not looked at, since the caller
/// has done that. `rows` takes `height` rows of `row_bytes`; other sizes than the file's are refused.
ct_status ct_png_decode(const ct_bytes *parts, size_t count, uint8_t *rows, size_t row_bytes, size_t height);

/// Encodes rows of the same form into a PNG of IHDR, IDAT and IEND only.
ct_status ct_png_encode(const ct_png_header *header, const uint8_t *rows, size_t row_bytes, ct_buffer *png);

// MARK: - TIFF

/// A page's layout, in the values of the TIFF specification.
typedef struct {
    uint32_t width, height, depth;
    uint16_t bits, sample_format, samples;
    /// `CT_TIFF_ABSENT` if the page has none.
    uint16_t photometric;
    uint16_t compression, planar, predictor, fill_order;
    uint16_t extra_count;
    uint16_t extras[8];
    /// `t4_options` for CCITT group 3, `lerc_compression` for LERC; else 0.
    uint32_t t4_options, lerc_compression;
    bool tiled;
    /// Size of a tile, or of a strip (whose width is the image's).
    uint32_t block_width, block_height;
    /// Strips or tiles in the page, planes one after another.
    uint32_t blocks;
} ct_tiff_page;

enum { CT_TIFF_ABSENT = 0xFFFF };

typedef struct ct_tiff ct_tiff;

/// Opens a TIFF in memory, at its first page. `bytes` are not kept: see `ct_tiff_place`.
/// `largest` bounds any single allocation that libtiff makes. NULL, with a status, on failure.
ct_tiff *ct_tiff_open(const uint8_t *bytes, size_t count, int64_t largest, ct_status *status);

/// Says where the bytes are: before every other call for reading.
void ct_tiff_place(ct_tiff *tiff, const uint8_t *bytes);

void ct_tiff_close(ct_tiff *tiff);

/// The current page's layout. Prepares colour JPEG to come out as RGB.
ct_status ct_tiff_read_page(ct_tiff *tiff, ct_tiff_page *page);

/// The colour map: 2^bits values each of red, green, blue one after another; `capacity` counts values.
ct_status ct_tiff_read_color_map(ct_tiff *tiff, uint16_t *values, size_t capacity);

/// Decodes a strip or tile: exactly `size` bytes, samples of 16 bits and more in the host's order,
/// smaller ones and odd widths packed as in the file. Less is an error.
ct_status ct_tiff_read_block(ct_tiff *tiff, uint32_t block, uint8_t *bytes, size_t size);

/// Goes to the next page; `*moved` is false where there is none.
ct_status ct_tiff_next_page(ct_tiff *tiff, bool *moved);

/// Whether libtiff was built with `compression`.
bool ct_tiff_has(uint16_t compression);

/// Whether `compression` brings every sample back, and libtiff can write it.
bool ct_tiff_can_write(uint16_t compression);

/// Starts a BigTIFF in memory with one page. NULL, with a status, on failure.
ct_tiff *ct_tiff_create(const ct_tiff_page *page, bool big_endian, ct_status *status);

/// Encodes a strip or tile from the form that `ct_tiff_read_block` gives. Changes `bytes`.
ct_status ct_tiff_write_block(ct_tiff *tiff, uint32_t block, uint8_t *bytes, size_t size);

/// Completes the page and hands over the file. The handle still has to be closed.
ct_status ct_tiff_finish(ct_tiff *tiff, ct_buffer *file);
