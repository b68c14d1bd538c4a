"""The slices that are evaluated, what noise they get, and what is measured on them. Everything is in HU."""
import functools
import glob
import hashlib
import inspect
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image
from scipy import ndimage
from skimage.metrics import structural_similarity

from kinds import HIGH, LOW, RANGE


@dataclass
class Slice:
    """A clean slice and the places in it where bias is measured."""

    patient: str
    name: str
    clean: np.ndarray
    body: np.ndarray = field(init=False)
    digest: str = field(init=False)

    def __post_init__(self):
        self.body = body_mask(self.clean)
        self.digest = hashlib.sha256(f"{self.clean.shape}".encode() + self.clean.tobytes()).hexdigest()

    @property
    def tissues(self):
        """Masks by the clean values; bone has its upper end where the range ends."""
        return {
            "lung": self.body & (self.clean > -950) & (self.clean < -500),
            "soft tissue": self.body & (self.clean > -150) & (self.clean < 150),
            "bone": self.body & (self.clean > 250),
        }

    def key(self, kind):
        """Names the slice with its noise: another one if the clean slice or the way to make the noise changes."""
        facts = f"{self.digest} {kind} {way_to_make_noise()}".encode()
        return f"{self.patient}/{self.name}_{hashlib.sha256(facts).hexdigest()[:12]}"

    def noisy_path(self, out, kind):
        return out / "noisy" / kind.folder / f"{self.key(kind)}.tiff"


def body_mask(clean):
    """The largest thing denser than −300 HU, without the table where that is thin, with what it encloses: the lungs."""
    dense = ndimage.binary_opening(clean > -300, iterations=3)
    labels, count = ndimage.label(dense)
    if count == 0:
        return np.ones(clean.shape, bool)
    body = labels == 1 + np.argmax(ndimage.sum_labels(dense, labels, range(1, count + 1)))
    # Where the image cuts the body, lungs may lie open; the edge closes them.
    for edge in [body[0], body[-1], body[:, 0], body[:, -1]]:
        inside = np.flatnonzero(edge)
        if len(inside) > 0:
            edge[inside[0] : inside[-1]] = True
    return ndimage.binary_fill_holes(body)


def read_slices(folder, per_patient):
    """The slices of each patient (a folder of 16-bit PNG files that hold HU + 1024), spread evenly from the first to
    the last, at most so many of each (0: all; 1: the middle one), clamped to the range."""
    slices = []
    for patient in sorted(path for path in Path(folder).iterdir() if path.is_dir()):
        paths = sorted(patient.rglob("*.png"))
        count = min(per_patient or len(paths), len(paths))
        ends = (0, len(paths) - 1) if count > 1 else ((len(paths) - 1) / 2,) * 2
        for index in np.rint(np.linspace(*ends, count)).astype(int):
            with Image.open(paths[index]) as image:
                hu = np.asarray(image).astype(np.float32) - 1024
            slices.append(Slice(patient.name, paths[index].stem, hu.clip(LOW, HIGH)))
    if not slices:
        raise SystemExit(f"{folder}: no slices; expected a folder for each patient with 16-bit PNG files in it")
    return slices


def make_noisy(slice, kind):
    """Always the same for the same slice and kind."""
    random = np.random.default_rng([zlib.crc32(name.encode()) for name in [kind.name, slice.patient, slice.name]])
    noisy = slice.clean + np.float32(kind.sigma) * random.standard_normal(slice.clean.shape, np.float32)
    if kind.clamped:
        noisy = noisy.clip(LOW, HIGH).round()
    chance = random.random(noisy.shape)
    noisy[chance < kind.impulses] = LOW
    noisy[chance < kind.impulses / 2] = HIGH
    return noisy


@functools.cache
def way_to_make_noise():
    """Changes with it."""
    return inspect.getsource(make_noisy)


def read_noisy(slice, kind, out):
    """From the file that our program reads too; it is made if it is not there."""
    path = slice.noisy_path(out, kind)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # What was made of it before something changed.
        for old in path.parent.glob(f"{glob.escape(slice.name)}_{'[0-9a-f]' * 12}.tiff"):
            old.unlink()
        partial = path.with_suffix(".partial")
        tifffile.imwrite(partial, make_noisy(slice, kind), compression=None)
        partial.rename(path)
    return tifffile.imread(path)


def psnr(clean, test):
    """In dB, for the range. `test` is clamped to it first, which is everybody's right."""
    return float(10 * np.log10(RANGE**2 / np.mean((clean - test.clip(LOW, HIGH)).astype(np.float64) ** 2)))


def measure(slice, denoised):
    """All figures of a denoised slice by name."""
    denoised = denoised.clip(LOW, HIGH).astype(np.float64)
    error = denoised - slice.clean
    figures = {
        "PSNR": psnr(slice.clean, denoised),
        "SSIM": float(structural_similarity(
            slice.clean.astype(np.float64), denoised, data_range=RANGE, gaussian_weights=True, sigma=1.5,
            use_sample_covariance=False)),
        "RMSE in the body": float(np.sqrt(np.mean(error[slice.body] ** 2))),
    }
    # A pattern that repeats every two or four pixels, as networks that work on patches may leave it: the mean
    # errors by place in squares of 4×4 would differ.
    rows, columns = (length // 4 for length in error.shape)
    places = error[: rows * 4, : columns * 4].reshape(rows, 4, columns, 4).mean(axis=(0, 2))
    figures["grid"] = float(places.std())
    for tissue, mask in slice.tissues.items():
        # Hardly any of it is no tissue to speak of.
        figures[f"bias in {tissue}"] = float(error[mask].mean()) if mask.sum() >= 100 else None
    return figures


def patient_means(slices, figures):
    """Figures of slices to mean figures of patients, by name and patient: slices of a patient are not independent."""
    means = {}
    for name in figures[0]:
        by_patient = {}
        for slice, values in zip(slices, figures):
            if values[name] is not None:
                by_patient.setdefault(slice.patient, []).append(values[name])
        means[name] = {patient: float(np.mean(values)) for patient, values in by_patient.items()}
    return means
