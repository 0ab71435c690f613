"""A string that remembers where in a text its characters stood."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

Edit = tuple[int, int, str]
"""Where a part of a string starts and ends, and what stands there afterwards; a string's edits are in order."""

_NO_WHITESPACE = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Aligned:
    """``text[i]`` stands for the characters ``starts[i]`` to ``ends[i]`` (exclusive) of the source.

    In a word neither list ever goes back. Neighbours may share characters; a space that was put in stands for none.
    """

    text: str
    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, text: str) -> Aligned:
        """A text in which each character stands for itself."""
        return cls(text, list(range(len(text))), list(range(1, len(text) + 1)))

    def __len__(self) -> int:
        return len(self.text)

    def __getitem__(self, part: slice) -> Aligned:
        return Aligned(self.text[part], self.starts[part], self.ends[part])

    def split(self, word: re.Pattern[str] = _NO_WHITESPACE) -> list[Aligned]:
        """Its words: what stands between whitespace, or every match of another pattern."""
        text, starts, ends = self.text, self.starts, self.ends
        spans = (match.span() for match in word.finditer(text))
        return [Aligned(text[start:stop], starts[start:stop], ends[start:stop]) for start, stop in spans]

    def edited(self, edits: Iterable[Edit]) -> Aligned:
        """With some parts replaced.

        New characters stand for all that they replace; spaces around them stand for nothing, and so does what
        replaces nothing.
        """
        texts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        done = 0
        for start, stop, new in edits:
            texts += (self.text[done:start], new)
            starts += self.starts[done:start]
            ends += self.ends[done:start]
            first, last = self._span(start, stop)
            before, after = _padding(new)
            starts += [first] * (len(new) - after) + [last] * after
            ends += [first] * before + [last] * (len(new) - before)
            done = stop
        if not texts:
            return self
        texts.append(self.text[done:])
        return Aligned("".join(texts), starts + self.starts[done:], ends + self.ends[done:])

    def _span(self, start: int, stop: int) -> tuple[int, int]:
        if start < stop:
            return self.starts[start], self.ends[stop - 1]
        place = self.ends[start - 1] if start else self.starts[0]
        return place, place


def _padding(new: str) -> tuple[int, int]:
    """How many spaces stand before and after the characters of a string, if it has any."""
    core = new.strip(" ")
    if not core or len(core) == len(new):
        return 0, 0
    before = new.index(core)
    return before, len(new) - before - len(core)
