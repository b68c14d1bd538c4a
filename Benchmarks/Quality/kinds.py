"""The kinds of noise. Nothing here needs a package, so that options can be checked where there is none."""
from dataclasses import dataclass

LOW, HIGH = -1024.0, 1023.0  # HU
RANGE = HIGH - LOW


@dataclass(frozen=True)
class Kind:
    """A kind of noise: white noise first, then salt-and-pepper."""

    name: str
    white: float = 0  # standard deviation, /255 of the range
    impulses: float = 0  # density; half salt at HIGH, half pepper at LOW
    clamped: bool = False  # to the range, as a file of integers would hold it

    @property
    def sigma(self):
        """Standard deviation of the white noise in HU, as it is told to those that have to know it."""
        return self.white / 255 * RANGE

    @property
    def folder(self):
        return self.name.replace(" ", "_").replace("%", "percent").replace("+", "and")


# White noise is not clamped but in the last kinds: clamped noise is biased in air, and no rival here expects that.
KINDS = [
    Kind("white 10", white=10),
    Kind("white 15", white=15),
    Kind("white 25", white=25),
    Kind("white 50", white=50),
    Kind("impulses 5 %", impulses=0.05),
    Kind("impulses 10 %", impulses=0.1),
    Kind("impulses 30 %", impulses=0.3),
    Kind("impulses 50 %", impulses=0.5),
    Kind("white 25 + impulses 10 %", white=25, impulses=0.1),
    Kind("white 25 clamped", white=25, clamped=True),
    Kind("white 25 + impulses 10 % clamped", white=25, impulses=0.1, clamped=True),
]
