"""Repeatable chance: the same seed gives the same choices on every machine and Python version."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

Item = TypeVar("Item")


class Chance:
    """Choices from one seed.

    Only `Random.random()` is used: its sequence is promised to stay the same between Python versions, those
    of `choice` and `shuffle` are not.
    """

    def __init__(self, seed: int) -> None:
        self.share = Random(seed).random

    def happens(self, probability: float) -> bool:
        return self.share() < probability

    def below(self, count: int) -> int:
        return int(self.share() * count)

    def between(self, lowest: int, highest: int) -> int:
        return lowest + int(self.share() * (highest - lowest + 1))

    def pick(self, items: Sequence[Item]) -> Item:
        return items[int(self.share() * len(items))]

    def weighted(self, items: Sequence[tuple[Item, int]]) -> Item:
        """One item of (item, weight) pairs."""
        left = self.share() * sum(weight for _, weight in items)
        for item, weight in items:
            left -= weight
            if left < 0:
                return item
        return items[-1][0]
