"""A histogram of times, in plain numbers."""

from bisect import bisect_left
from operator import add
from typing import Final

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bounds of the buckets, in seconds; a last bucket has no bound."""


class Histogram:
    """How many of the observed times are in each bucket, and the sum of all."""

    __slots__ = ("buckets", "sum")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one time."""
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds

    def add(self, other: "Histogram") -> None:
        """Count all times of another histogram."""
        self.buckets = list(map(add, self.buckets, other.buckets))
        self.sum += other.sum
