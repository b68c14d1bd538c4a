"""Prints the golden values of CounterRandomTests.swift: SplitMix64 in integers, quantiles in 40 digits (needs mpmath).

The keys are those of CounterRandom(seed:stream:), lane 0.
"""

import math

from mpmath import erfinv, mp, mpf, sqrt

mp.dps = 40
MASK = (1 << 64) - 1
STEP = 0x9E3779B97F4A7C15


def mix(word):
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & MASK
    return word ^ (word >> 31)


def key(seed, stream):
    seeded = mix((seed + STEP) & MASK)
    return mix(mix((seeded + stream * 0xD1B54A32D192ED03) & MASK))


def word(key, index):
    return mix((key + (index + 1) * STEP) & MASK)


def quantile(offset):
    return float(sqrt(2) * erfinv(2 * mpf(offset)))


def normal(word):
    signed = word - (1 << 64) if word >> 63 else word
    return quantile(((signed >> 12) + 0.5) * 2.0**-52)


k = key(20240611, 5)
print([f"{word(k, i):016X}" for i in range(4)])
print([(i, normal(word(k, i))) for i in [*range(8), 49225]])
print([quantile(q) for q in [0.125, 0.425, 0.475, 0.4990234375, 0.5 - 2**-30, 0.5 - 2**-40, 0.5 - 2**-53]])
print([math.log(x) for x in [0.075, 2**-53, 1.5]])
