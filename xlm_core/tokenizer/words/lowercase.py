"""Lower case without accents: the last step from a text to the words of an uncased vocabulary."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import groupby, pairwise

from .aligned import Aligned, Edit

_MOVABLE = "\0"
"""Put before a character that is no non-spacing mark and that the normal form may move past another."""

_MAX_PLAIN = 60_000
"""How many characters are remembered: more than a text in any language has."""


def lowercase_by_character(text: str) -> str:
    """Lower-cased as if each character stood alone: a final Σ becomes σ, not ς."""
    return text.replace("Σ", "σ").lower()


def lowercase_without_accents(text: str) -> str:
    """A text in lower case, decomposed, without non-spacing marks.

    None of this reaches across a space: words may be joined by spaces before and split again after.

    Source: the original's ``lowercase_and_remove_accent.py``.
    """
    text = text.lower()
    return text if text.isascii() else _without_accents(text).lower()


def stays_as_it_is(character: str) -> bool:
    """Whether a character comes out of `lowercase_without_accents` unchanged, whatever stands beside it."""
    return character.lower() == character == _PLAIN[ord(character)]


def align_lowercase_without_accents(word: Aligned) -> Aligned:
    """The same for a word; a mark that is dropped goes with the character before it.

    Where the normal form moves characters, each stands for the whole word.
    """
    word = _align_lowercase(word)
    if word.text.isascii():
        return word
    plain = _without_accents(word.text)
    if plain == word.text:
        return word
    paired = word.edited(_accents(word.text))
    return _align_lowercase(paired if paired.text == plain else word.edited([(0, len(word), plain)]))


class _Plain(dict[int, str]):
    """Characters decomposed and without non-spacing marks, by their code; filled when they are met."""

    def __missing__(self, code: int) -> str:
        plain = _without_marks(unicodedata.normalize("NFD", chr(code)))
        plain = _MOVABLE + plain if any(map(unicodedata.combining, plain)) else plain
        if len(self) < _MAX_PLAIN:
            self[code] = plain
        return plain


_PLAIN = _Plain()


def _without_accents(text: str) -> str:
    """In linear time, because marks are dropped before they would be put in order.

    Of a long row of marks, `unicodedata.normalize` moves each by one place at a time.
    """
    plain = text.translate(_PLAIN)
    return _without_marks(_decomposed(text)) if _MOVABLE in plain else plain


def _decomposed(text: str) -> str:
    """The normal form NFD."""
    characters = "".join(unicodedata.normalize("NFD", character) for character in text)
    runs = groupby(characters, lambda character: unicodedata.combining(character) != 0)
    return "".join("".join(sorted(run, key=unicodedata.combining) if is_mark else run) for is_mark, run in runs)


def _without_marks(text: str) -> str:
    return "".join(character for character in text if unicodedata.category(character) != "Mn")


def _accents(text: str) -> Iterator[Edit]:
    """Each character that is decomposed or followed by marks, with these."""
    plain = [_PLAIN[ord(character)].lstrip(_MOVABLE) for character in text]
    places = [place for place, new in enumerate(plain) if new]
    if marks := places[0] if places else len(text):
        yield 0, marks, ""
    for start, stop in pairwise((*places, len(text))):
        if text[start:stop] != plain[start]:
            yield start, stop, plain[start]


def _align_lowercase(word: Aligned) -> Aligned:
    lowered = word.text.lower()
    if lowered == word.text:
        return word
    if len(lowered) > len(word):
        word = word.edited(_longer_in_lowercase(word.text))
    return Aligned(lowered, word.starts, word.ends)


def _longer_in_lowercase(text: str) -> Iterator[Edit]:
    """İ, which becomes two characters."""
    lowered = ((place, character.lower()) for place, character in enumerate(text))
    return ((place, place + 1, new) for place, new in lowered if len(new) > 1)
