"""What `ctdenoise denoise` does to a folder of 16-bit grey PNGs, with PyTorch and Pillow.

    python peer_denoise.py MODEL IN OUT THREADS
"""
import sys
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import peers

LOW, HIGH = -1024, 1023  # HU that the least and the greatest stored value stand for


def main():
    model, source, out, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    network = peers.Inference(model)
    config = network.config
    slope = (HIGH - LOW) / 65535
    Path(out).mkdir(parents=True, exist_ok=True)
    for path in sorted(Path(source).glob("*.png")):
        with Image.open(path) as image:
            stored = np.asarray(image).astype(np.float32)
        shown = (stored * slope + (LOW - config["center"])) / config["spread"]
        below, right = (-side % config["patch"] for side in stored.shape)
        padded = np.pad(shown, ((0, below), (0, right)), mode="reflect")
        noise = network(torch.from_numpy(padded)[None])[0].numpy()[: stored.shape[0], : stored.shape[1]]
        denoised = np.clip(np.rint(stored - noise * (config["spread"] / slope)), 0, 65535).astype(np.uint16)
        # By runs alone, as our writer compresses such slices: that is faster than all levels, and no larger.
        Image.fromarray(denoised).save(Path(out) / path.name, compress_type=zlib.Z_RLE)


main()
