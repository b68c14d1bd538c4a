"""The part of a recipe's noise that DnCNN is trained with: white noise and impulses from zero up to a strength."""

import re
from typing import NamedTuple


class Choice(NamedTuple):
    """The noise that a share of the crops gets; its strengths are drawn evenly from zero up to these."""

    share: float
    white: float  # a fraction of the range -1024…1023 HU
    impulses: float  # a share of the samples


def fraction(text):
    """25/255, 10% or 0.1 as a number."""
    if text.endswith("%"):
        return float(text[:-1]) / 100
    part, _, whole = text.partition("/")
    return float(part) / float(whole or 1)


def choices(noise):
    """The choices of a recipe's "noise"."""
    result = []
    for choice in noise["choices"]:
        strengths = {"white": 0.0, "impulses": 0.0}
        for text in choice["add"]:
            match = re.fullmatch(r"(white|impulses):(.+)\.\.(.+)", text)
            if not match or fraction(match[2]) != 0:
                raise SystemExit(f"{text}: found noise that DnCNN cannot be trained with here; expected "
                                 "white:0/255..N/255 or impulses:0%..N%. Use another recipe.")
            strengths[match[1]] = fraction(match[3])
        result.append(Choice(choice["share"], **strengths))
    return result
