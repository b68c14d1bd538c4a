#!/usr/bin/env python3
"""Makes the fixtures in this folder: small images whose samples follow a formula, from other encoders than ours.

usage: make.py        (numpy, tifffile, imagecodecs; tiffcp of libtiff-tools for the fax schemes)

Sample k = x + 17 y of page p is h = (k + 1000 p) * 2654435761 mod 2^32, cut to its highest bits:
u1…u32: h >> (32 - bits); i…: that - 2^(bits - 1); f16: (h >> 21) / 8, f32: (h >> 8) / 256, f64: h / 1024,
each of them negative for odd k. Written with tifffile 2025, libtiff 4.5.0.
"""

import pathlib
import struct
import subprocess
import zlib

import numpy
import tifffile

HERE = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 17, 11


def pattern(kind, page=0):
    k = numpy.arange(WIDTH * HEIGHT, dtype=numpy.uint64).reshape(HEIGHT, WIDTH)
    h = (k + 1000 * page) * 2654435761 % 2**32
    bits = int(kind[1:])
    if kind[0] == "u":
        return (h >> (32 - bits)).astype("u1" if bits <= 8 else f"u{(bits + 15) // 16 * 2}")
    if kind[0] == "i":
        return ((h >> (32 - bits)).astype(numpy.int64) - 2 ** (bits - 1)).astype(f"i{bits // 8}")
    value = {16: (h >> 21) / 8, 32: (h >> 8) / 256, 64: h / 1024}[bits]
    return numpy.where(k % 2 == 1, -value, value).astype(f"f{bits // 8}")


# --- TIFF


def tiff(name, kind, pages=1, byteorder="<", bigtiff=False, **options):
    with tifffile.TiffWriter(HERE / f"{name}.tif", byteorder=byteorder, bigtiff=bigtiff) as file:
        for page in range(pages):
            settings = {"photometric": "minisblack", "metadata": None, "software": False} | options
            if settings.get("rowsperstrip") is None and "tile" not in settings:
                settings["rowsperstrip"] = 4
            file.write(pattern(kind, page), **settings)


def tiffs():
    for name in ["lzw", "zlib", "deflate", "packbits", "lzma", "zstd", "lerc"]:
        tiff(f"u16-{name}", "u16", compression=None if name == "none" else name)
    for kind in ["u8", "i8", "u16", "i16", "u32", "i32", "f16", "f32", "f64"]:
        tiff(f"{kind}-none", kind)
        tiff(f"{kind}-none-big-endian", kind, byteorder=">")
    tiff("u8-lzw-predictor", "u8", compression="lzw", predictor=2)
    tiff("u16-zlib-predictor-big-endian", "u16", compression="zlib", predictor=2, byteorder=">")
    tiff("i32-zlib-predictor-tiles", "i32", compression="zlib", predictor=2, tile=(16, 16))
    for kind in ["f16", "f32", "f64"]:
        tiff(f"{kind}-zlib-predictor", kind, compression="zlib", predictor=3)
    tiff("f32-lerc", "f32", compression="lerc")
    tiff("i16-tiles-bigtiff-big-endian", "i16", tile=(16, 32), bigtiff=True, byteorder=">")
    tiff("u16-pages-bigtiff", "u16", pages=3, bigtiff=True, compression="zlib")
    tiff("u8-min-is-white", "u8", photometric="miniswhite")
    tiff(
        "u16-pages-tags", "u16", pages=3, compression="lzw", description="A description\nin two lines",
        datetime="2024:02:29 12:34:56", resolution=(72.5, 36.25), resolutionunit=3, software="make.py",
        iccprofile=bytes(range(64)),
        extratags=[
            (315, 2, 0, "An artist", True), (285, 2, 0, "A page", True), (274, 3, 1, 4, True),
            (297, 3, 2, (1, 3), True), (700, 1, 0, b"<x:xmpmeta/>", True), (42113, 2, 0, "-9999", True),
            (340, 3, 1, 0, True), (341, 3, 1, 65535, True), (33550, 12, 3, (0.5, 0.25, 0.0), True),
            (65000, 2, 0, "private text", True), (65001, 7, 5, b"\x00\x01\x02\x03\x04", True),
        ],
    )
    grey, alpha = pattern("u8"), pattern("u8", 7)
    both = numpy.stack([grey, alpha])
    options = {"metadata": None, "software": False, "rowsperstrip": 4, "photometric": "minisblack"}
    tifffile.imwrite(
        HERE / "u8-alpha.tif", numpy.moveaxis(both, 0, -1), extrasamples=["unassalpha"], planarconfig="contig",
        compression="zlib", **options)
    tifffile.imwrite(
        HERE / "u8-alpha-planes.tif", both, extrasamples=["unassalpha"], planarconfig="separate", **options)
    options["photometric"] = "rgb"
    tifffile.imwrite(HERE / "u8-rgb.tif", numpy.moveaxis(numpy.stack([grey] * 3), 0, -1), compression="lzw", **options)
    tifffile.imwrite(HERE / "u8-rgb-planes.tif", numpy.stack([grey] * 3), planarconfig="separate", **options)
    options["photometric"] = "palette"
    levels = numpy.stack([numpy.arange(255, -1, -1, dtype=numpy.uint16) * 257] * 3)
    tifffile.imwrite(HERE / "u8-palette.tif", (255 - grey).astype(numpy.uint8), colormap=levels, **options)
    options["photometric"] = "minisblack"
    tifffile.imwrite(HERE / "flat-jpeg.tif", numpy.full((16, 16), 128, numpy.uint8), compression="jpeg",
                     metadata=None, software=False, photometric="minisblack")
    tifffile.imwrite(
        HERE / "color.tif", numpy.moveaxis(numpy.stack([grey, grey, alpha]), 0, -1), metadata=None, software=False,
        photometric="rgb")
    tifffile.imwrite(
        HERE / "u1-none.tif", pattern("u1").astype(bool), metadata=None, software=False, photometric="minisblack",
        rowsperstrip=4)
    for name, scheme in [("g3", "g3"), ("g3-2d", "g3:2d"), ("g4", "g4"), ("g3-fill", "g3:fill")]:
        command = ["tiffcp", "-r", "4", "-c", scheme, HERE / "u1-none.tif", HERE / f"u1-{name}.tif"]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


# --- PNG


def chunk(kind, data):
    body = kind.encode() + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def rows(samples, depth):
    """Filtered rows of one pass; samples are (rows, columns, channels)."""
    result = b""
    for row in samples:
        values = row.reshape(-1)
        if depth == 16:
            packed = values.astype(">u2").tobytes()
        else:
            shifts = numpy.arange(depth - 1, -1, -1)
            packed = numpy.packbits((values[:, None] >> shifts & 1).astype(numpy.uint8).reshape(-1)).tobytes()
        result += b"\0" + packed
    return result


def png(name, channels, depth, color, interlaced=False, before=b"", after=b""):
    samples = numpy.stack(channels, axis=-1)
    data = b""
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
        for x, y, dx, dy in passes:
            part = samples[y::dy, x::dx]
            if part.size:
                data += rows(part, depth)
    else:
        data = rows(samples, depth)
    packed = zlib.compress(data)
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], depth, color, 0, 0, interlaced)
    half = len(packed) // 2
    file = b"\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + before
    file += chunk("IDAT", packed[:half]) + chunk("IDAT", packed[half:]) + after + chunk("IEND", b"")
    (HERE / f"{name}.png").write_bytes(file)


def pngs():
    for depth in [1, 2, 4, 8, 16]:
        grey = pattern(f"u{depth}")
        png(f"u{depth}-grey", [grey], depth, 0)
        png(f"u{depth}-grey-interlaced", [grey], depth, 0, interlaced=True)
    for depth in [8, 16]:
        grey, alpha = pattern(f"u{depth}"), pattern(f"u{depth}", 7)
        png(f"u{depth}-alpha", [grey, alpha], depth, 4)
        png(f"u{depth}-rgb", [grey] * 3, depth, 2)
        png(f"u{depth}-rgba-interlaced", [grey] * 3 + [alpha], depth, 6, interlaced=True)
    grey = pattern("u8")
    png("color", [grey, grey, pattern("u8", 7)], 8, 2)
    palette = bytes(level for index in range(256) for level in [255 - index] * 3)
    png("u8-palette", [255 - grey], 8, 3, before=chunk("PLTE", palette) + chunk("bKGD", b"\x03"))
    png("u8-palette-alpha", [255 - grey], 8, 3, before=chunk("PLTE", palette) + chunk("tRNS", bytes(range(200))))
    text = chunk("tEXt", b"Title\0A title") + chunk("zTXt", b"Comment\0\0" + zlib.compress(b"packed"))
    text += chunk("iTXt", b"Author\0\0\0en\0Auteur\0\xc3\xa9") + chunk("tIME", b"\x07\xe8\x02\x1d\x0c\x22\x38")
    png(
        "u16-12-bits", [pattern("u12").astype(numpy.uint16)], 16, 0,
        before=chunk("gAMA", struct.pack(">I", 45455)) + chunk("sBIT", b"\x0c")
        + chunk("pHYs", struct.pack(">IIB", 2000, 1000, 1)) + chunk("tRNS", b"\x00\x07") + chunk("prVt", b"kept")
        + chunk("prVT", b"not kept"),
        after=text)


if __name__ == "__main__":
    tiffs()
    pngs()
