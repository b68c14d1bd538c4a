"""How well nodules of low contrast are seen: a channelized Hotelling observer.

Laguerre-Gauss channels (Gallas and Barrett 2003, doi 10.1364/JOSAA.20.001725), as in FDA's work on low-contrast
detectability of denoised CT. Nodules are inserted into clean slices at places that are known, noise of a real scan is
added, and the observer has to tell places with a nodule from the same places without. Its template is made of half the
slices and tried on the other half, and the other way round.
"""
import numpy as np
from scipy import ndimage, special

CHANNELS = 6
PLACES = 12  # in each slice
SIDE = 33


def channels(diameter):
    """Laguerre-Gauss functions in a square, for nodules of some diameter in pixels: (channel, pixel)."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] - SIDE // 2
    square = 2 * np.pi * (x**2 + y**2) / (1.5 * diameter) ** 2
    functions = [np.exp(-square / 2) * special.eval_laguerre(order, square) for order in range(CHANNELS)]
    return np.array([function.ravel() / np.linalg.norm(function) for function in functions])


def nodule(diameter):
    """A disc of some diameter in pixels with blurred edges, of contrast 1."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] - SIDE // 2
    disc = np.clip(diameter / 2 - np.hypot(x, y) + 0.5, 0, 1)
    return ndimage.gaussian_filter(disc, 0.8)


def places(clean, tissue, random):
    """Centres of squares in a tissue, far from one another and from other tissue."""
    low, high = tissue
    inside = ndimage.binary_erosion((ndimage.uniform_filter(clean, 5) > low) & (
        ndimage.uniform_filter(clean, 5) < high), iterations=5)
    inside[:20], inside[-20:], inside[:, :20], inside[:, -20:] = False, False, False, False
    found = []
    for index in random.permutation(np.flatnonzero(inside)):
        y, x = divmod(index, clean.shape[1])
        if all(np.hypot(y - v, x - u) > 26 for v, u in found):
            found.append((y, x))
            if len(found) == PLACES:
                break
    return found


def with_nodules(clean, places, diameter, contrast):
    """A slice with a nodule at each place."""
    image = clean.copy()
    disc = contrast * nodule(diameter)
    half = SIDE // 2
    for y, x in places:
        top, left = max(half - y, 0), max(half - x, 0)
        part = image[max(y - half, 0) : y + half + 1, max(x - half, 0) : x + half + 1]
        part += disc[top : top + part.shape[0], left : left + part.shape[1]]
    return image


def responses(image, places, diameter):
    """The channels' responses at each place: (place, channel)."""
    half = SIDE // 2
    padded = np.pad(image, half, mode="edge")
    squares = np.array([padded[y : y + SIDE, x : x + SIDE].ravel() for y, x in places])
    return (squares - squares.mean(1, keepdims=True)) @ channels(diameter).T


def contrast_kept(absent, present, places, diameter, contrast):
    """The part of the nodules' contrast that is in the difference of images with and without them, by least squares.

    The mean over all places leaves little of the noise. It is the task transfer function of this contrast (Richard et
    al. 2012, doi 10.1118/1.4725171), weighted by the spectrum of the nodule.
    """
    disc = nodule(diameter).ravel()
    disc -= disc.mean()
    half = SIDE // 2
    found = []
    for without, with_nodule, centres in zip(absent, present, places):
        difference = np.pad(with_nodule - without, half, mode="edge")
        found += [(difference[y : y + SIDE, x : x + SIDE].ravel() @ disc) / (disc @ disc) for y, x in centres]
    return float(np.mean(found) / contrast)


def area_under_roc(absent, present):
    """The share of pairs in which the place with a nodule has the greater score."""
    return float(np.mean(present[:, None] > absent[None]) + 0.5 * np.mean(present[:, None] == absent[None]))


def scores(absent, present):
    """Scores of places, given the responses of each slice, by templates of the other half of the slices."""
    found = [[], []]
    for half in range(2):
        train = [index for index in range(len(absent)) if index % 2 != half]
        no, yes = (np.concatenate([values[index] for index in train]) for values in [absent, present])
        covariance = (np.cov(no.T) + np.cov(yes.T)) / 2
        template = np.linalg.solve(
            covariance + 1e-6 * np.trace(covariance) * np.eye(CHANNELS), yes.mean(0) - no.mean(0))
        for index in range(half, len(absent), 2):
            found[0].append((index, absent[index] @ template))
            found[1].append((index, present[index] @ template))
    return [[values for _, values in sorted(part, key=lambda item: item[0])] for part in found]


def area_with_interval(absent, present, random, rounds=200):
    """The area under the ROC curve, and its 95 % interval by bootstrap over slices."""
    no, yes = scores(absent, present)
    areas = []
    for _ in range(rounds):
        chosen = random.integers(0, len(no), len(no))
        areas.append(area_under_roc(
            np.concatenate([no[index] for index in chosen]), np.concatenate([yes[index] for index in chosen])))
    return (area_under_roc(np.concatenate(no), np.concatenate(yes)), *np.percentile(areas, [2.5, 97.5]))
