"""Where the pieces of words stand in a text: quickly, where the words can be found in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, chain, compress, count, repeat
from operator import sub

from .bpe import BytePairEncoder, Numbers, SizedIds
from .memory import Memory
from .pieces import Pieces, WordSpans, of_words
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

    def standing_at(self, starts: Iterable[int], words: Sequence[str]) -> list[WordSpans]:
        """The pieces of words without spaces that stand at these places of a text as they are."""
        triples = zip(words, self._known(words), starts, strict=False)
        return [self.place(word, known, start) for word, known, start in triples if known]

    def read(self, words: Sequence[str], starts: Iterable[int], ends: Iterable[int]) -> Pieces:
        """The pieces of a text whose words stand at these places, as they are or as something else of other length."""
        different = list(dict.fromkeys(words))
        known_words = zip(different, self._known(different), strict=True)
        rows = {word: self.place(word, known, 0) for word, known in known_words if known}
        if all(word in rows and rows[word][1:] == ((0,), (len(word),)) for word in different):  # of one piece each
            return Pieces([rows[word][0][0] for word in words], [*starts], [*ends], [1] * len(words))
        pieces = numbers, places, stops, sizes = Pieces([], [], [], [])
        for word, start, end in zip(words, starts, ends, strict=True):
            if word in rows:
                ids, firsts, lasts = rows[word]
                if end - start != len(word):
                    firsts, lasts = (0,) * len(ids), (end - start,) * len(ids)
                numbers += ids
                places += [start + first for first in firsts]
                stops += [start + last for last in lasts]
                sizes.append(len(ids))
        return pieces

    def place(self, word: str, known: str, start: int) -> WordSpans:
        """The pieces of a word that stands at this place of a text, and that the vocabulary knows so."""
        sized = self.sized(word, known)
        if sized is not None:
            ids, sizes = sized
            edges = tuple(accumulate(sizes, initial=start))
            return ids, edges[:-1], edges[1:]
        places = _follow(word, start)
        if places is not None:
            return self._standing(known, *places)
        end = start + len(word)
        aligned = Aligned(word, list(range(start, end)), list(range(start + 1, end + 1)))
        return self.aligned(align_lowercase_without_accents(aligned))

    def sized(self, word: str, known: str) -> SizedIds | None:
        """The pieces of a word with their sizes in it; None if they may not stand one right after the other.

        A mark that is dropped goes with the character before it, so that a single piece stands for all of a word that
        does not start with one.
        """
        ids, sizes = sized = self._bpe.sized.table[known]
        if _is_one_to_one(word, known):
            return sized
        if len(ids) == 1 and _SIZES.table[word[0]] > 0:
            return ids, (len(word),)
        character_sizes = _sizes(word) if len(known) <= len(word) else None
        if character_sizes is None or max(character_sizes) > 1:
            return None
        places = [*compress(count(), character_sizes), len(word)]
        edges = [places[edge] for edge in accumulate(sizes, initial=0)]
        return ids, tuple(map(sub, edges[1:], edges))

    def aligned(self, word: Aligned) -> WordSpans:
        """The pieces of a word that the vocabulary knows."""
        return self._standing(word.text, word.starts, word.ends)

    def _known(self, words: Sequence[str]) -> list[str]:
        """The words as the vocabulary knows them."""
        return self._know(" ".join(words)).split(" ")

    def _standing(self, known: str, starts: Sequence[int], ends: Sequence[int]) -> WordSpans:
        """The pieces of a word whose characters start and end there."""
        if " " in known:
            ids = self._bpe.ids.table[known]
            return ids, (starts[0],) * len(ids), (ends[-1],) * len(ids)
        ids, sizes = self._bpe.sized.table[known]
        edges = list(accumulate(sizes, initial=0))
        return ids, tuple([starts[edge] for edge in edges[:-1]]), tuple([ends[edge - 1] for edge in edges[1:]])


class PlacedWords:
    """Texts of one language → the pieces of each of their words, with where they stand."""

    def __init__(self, lang: str, splitter: WordSplitter, bpe: BytePairEncoder) -> None:
        self._lang = lang
        self._splitter = splitter
        self._cased = splitter.cased()
        self._pieces = WordPieces(splitter.lowercase, bpe)

    def of(self, text: str) -> list[WordSpans]:
        """By looking for the words in the text, or following them through the rules if these have changed it."""
        found = self._find(text)
        if found is None:
            return self._aligned(text)
        words, starts, ends = found
        is_same_size = all(end - start == len(word) for word, start, end in zip(words, starts, ends, strict=True))
        return self._pieces.standing_at(starts, words) if is_same_size else self._aligned(text)

    def pieces(self, text: str) -> Pieces:
        """The same, as the pieces of a text of any length."""
        found = self._find(text)
        return of_words(self._aligned(text)) if found is None else self._pieces.read(*found)

    def _find(self, text: str) -> tuple[list[str], list[int], list[int]] | None:
        """The words with where they start and end, if they can be found."""
        words = self._unchanged_words(text)
        places = find(words, with_full_stops(as_ascii(text))) if words else None
        return None if places is None else (words, *places)

    def _aligned(self, text: str) -> list[WordSpans]:
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


def find(words: Sequence[str], text: str) -> tuple[list[int], list[int]] | None:
    """Where words start and end that stand in a text, one after the other, with spaces between; None if not so.

    They stand there as they are, or a quotation mark as two apostrophes.
    """
    if "".join(words) == text:
        edges = list(accumulate(map(len, words), initial=0))
        return edges[:-1], edges[1:]
    starts, ends, end = [], [], 0
    for word in words:
        while text[end : end + 1] == " ":
            end += 1
        starts.append(end)
        if text.startswith(word, end):
            end += len(word)
        elif word == '"' and text.startswith("''", end):
            end += len("''")
        else:
            return None
        ends.append(end)
    return None if text[end:].strip(" ") else (starts, ends)


def _is_one_to_one(word: str, known: str) -> bool:
    """Whether the characters of two spellings are certain to stand for one another.

    Letters and numbers leave at least one character each when accents go, so of as many each has left one.
    """
    return word == known or (len(word) == len(known) and (word.isascii() or word.replace("-", "").isalnum()))


def _follow(word: str, start: int) -> tuple[list[int], list[int]] | None:
    """Where the characters of a word, known in lower case without accents, start and end.

    A mark that is dropped goes with the character before it. None where there is none, or a mark that could move.
    """
    sizes = _sizes(word)
    if sizes is None:
        return None
    starts = list(compress(count(start), sizes))
    ends = [*starts[1:], start + len(word)]
    repeated = [list(chain.from_iterable(map(repeat, places, filter(None, sizes)))) for places in (starts, ends)]
    return repeated[0], repeated[1]


def _sizes(word: str) -> list[int] | None:
    """How many characters each character of a word becomes; None where that is not certain, or the first vanishes."""
    sizes = list(map(_SIZES.table.__getitem__, word))
    return None if not sizes[0] or -1 in sizes else sizes


def _size(character: str) -> int:
    """How many characters one becomes in lower case without accents; -1 if its place in a word is not certain."""
    known = lowercase_without_accents(character)
    return -1 if any(map(unicodedata.combining, known)) else len(known)


_SIZES = Memory(_size, _MOST_CHARACTERS, 1)
