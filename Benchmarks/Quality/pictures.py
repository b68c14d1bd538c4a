"""The slice of a kind of noise where ours does worst against the best rival, to look at."""
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from slices import psnr

TILE = 384
LUNG = (-1350.0, 150.0)
MAGNIFIED = 96  # pixels on a side of what the lower row shows


def tile(hu, window, label):
    """An image in a window, scaled to the tile, with a label."""
    low, high = window
    grey = np.rint(((hu - low) / (high - low)).clip(0, 1) * 255).astype(np.uint8)
    picture = Image.fromarray(grey).resize((TILE, TILE), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, TILE, 20), fill=0)
    # The font that comes with Pillow has no ×.
    draw.text((4, 2), label.replace("×", "x"), fill=255, font=ImageFont.load_default(14))
    return picture


def worst_place(clean, rival, ours):
    """Where ours loses most to the rival: the corner of a square."""
    loss = ndimage.uniform_filter((ours - clean) ** 2 - (rival - clean) ** 2, MAGNIFIED, mode="constant")
    half = MAGNIFIED // 2
    inner = loss[half:-half, half:-half]
    return np.unravel_index(np.argmax(inner), inner.shape)


def write_picture(path, slice, kind, noisy, rival, ours, rival_name, our_name):
    """Clean, noisy, rival, ours, and both differences to clean; below, the place where ours loses most."""
    clean = slice.clean
    # Impulses leave most pixels as they are, and errors are small.
    span = 150.0 if kind.white > 0 else 50.0
    y, x = worst_place(clean, rival, ours)
    parts = [
        (clean, LUNG, "clean"),
        (noisy, LUNG, f"noisy, {psnr(clean, noisy):.1f} dB"),
        (rival, LUNG, f"{rival_name}, {psnr(clean, rival):.2f} dB"),
        (ours, LUNG, f"{our_name}, {psnr(clean, ours):.2f} dB"),
        (rival - clean, (-span, span), f"{rival_name} - clean, ±{span:.0f} HU"),
        (ours - clean, (-span, span), f"{our_name} - clean, ±{span:.0f} HU"),
    ]
    sheet = Image.new("L", (TILE * len(parts), TILE * 2))
    for column, (hu, window, label) in enumerate(parts):
        sheet.paste(tile(hu, window, label), (column * TILE, 0))
        magnified = hu[y : y + MAGNIFIED, x : x + MAGNIFIED]
        sheet.paste(tile(magnified, window, f"at {x}, {y}"), (column * TILE, TILE))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
