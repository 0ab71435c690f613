"""The steps from raw text to words that are not Moses': from a string to a string, one rule each."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_PUNCTUATION = str.maketrans(
    {
        **dict.fromkeys("，、", ","),
        **dict.fromkeys("”“《》」「", '"'),
        **dict.fromkeys("∶：", ":"),
        **dict(zip("？！；（）％～", "?!;()%~", strict=True)),
        **dict(zip("０１２３４５６７８９", "0123456789", strict=True)),
        **dict(zip("〈〉【】", "<>[]", strict=True)),
        "’": "'",
        "…": "...",
        "━": "-",
    }
)
_FULL_STOP = re.compile(r"[。．]\s*")
_ROMANIAN = str.maketrans("ŞşȘșŢţȚțĂăÂâÎî", "SsSsTtTtAaAaIi")


def replace_unicode_punctuation(text: str) -> str:
    """Full-width and typographic punctuation as ASCII; an ideographic full stop swallows the whitespace after it.

    Source: Moses, ``replace-unicode-punctuation.perl``.
    """
    return text if text.isascii() else _FULL_STOP.sub(". ", text).translate(_PUNCTUATION)


def remove_non_printing(text: str) -> str:
    """Without control, format, private and unassigned characters; a tab or a newline leaves no space behind.

    Source: Moses, ``remove-non-printing-char.perl``. Which characters are assigned follows the running Python.
    """
    if text.isprintable():
        return text
    return "".join(character for character in text if not unicodedata.category(character).startswith("C"))


def remove_romanian_diacritics(text: str) -> str:
    """Ș, Ț, Ă, Â and Î without their marks, written with comma or cedilla.

    Source: Sennrich et al. 2016, ``normalise-romanian.py`` and ``remove-diacritics.py`` of the WMT16 scripts.
    """
    return text.translate(_ROMANIAN)


def lowercase_by_character(text: str) -> str:
    """Lower-cased as if each character stood alone: a final Σ becomes σ, not ς."""
    return text.replace("Σ", "σ").lower()


def lowercase_and_remove_accents(words: Iterable[str]) -> list[str]:
    """Words in lower case, decomposed, without non-spacing marks; a word that holds spaces falls apart.

    Source: the original's ``lowercase_and_remove_accent.py``, which sees the words joined by spaces.
    """
    return " ".join(map(_lowercase_and_remove_accents, words)).split(" ")


def _lowercase_and_remove_accents(word: str) -> str:
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFD", word.lower())
    return "".join(character for character in decomposed if unicodedata.category(character) != "Mn").lower()
