#!/usr/bin/env python3
"""Compares simulated with real low dose. Run by `scripts/low_dose.sh`; docs/noise.md contains the results.

PAIRS has full/ and quarter/ with 16-bit PNGs (HU + 1024) of the same names, each pair the same scan at full and at
quarter dose, and manifest.csv with pair, kernel and pixel_mm. The program simulates a quarter of each full dose from
kernel and pixel size; it measures the noise at full dose itself.

Both figures follow from the added noise, low dose minus full dose. The variance at quarter dose is four times that at
full dose, and the real quarter doses of such pairs were made by adding the difference to the raw data of the scan. The
variance at full dose is therefore a third of the really added variance, and the standard deviation of a quarter dose,
real or simulated, is the root of the sum of the variance at full dose and the added variance.
"""
import argparse
import csv
import shutil
import subprocess
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from scipy.ndimage import uniform_filter

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/noise.md"
PICTURE = ROOT / "docs/pictures/low_dose.png"
BEGIN, END = "<!-- low dose: begin -->", "<!-- low dose: end -->"
# HU of a mean over 5×5 pixels.
TISSUES = {"soft tissue": (-20, 120), "lung": (-950, -600)}
SIDE = 32


def arguments():
    parser = argparse.ArgumentParser(prog="low_dose", description=__doc__.split("\n")[0])
    parser.add_argument("pairs", type=Path)
    parser.add_argument("out", type=Path, help="folder for simulated slices, table and plot")
    parser.add_argument("--program", type=Path, default=ROOT / ".build/release/ctdenoise")
    parser.add_argument("--document", action="store_true", help="put table and plot into docs/, too")
    return parser.parse_args()


def read(path):
    return np.asarray(Image.open(path)).astype(float) - 1024


def run(program, *words):
    return subprocess.run([program, *map(str, words)], check=True, capture_output=True, text=True).stdout


def simulate(program, full, out, row):
    kernel = "sharp" if row["kernel"].startswith("D") else "soft"
    run(program, "noise", full, "-o", out, "--overwrite", "--rescale", "1,-1024",
        "--dose", f"25%,kernel={kernel},pixel={row['pixel_mm']}")


def trend_remover():
    """Projects a square onto what is orthogonal to polynomials of second degree."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    basis, _ = np.linalg.qr(np.stack([np.ones(SIDE * SIDE), *(v.ravel() for v in (x, y, x * x, x * y, y * y))], axis=1))
    return lambda square: square.ravel() - basis @ (basis.T @ square.ravel())


def spectrum(noise, is_tissue, pixel, remove_trend=trend_remover()):
    """Returns the radial noise power spectrum (AAPM TG-233, doi 10.1002/mp.13763) of squares with at least four fifths
    of tissue; None if there are fewer than 4."""
    total, count = np.zeros((SIDE, SIDE)), 0
    for top in range(0, noise.shape[0] - SIDE + 1, SIDE // 4):
        for left in range(0, noise.shape[1] - SIDE + 1, SIDE // 4):
            place = np.s_[top:top + SIDE, left:left + SIDE]
            if is_tissue[place].mean() >= 0.8:
                total += np.abs(np.fft.fft2(remove_trend(noise[place]).reshape(SIDE, SIDE))) ** 2
                count += 1
    if count < 4:
        return None
    frequency = np.fft.fftfreq(SIDE)
    ring = np.rint(np.hypot(*np.meshgrid(frequency, frequency)) * SIDE).astype(int)
    power = np.array([total[ring == k].mean() for k in range(SIDE // 2 + 1)]) / count * pixel**2 / SIDE**2
    return np.arange(SIDE // 2 + 1) / (SIDE * pixel), power


def peak(frequencies, power):
    """Returns the centre of the frequencies whose power, smoothed over five rings, is at least 0.8 of the maximum. The
    lowest ring is left out, because removing the trend removes it."""
    weights = [1, 2, 3, 2, 1]
    smooth = np.convolve(power, weights, "same") / np.convolve(np.ones_like(power), weights, "same")
    smooth[0] = 0
    smooth[smooth < 0.8 * smooth.max()] = 0
    return (frequencies * smooth).sum() / smooth.sum()


def compare(options):
    rows = list(csv.DictReader(open(options.pairs / "manifest.csv")))
    simulated = options.out / "simulated"
    shutil.rmtree(simulated, ignore_errors=True)
    simulated.mkdir(parents=True)
    for row in rows:
        simulate(options.program, options.pairs / f"full/{row['pair']}.png", simulated, row)
    results = []
    for row in rows:
        pair, pixel = row["pair"], float(row["pixel_mm"])
        full = read(options.pairs / f"full/{pair}.png")
        smooth = uniform_filter(full, 5)
        for tissue, (low, high) in TISSUES.items():
            result = {"pair": pair, "kernel": row["kernel"], "tissue": tissue}
            is_tissue = (smooth > low) & (smooth < high)
            for name, folder in [("real", options.pairs / "quarter"), ("simulated", simulated)]:
                added = read(folder / f"{pair}.png") - full
                if name == "real":
                    own = added[is_tissue].var() / 3
                result[f"sigma {name}"] = np.sqrt(own + added[is_tissue].var())
                curve = spectrum(added, is_tissue, pixel)
                result[f"spectrum {name}"] = curve
                result[f"peak {name}"] = None if curve is None else peak(*curve)
            results.append(result)
    return results


def difference(result, what):
    real, simulated = result[f"{what} real"], result[f"{what} simulated"]
    return None if real is None or simulated is None else 100 * (simulated / real - 1)


def cells(result):
    def cell(value, places):
        return "–" if value is None else f"{value:.{places}f}"

    def percent(what):
        value = difference(result, what)
        return "–" if value is None else f"{value:+.0f} %"

    return [result["pair"], result["kernel"], result["tissue"],
            cell(result["sigma real"], 1), cell(result["sigma simulated"], 1), percent("sigma"),
            cell(result["peak real"], 3), cell(result["peak simulated"], 3), percent("peak")]


def table(results):
    titles = ["pair", "kernel", "tissue", "σ real, HU", "σ simulated", "", "peak real, 1/mm", "peak simulated", ""]
    lines = [titles, ["---"] * 3 + ["--:"] * 6] + [cells(result) for result in results]
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    for what, title, aim in [("sigma", "Standard deviations", 10), ("peak", "Peaks", 15)]:
        found = [abs(difference(result, what)) for result in results if difference(result, what) is not None]
        within = sum(value <= aim for value in found)
        rms = np.sqrt(np.mean(np.square(found)))
        text += f"\n\n{title}: {within} of {len(found)} within {aim} %, {rms:.0f} % RMS, {max(found):.0f} % at most."
    return text


def draw(results, path):
    """Spectra of both tissues, each pair a thin line, over their variance, so that shapes can be compared."""
    kernels = sorted({result["kernel"] for result in results})
    figure, axes = plt.subplots(len(TISSUES), len(kernels), figsize=(9, 6), sharex=True, squeeze=False)
    for line, tissue in zip(axes, TISSUES):
        for axis, kernel in zip(line, kernels):
            for name, colour in [("real", "#1f77b4"), ("simulated", "#d62728")]:
                curves = [result[f"spectrum {name}"] for result in results
                          if (result["kernel"], result["tissue"]) == (kernel, tissue) and result[f"spectrum {name}"]]
                for number, (frequencies, power) in enumerate(curves):
                    label = None if number else name
                    axis.plot(frequencies, power / power.sum(), colour, alpha=0.6, linewidth=1, label=label)
            axis.set_title(f"{tissue}, {kernel}", fontsize=10)
            axis.set_yticks([])
            if line is axes[-1]:
                axis.set_xlabel("cycles per mm")
            if axis is line[0]:
                axis.set_ylabel("share of noise power")
    axes[0][0].legend(fontsize=9)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)


def main():
    options = arguments()
    results = compare(options)
    text = table(results)
    (options.out / "low_dose.md").write_text(text + "\n")
    draw(results, options.out / "low_dose.png")
    print(text)
    if options.document:
        before, rest = DOCUMENT.read_text().split(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}")
        shutil.copy(options.out / "low_dose.png", PICTURE)


if __name__ == "__main__":
    main()
