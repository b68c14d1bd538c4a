"""Prints Goldens.swift: metrics of image pairs by scikit-image and piq, and a median by SciPy.

    python3 -m venv venv && venv/bin/pip install numpy scipy scikit-image torch torchvision piq pillow
    venv/bin/python Tests/CTMetricsTests/Fixtures/goldens.py [../shared/data/val] > Tests/CTMetricsTests/Goldens.swift

Images come from integer arithmetic that GoldenTests.swift repeats, so none is stored; real slices are read in place.
"""

import sys
from pathlib import Path

import numpy as np
import piq
import scipy
import skimage
import torch
from PIL import Image
from scipy.ndimage import median_filter
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

MASK = (1 << 64) - 1


def image(width, height, seed, amplitude, offset):
    """Rings on a slope plus noise; whole numbers, divided by 8."""
    state, samples = seed, []
    for y in range(height):
        for x in range(width):
            state = (state * 6364136223846793005 + 1442695040888963407) & MASK
            rings = (x * x + 3 * y * y) // 16 % 97
            samples.append((8 * rings + 16 * x + (state >> 33) % (8 * amplitude + 1)) / 8 + offset)
    return np.array(samples).reshape(height, width)


# Width, height, noise of the reference and the test image, offsets of both, data range.
CASES = [
    (11, 11, 0, 20, 0, 0, 255),
    (12, 16, 3, 3, 0, 0, 255),
    (64, 48, 0, 25, 0, 0, 255),
    (48, 64, 10, 40, 0, 5, 255),
    (33, 17, 0, 100, 0, -50, 255),
    (64, 64, 0, 400, -1024, -1024, 2047),
    (40, 40, 0, 40, -1024, -1020, 2047),
    (31, 63, 7, 7, -500, -500, 2047),
    (64, 20, 0, 5000, 0, 0, 65535),
    (20, 64, 200, 300, 20000, 20100, 65535),
    (25, 25, 0, 1, 0, 0, 1),
    (50, 30, 2, 4, 1000, 1000, 4095.5),
]

# For scales and gradients: width, height, noise of the reference and the test image, data range. Sides are even at all
# scales, since piq treats odd ones differently; values are within the data range, since piq rejects others.
LARGE_CASES = [
    (176, 192, 0, 60, 1000),
    (208, 176, 40, 200, 1000),
    (256, 256, 5, 10, 2047),
    (192, 240, 0, 0, 1000),
]
# Of patients' slices, how many HU the noise goes up and down.
REAL_CASES = [("covid_ct_md_cap002", 100), ("lctsc_cam_Case_009", 30), ("tcga_siim_TCGA-92-7341", 300)]


def large(reference, test, data_range):
    """What both libraries say of a pair of images that count from the lower end of the data range."""
    x, y = (torch.from_numpy(image.copy())[None, None] for image in (test, reference))
    values = {
        "mse": mean_squared_error(reference, test),
        "mae": np.abs(test - reference).mean(),
        "bias": (test - reference).mean(),
        "psnr": peak_signal_noise_ratio(reference, test, data_range=data_range),
        "gaussian": structural_similarity(
            reference, test, data_range=data_range, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        ),
        "uniform": structural_similarity(reference, test, data_range=data_range),
        "multiScale": piq.multi_scale_ssim(x, y, data_range=data_range),
        "deviation": piq.gmsd(x, y, data_range=data_range),
        "information": piq.vif_p(x, y, data_range=data_range),
    }
    return {name: "nil" if value == float("inf") else repr(float(value)) for name, value in values.items()}


def print_large(values):
    names = list(values)
    for first in range(0, len(names), 3):
        end = ")," if first + 3 >= len(names) else ","
        print("        " + ", ".join(f"{name}: {values[name]}" for name in names[first : first + 3]) + end)


print("// Made by Fixtures/goldens.py, which says how; do not edit.")
print(
    f"// scikit-image {skimage.__version__}, SciPy {scipy.__version__}, NumPy {np.__version__}, "
    f"piq {piq.__version__}, PyTorch {torch.__version__}."
)
print()
print("let goldens: [Golden] = [")
for width, height, a1, a2, o1, o2, data_range in CASES:
    reference, test = image(width, height, 1, a1, o1), image(width, height, 2, a2, o2)
    mse = mean_squared_error(reference, test)
    psnr = peak_signal_noise_ratio(reference, test, data_range=data_range)
    gaussian = structural_similarity(
        reference, test, data_range=data_range, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    uniform = structural_similarity(reference, test, data_range=data_range)
    print("    Golden(")
    print(f"        width: {width}, height: {height}, noise: ({a1}, {a2}), offset: ({o1}, {o2}),", end=" ")
    print(f"dataRange: {data_range},")
    print(f"        mse: {float(mse)!r}, psnr: {float(psnr)!r},")
    print(f"        gaussian: {float(gaussian)!r}, uniform: {float(uniform)!r}),")
print("]")
print()
print("let largeGoldens: [LargeGolden] = [")
for width, height, a1, a2, data_range in LARGE_CASES:
    reference, test = image(width, height, 1, a1, 0), image(width, height, 2, a2, 0)
    print("    LargeGolden(")
    print(f"        width: {width}, height: {height}, noise: ({a1}, {a2}), dataRange: {data_range},")
    print_large(large(reference, test, data_range))
print("]")
print()
print("/// Of real slices, clipped to −1024…1023 HU; the test image has uniform noise on it.")
print("let realGoldens: [RealGolden] = [")
for patient, amplitude in REAL_CASES if len(sys.argv) > 1 else []:
    path = sorted((Path(sys.argv[1]) / patient).glob("*.png"))[0]
    reference = np.asarray(Image.open(path)).astype(float)
    state, noise = 7, []
    for _ in range(reference.size):
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        noise.append((state >> 33) % (2 * amplitude + 1) - amplitude)
    test = reference + np.array(noise).reshape(reference.shape)
    print("    RealGolden(")
    print(f'        file: "{patient}/{path.name}", amplitude: {amplitude},')
    print_large(large(np.clip(reference, 0, 2047), np.clip(test, 0, 2047), 2047))
print("]")
print()
print("/// The median of `image(width: 9, height: 7, seed: 3, amplitude: 90, offset: -20)`.")
print("let goldenMedian: [Double] = [")
for row in median_filter(image(9, 7, 3, 90, -20), size=3, mode="reflect"):
    print("    " + ", ".join(repr(float(v)) for v in row) + ",")
print("]")
