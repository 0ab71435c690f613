"""Where the pieces of words stand in a text: quickly, where the words can be found in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from itertools import chain

from .bpe import BytePairEncoder, Numbers, WordSpans
from .memory import Memory
from .pieces import Pieces, of_words
from .plain import as_ascii, with_full_stops
from .words import Aligned, WordSplitter
from .words.lowercase import align_lowercase_without_accents, lowercase_without_accents

_MOST_CHARACTERS = 60_000


class WordPieces:
    """Words as a text has them → the pieces of each, with where they stand.

    A vocabulary in lower case knows words in lower case and without accents; a word of accents alone is none.
    """

    def __init__(self, lowercase: bool, bpe: BytePairEncoder) -> None:
        self._lowercase = lowercase
        self._know: Callable[[str], str] = lowercase_without_accents if lowercase else str
        self._bpe = bpe

    def ids_of_word(self, word: str) -> Numbers:
        """The ids of a word, which may hold spaces if it is a segmenter's: a lower-case vocabulary parts it there."""
        parts = filter(None, self._know(word).split(" ")) if self._lowercase else (word,)
        return tuple(chain.from_iterable(map(self._bpe.ids.table.__getitem__, parts)))

    def ids(self, words: Iterable[str]) -> Numbers:
        """The ids of all pieces of words without spaces."""
        known = self._know(" ".join(words)).split()
        return tuple(chain.from_iterable(map(self._bpe.ids.table.__getitem__, known)))

    def standing_at(self, starts: Iterable[int], words: Iterable[str]) -> list[WordSpans]:
        """The pieces of words that stand at these places of a text as they are."""
        pairs = zip(words, starts, strict=False)
        return [self.place(word, known, start) for word, start in pairs if (known := self._know(word))]

    def place(self, word: str, known: str, start: int) -> WordSpans:
        """The pieces of a word that stands at this place of a text, and that the vocabulary knows so."""
        if _is_one_to_one(word, known):
            ids, starts, ends = spans = self._bpe.spans.table[known]
            if not start:
                return spans
            return ids, tuple([start + number for number in starts]), tuple([start + number for number in ends])
        aligned = _follow(word, known, start)
        if aligned is None:
            end = start + len(word)
            aligned = Aligned(word, list(range(start, end)), list(range(start + 1, end + 1)))
            aligned = align_lowercase_without_accents(aligned)
        return self.aligned(aligned)

    def aligned(self, word: Aligned) -> WordSpans:
        """The pieces of a word that the vocabulary knows."""
        ids, starts, ends = self._bpe.spans.table[word.text]
        return ids, tuple([word.starts[start] for start in starts]), tuple([word.ends[end - 1] for end in ends])


class PlacedWords:
    """Texts of one language → the pieces of each of their words, with where they stand."""

    def __init__(self, lang: str, splitter: WordSplitter, bpe: BytePairEncoder) -> None:
        self._lang = lang
        self._splitter = splitter
        self._cased = splitter.cased()
        self._pieces = WordPieces(splitter.lowercase, bpe)

    def of(self, text: str) -> list[WordSpans]:
        """By looking for the words in the text, or following them through the rules if these have changed it."""
        words = self._unchanged_words(text)
        starts = find(words, with_full_stops(as_ascii(text))) if words else None
        if starts is not None:
            return self._pieces.standing_at(starts, words)
        return list(map(self._pieces.aligned, self._splitter.align(text, self._lang)))

    def _unchanged_words(self, text: str) -> list[str]:
        """The words before they are in lower case; none if rules have surely changed the text, or words hold spaces."""
        words = self._cased.split(text, self._lang) if text.isprintable() else []
        if self._splitter.lowercase:
            return " ".join(words).split()
        return [] if any(" " in word for word in words) else words


def pieces_between_spaces(text: str, bpe: BytePairEncoder) -> Pieces:
    """The pieces of the words between whitespace, as they are."""
    words, starts = [], []
    for match in re.finditer(r"\S+", text):
        words.append(match[0])
        starts.append(match.start())
    return of_words(WordPieces(lowercase=False, bpe=bpe).standing_at(starts, words))


def find(words: Iterable[str], text: str) -> list[int] | None:
    """Where words start that stand in a text as they are, one after the other, with spaces between; None if not so."""
    starts, end = [], 0
    for word in words:
        while text[end : end + 1] == " ":
            end += 1
        if not text.startswith(word, end):
            return None
        starts.append(end)
        end += len(word)
    return None if text[end:].strip(" ") else starts


def _is_one_to_one(word: str, known: str) -> bool:
    """Whether the characters of two spellings are certain to stand for one another.

    Letters and numbers leave at least one character each when accents go, so of as many each has left one.
    """
    return word is known or (len(word) == len(known) and (word.isascii() or word.replace("-", "").isalnum()))


def _follow(word: str, known: str, start: int) -> Aligned | None:
    """The word in lower case without accents, each character with where it stood.

    A mark that is dropped goes with the character before it. None where there is none, or a mark that could move.
    """
    starts: list[int] = []
    ends: list[int] = []
    n_before = 0
    for place, size in enumerate(map(_SIZES.table.__getitem__, word), start):
        if size > 0:
            starts += [place] * size
            ends += [place + 1] * size
            n_before = size
        elif size < 0 or not n_before:
            return None
        else:
            ends[-n_before:] = [place + 1] * n_before
    return Aligned(known, starts, ends)


def _size(character: str) -> int:
    """How many characters one becomes in lower case without accents; -1 if its place in a word is not certain."""
    known = lowercase_without_accents(character)
    return -1 if any(map(unicodedata.combining, known)) else len(known)


_SIZES = Memory(_size, _MOST_CHARACTERS, 1)
