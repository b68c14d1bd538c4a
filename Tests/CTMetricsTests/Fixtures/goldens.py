"""Prints Goldens.swift, the metrics of a dozen image pairs by scikit-image and a median by SciPy.

    python3 -m venv venv && venv/bin/pip install numpy scipy scikit-image
    venv/bin/python Tests/CTMetricsTests/Fixtures/goldens.py > Tests/CTMetricsTests/Goldens.swift

Images come from integer arithmetic that GoldenTests.swift repeats, so that none has to be stored.
"""

import numpy as np
import scipy
import skimage
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

print("// Made by Fixtures/goldens.py, which says how; do not edit.")
print(f"// scikit-image {skimage.__version__}, SciPy {scipy.__version__}, NumPy {np.__version__}.")
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
    print(f"        width: {width}, height: {height}, noise: ({a1}, {a2}), offset: ({o1}, {o2}), dataRange: {data_range},")
    print(f"        mse: {float(mse)!r}, psnr: {float(psnr)!r},")
    print(f"        gaussian: {float(gaussian)!r}, uniform: {float(uniform)!r}),")
print("]")
print()
print("/// The median of `image(width: 9, height: 7, seed: 3, amplitude: 90, offset: -20)`.")
print("let goldenMedian: [Double] = [")
for row in median_filter(image(9, 7, 3, 90, -20), size=3, mode="reflect"):
    print("    " + ", ".join(repr(float(v)) for v in row) + ",")
print("]")
