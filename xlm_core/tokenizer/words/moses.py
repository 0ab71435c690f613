"""Moses' word tokenizer, for languages that write spaces between words.

Source: Moses, ``tokenizer.perl``, as sacremoses 0.2 has it, without escapes and without splitting hyphens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from .aligned import Aligned, Edit
from .normalize import normalization
from .rules import Between, Pad, Rule, Rules, SingleSpaces, Substitute, Translate, character_class
from .tables import Tables, tables

_DIGITS = frozenset("0123456789")

_ROMANIAN = Translate(dict(zip("ŞşȘșŢţȚțĂăÂâÎî", "SsSsTtTtAaAaIi", strict=True)))
"""Without the marks of Romanian letters, written with comma or cedilla.

Source: Sennrich et al. 2016, ``normalise-romanian.py`` and ``remove-diacritics.py`` of the WMT16 scripts.
"""


class HideDots(Rule):
    """Two dots or more become a word that no other rule touches: DOT for each, and MULTI."""

    _DOTS = re.compile(r"\.{2,}")

    def __init__(self) -> None:
        super().__init__("..")

    def edits(self, text: str) -> Iterator[Edit]:
        """Each dot, and a space on both sides, but not at the end of the text."""
        for match in self._DOTS.finditer(text):
            start, stop = match.span()
            yield start, start + 1, " DOT"
            yield from ((place, place + 1, "DOT") for place in range(start + 1, stop))
            yield stop, stop, "MULTI " if stop < len(text) else "MULTI"


class ShowDots(Rule):
    """Those words become dots again, and so does what looks like one in the text itself."""

    _HIDDEN = re.compile(r"(?:DOT)++(MULTI)?")
    """Without MULTI it is not one, but is matched, lest each DOT of a long row be tried."""

    def __init__(self) -> None:
        super().__init__("DOTMULTI")

    def edits(self, text: str) -> Iterator[Edit]:
        """Each DOT, the last one with MULTI."""
        for match in self._HIDDEN.finditer(text):
            if match[1]:
                last = match.start(1) - 3
                yield from ((place, place + 3, ".") for place in range(match.start(), last, 3))
                yield last, match.end(), "."


class FinalPeriods(Rule):
    """A period at the end of a word becomes a word of its own, unless it belongs to an abbreviation."""

    _PERIOD = re.compile(r"\.(?= +(\S)| *\Z)")

    def __init__(self, known: Tables) -> None:
        super().__init__(".")
        self._known = known

    def edits(self, text: str) -> Iterator[Edit]:
        """A space before each such period."""
        for match in self._PERIOD.finditer(text):
            place = match.start()
            prefix = text[text.rfind(" ", 0, place) + 1 : place]
            if prefix and not self._keeps_period(prefix, match[1]):
                yield place, place, " "

    def _keeps_period(self, prefix: str, following: str | None) -> bool:
        """Initials and abbreviations do, and words in mid-sentence; some only before a number.

        ``following`` is the first character of the next word.
        """
        known = self._known
        return (
            ("." in prefix and not known.alphabetic.isdisjoint(prefix))
            or prefix in known.prefixes
            or following in known.lowercase
            or (prefix in known.numeric_prefixes and following in _DIGITS)
        )


class MosesWords:
    """The words of a text by the rules of one language."""

    def __init__(self, lang: str) -> None:
        known = tables(lang)
        self._rules = Rules((*normalization(lang), *_spacing(lang, known), *_marks_at_the_end(known), ShowDots()))

    def split(self, text: str) -> list[str]:
        """Words and punctuation marks."""
        return self._rules.apply(text).split()

    def align(self, text: Aligned) -> list[Aligned]:
        """The same, with where their characters stood."""
        return self._rules.align(text).split()


@lru_cache(maxsize=64)
def moses(lang: str) -> MosesWords:
    """The rules of a language; a code that Moses does not know gets English abbreviations and no quotation rules."""
    return MosesWords(lang)


def _spacing(lang: str, known: Tables) -> tuple[Rule, ...]:
    """Spaces where words and punctuation marks meet."""
    numeric = character_class(known.numeric)
    numeric_or_space = character_class(known.numeric | {" "})
    other = character_class(known.numeric, negated=True)
    return (
        *([_ROMANIAN] if lang == "ro" else []),
        SingleSpaces(),
        Pad(known.alphanumeric | frozenset(".'`,-")),
        HideDots(),
        Between(other, ",", "", " , "),
        Substitute(",", rf",(?:(?<! ,)(?!{numeric})|(?!{numeric_or_space}))", " , "),
        *_apostrophes(lang, known),
    )


def _marks_at_the_end(known: Tables) -> tuple[Rule, ...]:
    """Spaces before a final period, and around the period of a text that ends with an apostrophe after it."""
    return FinalPeriods(known), Substitute(".'", r"(?=\.' *\Z)|(?<=\.)(?=' *\Z)", " ")


def _apostrophes(lang: str, known: Tables) -> list[Rule]:
    """An apostrophe goes with what follows in English, with what precedes in French and Italian; else it is alone."""
    if lang not in {"en", "fr", "it"}:
        return [Substitute("'", "'", " ' ")]
    letter, other = character_class(known.alphabetic), character_class(known.alphabetic, negated=True)
    number = character_class(known.numeric)
    neither = character_class(known.alphabetic | known.numeric, negated=True)
    english = lang == "en"
    rules: list[Rule] = [
        Between(other, "'", other, " ' "),
        Between(neither if english else other, "'", letter, " ' "),
        Between(letter, "'", other, " ' "),
        Between(letter, "'", letter, " '" if english else "' "),
    ]
    return [*rules, Between(number, "'", "s", " '")] if english else rules
