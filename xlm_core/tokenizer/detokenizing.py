"""Words as they are written: punctuation where it belongs, contractions together, no spaces where there are none."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

UNSPACED = frozenset({"ja", "th", "zh"})
"""Languages that write no spaces between words."""

_OPENING = frozenset("([{¿¡")
_CLOSING = re.compile(r"[,.?!:;\\%}\])…]+")
_QUOTES = re.compile(r"['\"„“”`]+")
_DOUBLE = re.compile(r"[„“”]+")
_FRENCH_SPACED = frozenset("?!:;\\%")
_ELIDING = frozenset({"fr", "it", "ga"})
_FINNISH_CASE = re.compile(
    r"([nNaAäÄ]|[sS][st][aä]|[hH]?[uyaäö]n|[UYAÄÖ]n|[iI]in|[sS]een|[lL][lt][aä]|[lL]le|[kK]s[ei]|[tT]ta|[iI]ne)"
    r"(ni|si|mme|nne|nsa)?(ko|kö|han|hän|pa|pä|kaan|kään|kin)?"
)


def detokenize(words: Sequence[str], lang: str) -> str:
    r"""The text of words that Moses' tokenizer, or a segmenter, has split.

    Chinese, Japanese and Thai words are joined without spaces, except where Latin letters or digits would run together.

    Source: Moses, ``detokenizer.perl``, which says where punctuation, quotation marks and apostrophes belong; only a
    currency after a number stays with the number here.

    >>> detokenize(["He", "said", ",", '"', "I", "don", "'t", '"', "."], "en")
    'He said, "I don\'t".'
    """
    return _without_spaces(words) if lang in UNSPACED else _Writer(words, lang).text()


def _without_spaces(words: Sequence[str]) -> str:
    spaces = (" " if _would_run_together(*pair) else "" for pair in pairwise(["", *words]))
    return "".join(part for parts in zip(spaces, words, strict=True) for part in parts)


def _would_run_together(left: str, right: str) -> bool:
    return _is_ascii_alphanumeric(left[-1:]) and _is_ascii_alphanumeric(right[:1])


class _Writer:
    """Writes word after word; each says whether a space comes before it, and whether one may come after."""

    def __init__(self, words: Sequence[str], lang: str) -> None:
        self._words, self._lang = words, lang
        self._open: Counter[str] = Counter()

    def text(self) -> str:
        """All words with the spaces between them."""
        parts, space_allowed = [], False
        for place, word in enumerate(self._words):
            before, after = self._spaces(place, word)
            parts += [" " if before and space_allowed else "", word]
            space_allowed = after
        return "".join(parts)

    def _spaces(self, place: int, word: str) -> tuple[bool, bool]:
        """Whether a space belongs before a word, and after it."""
        if all(map(_opens, word)):
            return True, self._follows_number(place, word)
        if _CLOSING.fullmatch(word):
            return self._lang == "fr" and word in _FRENCH_SPACED, True
        if self._is_suffix(place, word):
            return False, True
        if self._is_elided(place, word):
            return True, False
        if _QUOTES.fullmatch(word):
            return self._quote(place, word)
        return True, True

    def _follows_number(self, place: int, word: str) -> bool:
        """Whether this is a currency after its amount, which Moses would put before the next word."""
        return word not in _OPENING and place > 0 and self._words[place - 1][-1].isdigit()

    def _is_suffix(self, place: int, word: str) -> bool:
        """What belongs to the word before: English contractions, Finnish cases after a colon."""
        previous = self._words[place - 1] if place else ""
        if self._lang == "en":
            return bool(previous) and word[0] == "'" and word[1:2].isalpha()
        if self._lang == "fi":
            return previous.endswith(":") and bool(_FINNISH_CASE.fullmatch(word))
        return False

    def _is_elided(self, place: int, word: str) -> bool:
        following = self._words[place + 1] if place + 1 < len(self._words) else ""
        return self._lang in _ELIDING and word[-1] == "'" and word[-2:-1].isalpha() and following[:1].isalpha()

    def _quote(self, place: int, word: str) -> tuple[bool, bool]:
        """An opening quotation mark belongs to what follows, a closing one to what precedes."""
        mark = '"' if _DOUBLE.fullmatch(word) else word
        if self._open[mark]:
            self._open[mark] = 0
            return False, True
        if self._lang == "en" and word == "'" and place and self._words[place - 1].endswith("s"):
            return False, True
        self._open[mark] = 1
        return True, False


def _opens(character: str) -> bool:
    return character in _OPENING or unicodedata.category(character) == "Sc"


def _is_ascii_alphanumeric(character: str) -> bool:
    return character.isascii() and character.isalnum()
