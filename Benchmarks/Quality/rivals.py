"""The methods that ours is compared with, and the parameters that are tried for each kind of noise.

Each parameter is tuned on the very slices that are evaluated, for each kind of noise apart, by mean PSNR over patients.
That flatters the rivals. They are told besides what ours has to find out: the kind of noise, the standard deviation of
white noise, the values that impulses have.
"""
import hashlib
from dataclasses import dataclass
from itertools import product
from typing import Callable

import bm3d
import numpy as np
import torch
from scipy.signal import wiener
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle

import dncnn
import training_noise
import impulses
from kinds import LOW, RANGE


# Times sigma. Of 0.5, 0.65, 0.8, 1.0, 1.2 and of 0.5, 0.6, 0.7, what was best for some kind of noise.
TV_WEIGHTS = [0.8, 1.0]
NLM_H = [0.6, 0.5]


@dataclass(frozen=True)
class Method:
    """A way to denoise. `function` takes a noisy slice in HU, the kind of noise, and a set of parameters."""

    name: str
    function: Callable
    suits: Callable  # whether it makes sense for a kind
    candidates: Callable = lambda kind: [{}]  # the parameters to try
    version: str = "1"  # what else results depend on: they are measured again if it changes


def grid(**values):
    """All combinations."""
    return [dict(zip(values, combination)) for combination in product(*values.values())]


def by_units(function):
    """Lets a function work on 0…1."""
    return lambda noisy, *arguments, **options: function((noisy - LOW) / RANGE, *arguments, **options) * RANGE + LOW


@by_units
def total_variation(image, kind, weight):
    """Chambolle 2004 (doi 10.1023/B:JMIV.0000011325.36760.1e)."""
    return denoise_tv_chambolle(image, weight=weight * kind.white / 255, eps=1e-5, max_num_iter=400)


@by_units
def non_local_means(image, kind, h):
    """Buades et al. 2005 (doi 10.1109/CVPR.2005.38), fast as Froment 2014 (doi 10.5201/ipol.2014.120) has it."""
    sigma = kind.white / 255
    return denoise_nl_means(
        image, patch_size=7, patch_distance=11, h=h * sigma, sigma=sigma, fast_mode=True)


@by_units
def block_matching(image, kind):
    """BM3D: Dabov et al. 2007 (doi 10.1109/TIP.2007.901238), the package of its authors, its default profile."""
    return bm3d.bm3d(image, kind.white / 255)


def wiener_filter(noisy, kind, side):
    """The local Wiener filter of Lee 1980 (doi 10.1109/TPAMI.1980.4766994)."""
    return wiener(noisy.astype(np.float64), side, noise=kind.sigma**2)


def chain(then):
    """Impulses first, then what is made for white noise."""
    def denoise(noisy, kind, reach, crowd, near, spread, **options):
        return then(impulses.switching(noisy, reach, crowd, near, spread), kind, **options)

    return denoise


class Learned:
    """DnCNN as `train_dncnn.py` left it."""

    def __init__(self, folder):
        self.network, self.checkpoint = dncnn.load(folder)
        self.recipe = self.checkpoint["recipe"]
        self.version = hashlib.sha256((folder / dncnn.CHECKPOINT).read_bytes()).hexdigest()[:16]
        self.network = self.network.to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def __call__(self, noisy, kind):
        center, spread = self.recipe["network"]["center"], self.recipe["network"]["spread"]
        image = torch.from_numpy((noisy - center) / np.float32(spread))[None, None]
        return noisy - self.network(image)[0, 0].numpy() * spread

    def was_trained_for(self, kind):
        """Whether some crops of the recipe had such noise."""
        return any(
            choice.share > 0 and (choice.white > 0) == (kind.white > 0) and (choice.impulses > 0) == (kind.impulses > 0)
            for choice in training_noise.choices(self.recipe["noise"]))


def is_white(kind):
    return kind.white > 0 and kind.impulses == 0


def is_impulses(kind):
    return kind.impulses > 0 and kind.white == 0


def is_mixed(kind):
    return kind.white > 0 and kind.impulses > 0


def always(kind):
    return True


def detections(kind):
    """What may tell real extremes from impulses."""
    if is_mixed(kind):
        # Under white noise no extreme is real, and all are impulses; but where noise is clamped, half of the air is. Of
        # every extreme, 3 reaches and 3 shares, what was best, by 0.4 dB and more.
        pairs = [(7, 0.2), (9, 0.2)] if kind.clamped else [(3, 2)]
        return [{"reach": reach, "crowd": crowd, "near": 0} for reach, crowd in pairs]
    # Of 3 reaches and 7 shares, what was best or nearly so for some density.
    pairs = [(3, 0.5), (3, 0.6), (5, 0.3), (5, 0.4), (5, 0.5), (5, 0.6), (7, 0.5), (7, 0.6)]
    return [{"reach": reach, "crowd": crowd, "near": 20} for reach, crowd in pairs]


def with_detections(kind, **values):
    """All combinations with each of the detections."""
    return [found | others for found in detections(kind) for others in grid(**values)]


def rivals(dncnn_folder):
    """All methods but ours."""
    spreads = [0.4, 0.6, 0.8]
    methods = [
        Method("noisy", lambda noisy, kind: noisy, always),
        Method("median 3×3", lambda noisy, kind: impulses.median(noisy, 3), always),
        Method("median 5×5", lambda noisy, kind: impulses.median(noisy, 5), always),
        Method(
            "adaptive median", lambda noisy, kind, largest: impulses.adaptive_median(noisy, largest),
            is_impulses, lambda kind: grid(largest=[3, 5, 7, 9, 11])),
        Method(
            "switching median", lambda noisy, kind, **found: impulses.switching(noisy, **found),
            lambda kind: kind.impulses > 0, detections),
        Method(
            "switching weighted mean", lambda noisy, kind, **found: impulses.switching(noisy, **found),
            lambda kind: kind.impulses > 0,
            lambda kind: with_detections(kind, spread=spreads)),
        Method("Wiener", wiener_filter, is_white, lambda kind: grid(side=[3, 5, 7, 9])),
        Method("TV", total_variation, is_white, lambda kind: grid(weight=TV_WEIGHTS)),
        Method("NLM", non_local_means, is_white, lambda kind: grid(h=NLM_H)),
        Method("BM3D", block_matching, is_white),
        Method(
            "switching, TV", chain(total_variation), is_mixed,
            lambda kind: with_detections(kind, weight=TV_WEIGHTS, spread=[0.6])),
        Method(
            "switching, NLM", chain(non_local_means), is_mixed,
            lambda kind: with_detections(kind, h=NLM_H, spread=[0.6])),
        Method(
            "switching, BM3D", chain(block_matching), is_mixed,
            lambda kind: with_detections(kind, spread=[1.0])),
    ]
    if dncnn_folder:
        learned = Learned(dncnn_folder)
        methods.append(Method("DnCNN", learned, learned.was_trained_for, version=learned.version))
    return methods
