#!/usr/bin/env python3
"""Compares samples decoded by ctdenoise with those of Pillow, tifffile and imagecodecs.

usage: CT_DUMP=FOLDER swift test --filter 'are dumped for comparison'
       scripts/conformance.py FOLDER SUITES

FOLDER holds index.tsv and the dumps that the test wrote; SUITES is the folder of test files. Prints counts, and every
file that another reader decodes differently or that ctdenoise refuses although it is grey. Exits with status 1 if no
reader agrees on a file. Needs numpy, Pillow, tifffile and imagecodecs.
"""

import collections
import json
import logging
import pathlib
import sys
import warnings

import imagecodecs
import numpy
import PIL.Image
import tifffile

warnings.simplefilter("ignore")
logging.disable()
PIL.Image.MAX_IMAGE_PIXELS = 1 << 26


def pillow(path):
    """Returns every page as Pillow decodes it, with palette indices and packed bits converted to levels."""
    pages = []
    with PIL.Image.open(path) as image:
        for number in range(1 if image.format == "PNG" else getattr(image, "n_frames", 1)):
            image.seek(number)
            page = image
            if page.mode in ("P", "PA"):
                page = page.convert("RGB")
            pages.append(numpy.array(page))
    return pages


def reference(path):
    """Returns the decoded pages published with PngSuite: RGBA of 8 or 16 bits."""
    values = json.loads((path.parent.parent / "json" / f"{path.stem}.json").read_text())
    with PIL.Image.open(path) as image:
        samples = numpy.array(values, numpy.float64).reshape(image.height, image.width, 4)
    # Transparent pixels may have any colour there; NaN stands for it.
    return [numpy.where(samples[:, :, 3] == 0, numpy.nan, samples[:, :, 0])]


def png(path):
    return [imagecodecs.png_decode(path.read_bytes())]


def tiff(path):
    with tifffile.TiffFile(path) as file:
        pages = []
        for page in file.pages:
            samples = page.asarray()
            if page.photometric == tifffile.PHOTOMETRIC.PALETTE:
                samples = numpy.moveaxis(page.colormap, 0, -1)[samples]
                # The specification multiplies 8-bit levels by 257; some writers do not.
                if (page.colormap % 257 == 0).all():
                    samples = samples // 257
            elif page.planarconfig == 2 and samples.ndim == 3:
                samples = numpy.moveaxis(samples, 0, -1)
            pages.append(samples)
        return pages


def grey(samples):
    """Returns the grey channel of grey, grey with alpha, or grey RGB samples; None for others."""
    samples = numpy.asarray(samples)
    samples = samples.astype(numpy.float64)
    if samples.ndim == 2:
        return samples
    if samples.ndim != 3:
        return None
    if samples.shape[2] in (1, 2):
        return samples[:, :, 0]
    same = (samples[:, :, 0] == samples[:, :, 1]).all() and (samples[:, :, 0] == samples[:, :, 2]).all()
    return samples[:, :, 0] if same else None


def equal(ours, theirs, bits):
    """Compares samples: "equal", "converted" if they differ by a known conversion of a reader, or ""."""
    if theirs is None or ours.shape != theirs.shape:
        return ""
    if numpy.array_equal(ours, theirs, equal_nan=True):
        return "equal"
    top = 2.0**bits - 1
    known = [
        top - ours,  # Pillow inverts MinIsWhite,
        ours % (top + 1),  # reads signed 8-bit samples as unsigned,
        (ours + 2.0**31) % 2.0**32 - 2.0**31,  # reads unsigned 32-bit samples as signed,
        ours // 256,  # reduces 16-bit grey with alpha to 8 bits,
        ours * (255 // top if bits <= 8 else 1),  # and widens 1, 2 and 4 bits to 8
        (top - ours) * (255 // top if bits <= 8 else 1),
    ]
    any_value = numpy.isnan(theirs)
    same = any(numpy.array_equal(each, numpy.where(any_value, each, theirs)) for each in known + [ours])
    return "converted" if same else ""


def main():
    folder, suites = (pathlib.Path(argument) for argument in sys.argv[1:3])
    pages, refused = collections.defaultdict(list), {}
    for line in (folder / "index.tsv").read_text().splitlines():
        name, page, *rest = line.split("\t")
        if page == "-":
            refused[name] = rest
        else:
            width, height, kind, dump = int(rest[0]), int(rest[1]), rest[2], rest[3]
            samples = numpy.fromfile(folder / dump, numpy.float64).reshape(height, width)
            pages[name].append((samples, int(kind.split("-")[0])))

    counts = collections.Counter()
    bad = False
    for name, ours in sorted(pages.items()):
        isPNG = (suites / name).read_bytes()[:4] == b"\x89PNG"
        agreed = False
        readers = [pillow, png if isPNG else tiff]
        if (suites / name).parent.parent.joinpath("json").is_dir():
            readers.append(reference)
        for reader in readers:
            try:
                theirs = reader(suites / name)
            except Exception as error:  # each reader has its own errors
                counts[f"{reader.__name__}: cannot read"] += 1
                continue
            result = [equal(a, grey(b), bits) for (a, bits), b in zip(ours, theirs)]
            if len(ours) == len(theirs) and all(result):
                same = all(each == "equal" for each in result)
                counts[f"{reader.__name__}: " + ("equal" if same else "equal except for known conversions")] += 1
                agreed = True
            else:
                counts[f"{reader.__name__}: different"] += 1
                shapes = [numpy.asarray(b).shape + (str(numpy.asarray(b).dtype),) for b in theirs]
                print(f"different from {reader.__name__}: {name}: {[a.shape for a, _ in ours]} {shapes}"[:300])
        counts["equal to a reader" if agreed else "equal to none"] += 1
        if not agreed:
            print(f"equal to none: {name}")
        bad |= not agreed

    for name, (code, found) in sorted(refused.items()):
        counts[f"refused: {code}"] += 1
        if code == "notAnImage":
            continue
        for reader in (tiff, pillow):
            try:
                theirs = reader(suites / name)
            except Exception:
                continue
            if theirs and all(grey(page) is not None for page in theirs):
                counts["refused although another reader reads it as grey"] += 1
                print(f"refused although {reader.__name__} reads it: {name}: {code}: {found}")
                break
    print(f"{len(pages)} files read, {len(refused)} refused")
    for key, count in sorted(counts.items()):
        print(f"{count:6} {key}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
