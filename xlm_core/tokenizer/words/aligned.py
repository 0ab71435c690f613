"""A string that remembers where in a text its characters stood."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Aligned:
    """``text[i]`` stands for the characters ``starts[i]`` to ``ends[i]`` (exclusive) of the source."""

    text: str
    starts: list[int]
    ends: list[int]
