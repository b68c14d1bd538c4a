"""Filters against salt-and-pepper. They know which two values impulses have; our network is not told."""
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage

from kinds import HIGH, LOW

LARGEST_WINDOW = 21


def windows_at(image, ys, xs, side):
    """The windows of side×side around some pixels: (pixels, side²), mirrored at the border."""
    radius = side // 2
    padded = np.pad(image, radius, mode="symmetric")
    return sliding_window_view(padded, (side, side))[ys, xs].reshape(len(ys), side * side)


def median(noisy, side):
    """The plain median of side×side."""
    return ndimage.median_filter(noisy, size=side, mode="reflect")


def adaptive_median(noisy, largest):
    """Hwang and Haddad 1995 (doi 10.1109/83.370679), their first algorithm: the window grows until its median is no
    extreme; a pixel that is none either stays as it is."""
    result = noisy.copy()
    ys, xs = np.indices(noisy.shape).reshape(2, -1)
    for side in range(3, largest + 1, 2):
        if side == 3:
            low, middle, high = (
                ndimage.rank_filter(noisy, rank, size=3, mode="reflect")[ys, xs] for rank in [0, 4, 8])
        else:
            around = np.sort(windows_at(noisy, ys, xs, side), axis=1)
            low, middle, high = around[:, 0], around[:, side * side // 2], around[:, -1]
        pixels = noisy[ys, xs]
        is_settled = (low < middle) & (middle < high) | (side == largest)
        stays = (low < pixels) & (pixels < high)
        result[ys, xs] = np.where(stays, pixels, middle)
        ys, xs = ys[~is_settled], xs[~is_settled]
    return result


def find_impulses(noisy, reach, crowd, near):
    """Pixels at an extreme value that are impulses.

    Extremes are real where they are many, as in air outside of the reconstructed circle and in dense bone: if more than
    the share `crowd` of the reach×reach around have the same extreme value. And where the median of what is around,
    extremes apart, is not further than `near` HU from it. Without either, the best would lose 4 dB and more.
    """
    is_impulse = np.zeros(noisy.shape, bool)
    is_extreme = (noisy == LOW) | (noisy == HIGH)
    middle = np.full(noisy.shape, np.nan)
    if near > 0:
        middle[is_extreme] = masked_medians(noisy, ~is_extreme, *np.nonzero(is_extreme), 5)
    for extreme in [LOW, HIGH]:
        here = noisy == extreme
        share = ndimage.uniform_filter(here.astype(np.float32), size=reach, mode="reflect")
        is_real = (share > crowd) | (np.abs(middle - extreme) <= near)
        is_impulse |= here & ~is_real
    return is_impulse


def masked_medians(image, is_good, ys, xs, side):
    """The medians of the good pixels of windows; NaN where there is none."""
    values = windows_at(np.where(is_good, image, np.inf), ys, xs, side)
    values.sort(axis=1)
    counts = np.isfinite(values).sum(axis=1)
    rows = np.arange(len(ys))
    middle = (values[rows, np.maximum(counts - 1, 0) // 2] + values[rows, counts // 2]) / 2
    return np.where(counts > 0, middle, np.nan)


def weighted_means(image, is_good, ys, xs, side, spread):
    """The means of the good pixels of windows, weighted by a Gaussian of their distance; NaN where there is none."""
    offsets = np.arange(side) - side // 2
    squares = (offsets[:, None] ** 2 + offsets**2).ravel()
    weights = np.exp(-squares / (2 * spread**2))
    good = windows_at(is_good, ys, xs, side) * weights
    sums = (windows_at(np.where(is_good, image, 0), ys, xs, side) * good).sum(axis=1)
    totals = good.sum(axis=1)
    return np.where(totals > 0, sums / np.maximum(totals, 1e-30), np.nan)


def switching(noisy, reach, crowd, near, spread=None):
    """Replaces impulses, and nothing else, by what is around them that is none.

    The window grows until it has three such pixels. That pixels which were replaced count in later rounds, or that more
    or fewer are asked for, gained less than 0.1 dB.

    Args:
        reach, crowd, near: As for `find_impulses`.
        spread: Standard deviation in pixels of the weights of the mean that is taken; without it, it is the median.
    """
    is_bad = find_impulses(noisy, reach, crowd, near)
    is_good = ~is_bad
    result = noisy.copy()
    for side in range(3, LARGEST_WINDOW + 1, 2):
        ys, xs = np.nonzero(is_bad)
        is_ready = windows_at(is_good, ys, xs, side).sum(axis=1) >= 3
        ys, xs = ys[is_ready], xs[is_ready]
        if spread:
            result[ys, xs] = weighted_means(noisy, is_good, ys, xs, side, spread)
        else:
            result[ys, xs] = masked_medians(noisy, is_good, ys, xs, side)
        is_bad[ys, xs] = False
    return result
