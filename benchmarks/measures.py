"""From seconds to what is said of them. Ratios are taken within a round, so that a busy moment hits both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median, quantiles
from typing import NamedTuple

Round = Mapping[str, float]
"""Seconds of each variant in one round."""


class Quartiles(NamedTuple):
    """The middle of some numbers, and the bounds of the middle half."""

    low: float
    middle: float
    high: float


def quartiles(numbers: Sequence[float]) -> Quartiles:
    """Of one number it is that number, three times.

    Raises: ValueError if there is none.
    """
    if not numbers:
        raise ValueError("at least one number is needed; got none.")
    if len(numbers) == 1:
        return Quartiles(*numbers * 3)
    return Quartiles(*quantiles(numbers, n=4, method="inclusive"))


def ratio(rounds: Sequence[Round], theirs: str, ours: str) -> Quartiles | None:
    """How many times as long theirs takes; None where one of the two was not measured."""
    pairs = [(each[theirs], each[ours]) for each in rounds if theirs in each and ours in each]
    return quartiles([their / our for their, our in pairs]) if pairs else None


def typical(rounds: Sequence[Round], variant: str) -> float | None:
    """Median seconds; None where it was not measured."""
    seconds = [each[variant] for each in rounds if variant in each]
    return median(seconds) if seconds else None


def share(rounds: Sequence[Round], variant: str, work: float | None, peak_work: float | None) -> float | None:
    """Work per second of a variant over that of the ceiling in the same round, each in GFLOP; None if not known."""
    if not work or not peak_work:
        return None
    ratios = ratio(rounds, "ceiling", variant)
    return ratios.middle * work / peak_work if ratios else None
