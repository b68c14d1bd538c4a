#!/usr/bin/env python3
"""Denoises a folder of 16-bit slices by classical methods, for comparison with `ctdenoise denoise`.

Needs numpy, scipy, scikit-image and Pillow. The median is 3×3; the weight of total variation (Chambolle 2004) is tuned:
on one slice a folder it takes the one with the best mean PSNR against the clean slices, which flatters it.

    python3 Benchmarks/Quality/baselines.py CLEAN NOISY OUT

writes OUT/median and OUT/tv with the names of NOISY; measure each with `ctdenoise evaluate CLEAN OUT/…`.
"""
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import median_filter
from skimage.restoration import denoise_tv_chambolle

RANGE = 2047.0  # −1024…1023 HU
WEIGHTS = [0.02, 0.05, 0.08, 0.1, 0.12, 0.15, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0]


def read(path):
    return np.array(Image.open(path)).astype(np.float64)


def write(path, samples):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(np.rint(samples), 0, 65535).astype(np.uint16)).save(path)


def total_variation(samples, weight):
    return denoise_tv_chambolle(samples / RANGE, weight=weight, eps=1e-5, max_num_iter=400) * RANGE


def psnr(clean, test):
    return 10 * np.log10(RANGE**2 / np.mean((clean - test) ** 2))


def score(job):
    clean, noisy, weight = job
    return psnr(read(clean), total_variation(read(noisy), weight))


def denoise(job):
    source, name, out, weight = job
    samples = read(source)
    write(out / "median" / name, median_filter(samples, size=3, mode="reflect"))
    write(out / "tv" / name, total_variation(samples, weight))


def main():
    clean, noisy, out = map(Path, sys.argv[1:4])
    names = sorted(path.relative_to(noisy) for path in noisy.rglob("*.png"))
    first = {name.parent: name for name in reversed(names)}.values()
    with ProcessPoolExecutor() as pool:
        scores = {}
        for weight in WEIGHTS:
            scores[weight] = np.mean(list(pool.map(score, [(clean / n, noisy / n, weight) for n in first])))
            print(f"total variation, weight {weight}: {scores[weight]:.2f} dB on {len(first)} slices", flush=True)
            if scores[weight] < max(scores.values()) - 0.5:
                break
        best = max(scores, key=scores.get)
        print(f"weight {best}")
        list(pool.map(denoise, [(noisy / n, n, out, best) for n in names]))


if __name__ == "__main__":
    main()
