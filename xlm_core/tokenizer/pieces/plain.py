"""Chunks whose words can be told at a glance: most chunks of most texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from ..words.lowercase import lowercase_without_accents, stays_as_it_is
from ..words.rules import Translate, character_class
from ..words.tables import tables
from .cuts import FIRST, LAST

_ROMANIAN = "ro"
_SAME_LENGTH = {
    **dict.fromkeys("’´‘‚", "'"),
    **dict.fromkeys("”“„«»《》」「", '"'),
    **dict.fromkeys("，、", ","),
    **dict.fromkeys("∶：", ":"),
    **dict.fromkeys("–━", "-"),
    **dict(zip("？！；（）％～〈〉【】", "?!;()%~<>[]", strict=True)),
    **dict(zip("０１２３４５６７８９", "0123456789", strict=True)),
}
as_ascii = Translate(_SAME_LENGTH).apply
"""What Moses' normaliser replaces character by character."""

_PLAIN_MARKS = {**_SAME_LENGTH, **dict.fromkeys("。．", "."), "`": "'", "—": "-"}
in_plain_marks = Translate(_PLAIN_MARKS).apply
"""The same, and what it replaces likewise but with less or more whitespace beside it, or in two steps."""

_TOUCHED = frozenset(_PLAIN_MARKS) | {"…"}

_HIDDEN_DOTS = "MULTI"
"""Moses has such words for dots, and takes those of a text for its own."""

_NOT_PLAIN = re.compile("[…。．—`]|,,|[.,]\"|\"[.,]|'.*'", re.DOTALL)
"""What the normaliser moves, puts together or replaces otherwise."""

_LOOKED_AT = re.compile(f"[{''.join(_TOUCHED)}.,'\"]")
"""Without any of these a chunk is plain."""

_QUOTATION_MARKS = '"“”„«»'
_EMOJI = {
    symbol
    for symbol in map(chr, (*range(0x2600, 0x27C0), *range(0x1F300, 0x1FB00)))
    if symbol.isprintable() and stays_as_it_is(symbol)
}
_MARKS = frozenset("()[]#@$£€%!?¿¡;:*+।،؛؟" + _QUOTATION_MARKS) | _EMOJI
"""Marks that often stand right before or after a word; each is a word of its own."""

_SWAPS: Mapping[str, frozenset[str]] = {
    "en": frozenset({'",', '".'}),
    **dict.fromkeys(("de", "es", "fr"), frozenset({',"'})),
}
"""Pairs of marks that change places there, whatever follows."""

_APOSTROPHES = {"en": " '", "fr": "' ", "it": "' "}
"""What becomes of an apostrophe between letters, where it goes with one of its neighbours."""

Words = list[str]
"""Words that, one after the other, are the chunk, but for what ``as_ascii`` replaces."""


Single = tuple[str, str, str, str, bool]
"""The marks before a word, the word, the same as the vocabulary knows it, the marks after it as the words come, and
whether the last two of these have changed places."""


class SingleWords:
    """Finds the commonest chunks: one word of letters and numbers, with or without marks before and after it."""

    def __init__(self, lang: str, lowercase: bool) -> None:
        self._prefixes = tables(lang).prefixes
        self._match_bare = _bare_word(untouched(lang), lowercase).fullmatch
        self._match = _single_word(untouched(lang), lowercase).fullmatch
        self._swaps = _SWAPS.get(lang, frozenset())

    def find_bare(self, chunk: str) -> str | None:
        """The word that is all of a chunk, as the vocabulary knows it; None for other chunks."""
        if chunk.isascii() and chunk.isalpha() and chunk.islower():  # as most in Latin letters
            return chunk
        match = self._match_bare(chunk)
        if match is None or _HIDDEN_DOTS in chunk:
            return None
        return match[1] or lowercase_without_accents(match[2])

    def find(self, chunk: str) -> Single | None:
        """The word of a chunk and its marks; None for other chunks."""
        match = self._match(chunk)
        if match is None or _HIDDEN_DOTS in chunk:
            return None
        before, known, word, after = match.groups()
        if not (before.isascii() and after.isascii()):
            before, after = as_ascii(before), as_ascii(after)
        has_swapped = after[-2:] in self._swaps
        if has_swapped:
            after = after[:-2] + after[:-3:-1]
        if after[:1] == "." and (known or word) in self._prefixes:
            return None
        return before, known or word, known or lowercase_without_accents(word), after, has_swapped


class PlainChunks:
    """Splits other chunks of words and numbers and marks, as Moses would; the more unusual ones not at all."""

    def __init__(self, lang: str) -> None:
        self._known = tables(lang)
        self._pattern = _words(self._known.alphanumeric, self._known.numeric)
        self._only_ascii = lang == _ROMANIAN
        self._apostrophe = _APOSTROPHES.get(lang, " ' ")

    def split(self, chunk: str) -> Sequence[Words] | None:
        """The words of a chunk, once or before each kind of following word; None if Moses must be asked."""
        text = chunk.removeprefix(FIRST).removesuffix(LAST)
        if not text or _HIDDEN_DOTS in text or not text.isprintable() or (self._only_ascii and not text.isascii()):
            return None
        if not _LOOKED_AT.search(text):
            return (self._pattern.findall(text),)
        words = self._split(as_ascii(text))
        if words is None or (words[0] == "," and chunk[0] == FIRST):
            return None
        has_period = words[-1].endswith(".") and not words[-1].endswith("..")
        return self._before_period(words, chunk[-1] == LAST) if has_period else (words,)

    def _split(self, text: str) -> Words | None:
        """The words, the last of them with its period; None if they cannot be told at a glance."""
        if _NOT_PLAIN.search(text):
            return None
        words = self._pattern.findall(text)
        if "'" in text and not self._split_apostrophe(words):
            return None
        has_inner_period = "." in text and any(word[-1] == "." and word.strip(".") for word in words[:-1])
        return None if has_inner_period else words

    def _split_apostrophe(self, words: Words) -> bool:
        """Split the one word with an apostrophe, if it stands between letters; tell whether it does."""
        index = 0
        while "'" not in words[index]:
            index += 1
        left, _, right = words[index].partition("'")
        letters = self._known.alphabetic
        if left[-1:] not in letters or right[:1] not in letters:
            return False
        words[index : index + 1] = f"{left}{self._apostrophe}{right}".split(" ")
        return True

    def _before_period(self, words: Words, is_last: bool) -> Sequence[Words]:
        """With the final period as a word of its own or not."""
        prefix = words[-1][:-1]
        if not prefix or prefix in self._known.prefixes or self._is_initials(prefix):
            return (words,)
        split = [*words[:-1], prefix, "."]
        if is_last:
            return (split,)
        return words, split, words if prefix in self._known.numeric_prefixes else split

    def _is_initials(self, prefix: str) -> bool:
        return "." in prefix and not self._known.alphabetic.isdisjoint(prefix)


@lru_cache(maxsize=16)
def _bare_word(letters: frozenset[str], lowercase: bool) -> re.Pattern[str]:
    """A word that is known as it is, or any other."""
    known = character_class(filter(stays_as_it_is, letters) if lowercase else letters)
    return re.compile(f"{FIRST}?(?:({known}++)|({character_class(letters)}++)){LAST}?")


@lru_cache(maxsize=16)
def _single_word(letters: frozenset[str], lowercase: bool) -> re.Pattern[str]:
    """A word that is known as it is, or any other, between marks.

    A period is one of them only at the end of the text, where nothing can follow, or after a quotation mark.
    """
    known = character_class(filter(stays_as_it_is, letters) if lowercase else letters)
    word = character_class(letters)
    marks = f"{character_class(_MARKS - letters)}*+"
    quotation_mark = f"[{_QUOTATION_MARKS}]"
    quoted = rf"(?<!{quotation_mark})(?:,|\.(?=.{LAST})){quotation_mark}"
    after = rf"{marks}(?:{quoted}|,|\.(?={LAST})|(?<={quotation_mark})\.)?+"
    return re.compile(f"{FIRST}?({marks})(?:({known}++)|({word}++))({after}){LAST}?")


@lru_cache(maxsize=16)
def _words(letters: frozenset[str], numbers: frozenset[str]) -> re.Pattern[str]:
    """Letters, numbers, hyphens and apostrophes together, single periods too, and commas between numbers.

    Several dots are together; all else is alone.
    """
    number = character_class(numbers & letters)
    together = character_class({*letters, "-", "'"})
    return re.compile(rf"(?:{together}+|(?<!\.)\.(?!\.)|(?<={number}),(?={number}))+|\.\.+|.")


@lru_cache(maxsize=64)
def untouched(lang: str) -> frozenset[str]:
    """Letters and numbers, and hyphens, which Moses leaves as they are and where they are."""
    letters = tables(lang).alphanumeric
    known = filter(str.isascii if lang == _ROMANIAN else str.isprintable, letters)
    return _shared((frozenset(known) - _TOUCHED) | {"-"})


@lru_cache(maxsize=16)
def _shared(characters: frozenset[str]) -> frozenset[str]:
    """One set for all languages that have the same characters."""
    return characters
