// What an image costs to decode by libpng's and libtiff's ordinary interface, and nothing else: what our reader is
// measured against.
#ifndef PLAIN_DECODERS_H
#define PLAIN_DECODERS_H

// Decodes the grey PNG at `path` of 8 or 16 bits into `*samples`, in the machine's byte order.
// Returns the number of bytes, for the caller to `free`, or -1.
long plain_png_decode(const char *path, unsigned char **samples);

// Decodes the first page, in strips, of the TIFF at `path` into `*samples`, in the machine's byte order.
// Returns the number of bytes, for the caller to `free`, or -1.
long plain_tiff_decode(const char *path, unsigned char **samples);

#endif
