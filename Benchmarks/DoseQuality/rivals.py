"""The methods that ours is compared with. They are told more than ours: strength or spectrum of the noise.

The strength of TV and of NLM is the best for each slice, chosen by the answer. BM3D is told the power spectrum of the
very noise that was added.
"""
import numpy as np
from scipy import ndimage
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle

np.trapz = np.trapezoid if hasattr(np, "trapezoid") else np.trapz  # bm3d needs it, NumPy 2 has it no longer
import bm3d  # noqa: E402

from slices import psnr  # noqa: E402

TV_WEIGHTS = [0.5, 0.8, 1.2, 1.8, 2.7]  # times the deviation of the noise
NLM_H = [0.4, 0.6, 0.9, 1.3]


def best(pair, candidates):
    """The candidate with the best PSNR in the soft-tissue window."""
    return max(candidates, key=lambda test: psnr(pair.clean, test, "soft tissue"))


def total_variation(pair):
    """Chambolle 2004 (doi 10.1023/B:JMIV.0000011325.36760.1e)."""
    deviation = pair.noise.std()
    return best(pair, (
        1000 * denoise_tv_chambolle(pair.noisy / 1000, weight=weight * deviation / 1000, eps=1e-5, max_num_iter=200)
        for weight in TV_WEIGHTS))


def non_local_means(pair):
    """Buades et al. 2005 (doi 10.1109/CVPR.2005.38), fast as Froment 2014 (doi 10.5201/ipol.2014.120) has it."""
    deviation = pair.noise.std()
    return best(pair, (
        denoise_nl_means(
            pair.noisy, patch_size=7, patch_distance=11, h=h * deviation, sigma=deviation, fast_mode=True)
        for h in NLM_H))


def block_matching(pair):
    """BM3D, told the power spectrum: Mäkinen, Azzari and Foi 2020 (doi 10.1109/TIP.2020.3014721)."""
    power = np.abs(np.fft.fft2(pair.noise)) ** 2
    return bm3d.bm3d(pair.noisy, ndimage.gaussian_filter(power, 4, mode="wrap"))


RIVALS = {
    "as it came": lambda pair: pair.noisy,
    "TV, best strength": total_variation,
    "NLM, best strength": non_local_means,
    "BM3D, told the spectrum": block_matching,
}
