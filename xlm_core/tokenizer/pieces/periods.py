"""Periods at the ends of chunks: whether one is a word of its own depends on what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar, cast

from ..words.moses import moses
from ..words.tables import tables
from .cuts import in_context, without_context
from .memory import Memory
from .plain import untouched

_Answer = TypeVar("_Answer")

FOLLOWING = ("x", "X", "1")
"""A word of each kind that Moses tells apart after a period: in lower case, any other, a number."""

_LOWERCASE, _OTHER, _NUMBER = range(len(FOLLOWING))
_DIGITS = frozenset("0123456789")
_MOST_KINDS = 50_000
_LONGEST_CHUNK = 40


class Undecided(Exception):
    """An answer depends on what comes next."""


class NoWord(Exception):
    """What comes next is no word, so that what comes after it would count."""


@dataclass(frozen=True, slots=True)
class ByNext(Generic[_Answer]):
    """What becomes of a chunk before a word of each kind, in the order of ``FOLLOWING``.

    Raises: Undecided, when taken for an answer.
    """

    answers: tuple[_Answer, ...]

    def __iter__(self) -> Iterator[NoReturn]:
        raise Undecided


class Periods:
    """Decides between a chunk's answers by the chunk that follows it."""

    def __init__(self, lang: str, cache_size: int) -> None:
        self._lowercase = tables(lang).lowercase
        self._untouched = untouched(lang)
        self._split = moses(lang).split
        self._kinds = Memory(self._kind, min(cache_size, _MOST_KINDS), _LONGEST_CHUNK)

    def decide(self, chunks: Sequence[str], answers: Sequence[_Answer | ByNext[_Answer]]) -> list[_Answer]:
        """The answers of the chunks of a text.

        Raises: NoWord.
        """
        if ByNext not in map(type, answers):
            return cast("list[_Answer]", answers)
        decided: list[_Answer] = []
        following = ""
        for chunk, answer in zip(reversed(chunks), reversed(answers), strict=True):
            decided.append(answer.answers[self._kinds.table[following]] if isinstance(answer, ByNext) else answer)
            following = chunk or following
        return decided[::-1]

    def _kind(self, chunk: str) -> int:
        """The kind of a chunk's first word: of its first character, unless that might change or vanish."""
        first = chunk[0]
        if first not in self._untouched:
            first = self._first_of_words(chunk)
        if first in self._lowercase:
            return _LOWERCASE
        return _NUMBER if first in _DIGITS else _OTHER

    def _first_of_words(self, chunk: str) -> str:
        words = without_context(self._split(in_context(chunk, FOLLOWING[_OTHER])), chunk)
        if not words:
            raise NoWord
        return words[0][0]
