#include "plain_decoders.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <tiffio.h>

// MARK: - PNG

// Apart from the function that cleans up, whose variables would be clobbered by `longjmp`.
static long read_png(png_structp png, png_infop info, FILE *file, unsigned char **samples, png_bytep **rows) {
    if (setjmp(png_jmpbuf(png))) return -1;
    png_init_io(png, file);
    png_read_info(png, info);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (png_get_bit_depth(png, info) == 16) png_set_swap(png);
#endif
    png_read_update_info(png, info);
    size_t height = png_get_image_height(png, info);
    size_t row_bytes = png_get_rowbytes(png, info);
    *samples = malloc(height * row_bytes);
    *rows = malloc(height * sizeof **rows);
    if (!*samples || !*rows) return -1;
    for (size_t y = 0; y < height; y++) (*rows)[y] = *samples + y * row_bytes;
    png_read_image(png, *rows);
    png_read_end(png, NULL);
    return (long)(height * row_bytes);
}

long plain_png_decode(const char *path, unsigned char **samples) {
    *samples = NULL;
    FILE *file = fopen(path, "rb");
    if (!file) return -1;
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    png_bytep *rows = NULL;
    long size = info ? read_png(png, info, file, samples, &rows) : -1;
    free(rows);
    png_destroy_read_struct(&png, &info, NULL);
    fclose(file);
    if (size < 0) {
        free(*samples);
        *samples = NULL;
    }
    return size;
}

// MARK: - TIFF

long plain_tiff_decode(const char *path, unsigned char **samples) {
    *samples = NULL;
    TIFF *tiff = TIFFOpen(path, "r");
    if (!tiff) return -1;
    uint32_t height = 0;
    if (!TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height) || TIFFIsTiled(tiff)) height = 0;
    tmsize_t row_bytes = TIFFScanlineSize(tiff);
    long size = (long)row_bytes * (long)height;
    if (size > 0) *samples = malloc((size_t)size);
    long done = 0;
    for (uint32_t strip = 0; *samples && strip < TIFFNumberOfStrips(tiff); strip++) {
        tmsize_t got = TIFFReadEncodedStrip(tiff, strip, *samples + done, size - done);
        if (got < 0) break;
        done += got;
    }
    TIFFClose(tiff);
    if (!*samples || done != size) {
        free(*samples);
        *samples = NULL;
        return -1;
    }
    return size;
}
