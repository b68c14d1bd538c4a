"""The slices with real low-dose noise that are denoised, and what is measured on them. Everything is in HU."""
import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.metrics import structural_similarity

# Display windows in HU in which figures are measured; what lies outside is clipped.
WINDOWS = {"soft tissue": (-160, 240), "lung": (-1000, 200)}
USUAL_PIXEL = 0.75  # mm, where a manifest has none
# Tissues in HU, by the mean over 5×5 pixels of the clean slice: a single sample is noisy itself, and choosing by it
# would choose by noise.
TISSUES = {"lung": (-950, -700), "soft tissue": (0, 100), "bone": (300, 1500)}


@dataclass
class Pair:
    """A noisy slice, what it is compared with, and the noise that was added to that."""

    name: str
    clean: np.ndarray
    noisy: np.ndarray
    pixel: float  # mm
    noise: np.ndarray = field(init=False)

    def __post_init__(self):
        self.noise = self.noisy - self.clean


def read(path):
    with Image.open(path) as image:
        return np.asarray(image).astype(float) - 1024


def write(hu, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((np.rint(hu).clip(-1024, 4095) + 1024).astype(np.uint16)).save(path)


def stored(hu):
    """As a file holds it."""
    return np.rint(hu).clip(-1024, 4095)


def read_pairs(folder):
    """Quarter dose beside full dose, by kernel: soft and sharp."""
    sets = {"soft": [], "sharp": []}
    with (folder / "manifest.csv").open() as file:
        for row in csv.DictReader(file):
            kernel = "sharp" if row["kernel"].startswith("D") else "soft"
            full, quarter = (read(folder / dose / f"{row['pair']}.png") for dose in ["full", "quarter"])
            sets[kernel].append(Pair(row["pair"], full, quarter, float(row["pixel_mm"])))
    return sets


def read_clean(folder, largest_noise, per_patient):
    """The slices of the least noise of each patient of a manifest beside the folder: name, HU, mm a pixel."""
    with (folder.parent / "manifest.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith(f"{folder.name}/")]
    patients = {}
    for row in rows:
        if float(row["noise_hu"]) <= largest_noise:
            patients.setdefault(row["patient"], []).append(row)
    slices = []
    for patient in sorted(patients):
        for row in sorted(patients[patient], key=lambda row: float(row["noise_hu"]))[:per_patient]:
            hu = read(folder.parent / row["file"])
            if hu.shape == (512, 512):
                name = row["file"].replace("/", "_").removesuffix(".png")
                slices.append((name, hu, float(row["pixel_mm"] or USUAL_PIXEL)))
    return slices


def with_real_noise(clean, pairs, factor):
    """Clean slices with the real noise of quarter doses, quarter minus full dose, times a factor."""
    found = []
    for index, (name, hu, pixel) in enumerate(clean):
        noise = pairs[index % len(pairs)].noise
        found.append(Pair(name, hu, stored(hu + factor * noise), pixel))
    return found


def in_window(hu, window):
    return hu.clip(*WINDOWS[window])


def psnr(clean, test, window):
    low, high = WINDOWS[window]
    error = np.mean((in_window(clean, window) - in_window(test, window)) ** 2)
    return float(10 * np.log10((high - low) ** 2 / error))


def figures(pair, test):
    """What is measured of one denoised slice."""
    low, high = WINDOWS["soft tissue"]
    ssim = structural_similarity(
        in_window(pair.clean, "soft tissue"), in_window(test, "soft tissue"), data_range=high - low,
        gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    found = {f"PSNR, {window}": psnr(pair.clean, test, window) for window in WINDOWS}
    found |= {"SSIM": float(ssim), "RMSE": float(np.sqrt(np.mean((pair.clean - test) ** 2)))}
    means = ndimage.uniform_filter(pair.clean, 5)
    for tissue, (least, most) in TISSUES.items():
        inside = (means > least) & (means < most)
        if inside.sum() > 100:
            found[f"bias in {tissue}"] = float((test - pair.clean)[inside].mean())
    return found
