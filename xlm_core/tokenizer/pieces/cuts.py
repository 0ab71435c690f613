"""Where a text may be cut at its spaces without changing what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

FIRST = "\x02"
"""Before the first chunk of a text, because some rules look at its start."""

LAST = "\x03"
"""After the last chunk, because some rules look at its end."""

_KEPT = "\x04"
"""Instead of a space at which the text may not be cut."""

_MARKERS = re.compile(f"[{FIRST}{LAST}{_KEPT}]")
_APOSTROPHES = "'`´‘’‚"
_QUOTATION_MARKS = '"„“”«»《》」「' + _APOSTROPHES
_DOTS = ".…。．"
_TOUCHY = "()%!?:;,，、∶：？！；）（％" + _DOTS + '"„“”«»' + _APOSTROPHES
"""What rules bring together with its neighbour, once what stands between them has been deleted."""

_BEFORE = "x "

_Word = TypeVar("_Word")
_Pair = tuple[str, str]
_BOTH_NEED_THE_SPACE = (_APOSTROPHES, _APOSTROPHES)
_DOTS_AFTER_QUOTATION = (_QUOTATION_MARKS, _DOTS)

_UNSAFE: Mapping[str, tuple[_Pair, ...]] = {
    "de": (_DOTS_AFTER_QUOTATION,),
    "en": (_BOTH_NEED_THE_SPACE,),
    "es": (_DOTS_AFTER_QUOTATION,),
    "fr": (_BOTH_NEED_THE_SPACE, _DOTS_AFTER_QUOTATION),
    "it": (_BOTH_NEED_THE_SPACE,),
}
"""Language → characters left and right of spaces between which a rule of Moses reaches across the spaces."""

_SPACING = 20
"""A text with fewer than one space in so many characters is not cut: its chunks would hardly come again."""


class Cuts:
    """Cuts texts of one language at spaces, so that each chunk means the same wherever it stands in a text.

    What follows a chunk still matters to a period at its end.
    """

    def __init__(self, lang: str) -> None:
        self._unsafe = _UNSAFE.get(lang, ())
        lefts = dict.fromkeys("".join(left for left, _ in self._unsafe))
        self._suspects = [f"{left} " for left in lefts]
        self._ascii_suspects = [suspect for suspect in self._suspects if suspect.isascii()]
        self._pattern = re.compile("|".join(f"(?<=[{left}]) +(?=[{right}])" for left, right in self._unsafe))
        self._edges = tuple(_QUOTATION_MARKS) if _DOTS_AFTER_QUOTATION in self._unsafe else ()

    def chunks(self, text: str) -> list[str] | None:
        """The chunks of a text, or None if it must be read as a whole.

        They are the parts between single spaces, empty ones included, with markers in them; spaces at the ends of the
        text are left out.
        """
        if (text.count(" ") + 1) * _SPACING < len(text):
            return None
        is_printable = text.isprintable()
        if text[:1] == " " or text[-1:] == " ":
            if not is_printable or text.rstrip(" ").endswith(self._edges):
                return None
            text = text.strip(" ")
        kept = self._keep_together(text) if is_printable else self._keep_unprintable_together(text)
        return None if kept is None else f"{FIRST}{kept}{LAST}".split(" ")

    def _keep_together(self, text: str) -> str:
        for suspect in self._ascii_suspects if text.isascii() else self._suspects:
            if suspect in text:
                return self._pattern.sub(_keep, text)
        return text

    def _keep_unprintable_together(self, text: str) -> str | None:
        """For a text with characters that will be deleted, or whitespace that is not a space."""
        return None if _MARKERS.search(text) else re.sub(" +", self._keep_if_unsafe, text)

    def _keep_if_unsafe(self, run: re.Match[str]) -> str:
        left, right = run.string[run.start() - 1], run.string[run.end()]
        return _keep(run) if self._is_unsafe(left, right) else run[0]

    def _is_unsafe(self, left: str, right: str) -> bool:
        is_odd, is_next_odd = not left.isprintable(), not right.isprintable()
        if (is_odd and (is_next_odd or right in _TOUCHY)) or (is_next_odd and left in _TOUCHY):
            return True
        return any((is_odd or left in lefts) and (is_next_odd or right in rights) for lefts, rights in self._unsafe)


def uncut(chunk: str) -> str:
    """A chunk as it stood in the text, without markers."""
    return chunk.removeprefix(FIRST).removesuffix(LAST).replace(_KEPT, " ")


def in_context(chunk: str, following: str) -> str:
    """A chunk between words that change nothing, the second of them given; at an edge of the text there is no word."""
    left = "" if chunk.startswith(FIRST) else _BEFORE
    right = "" if chunk.endswith(LAST) else f" {following}"
    return f"{left}{uncut(chunk)}{right}"


def without_context(words: Sequence[_Word], chunk: str) -> Sequence[_Word]:
    """The words of a chunk in its context without those of the context."""
    return words[0 if chunk.startswith(FIRST) else 1 : None if chunk.endswith(LAST) else -1]


def shift_in_context(chunk: str) -> int:
    """How much further to the right a character stands in the context than in the chunk with its markers."""
    return -len(FIRST) if chunk.startswith(FIRST) else len(_BEFORE)


def _keep(run: re.Match[str]) -> str:
    return _KEPT * len(run[0])
