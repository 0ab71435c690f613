"""Where the pieces of words stand in a text: quickly, where the words can be found in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, chain, compress, count, pairwise, repeat

from ..words import Aligned, WordSplitter
from ..words.lowercase import align_lowercase_without_accents, lowercase_without_accents
from .bpe import CACHED_WORD_LENGTH, BytePairEncoder, Numbers, SizedIds
from .memory import Memory
from .pieces import Pieces, Span, WordPlaces, of_words
from .plain import in_plain_marks

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
        """The ids of a word, which may be empty; a lower-case vocabulary parts the word of a segmenter at spaces."""
        known = self._know(word)
        if " " in known and self._lowercase:
            return tuple(self._bpe.ids_of(filter(None, known.split(" "))))
        return self._bpe.ids.table[known] if known else ()

    def ids(self, words: Iterable[str]) -> Numbers:
        """The ids of all pieces of words without spaces."""
        known = self._know(" ".join(words)).split()
        return tuple(chain.from_iterable(map(self._bpe.ids.table.__getitem__, known)))

    def standing_at(self, starts: Iterable[int], words: Sequence[str]) -> list[WordPlaces]:
        """The pieces of words without spaces that stand at these places of a text as they are."""
        triples = zip(words, self._known(words), starts, strict=False)
        return [self.place(word, known, start) for word, known, start in triples if known]

    def of_word(self, word: str) -> WordPlaces:
        """The pieces of a word without spaces that is the whole text."""
        known = self._know(word)
        return self.place(word, known, 0) if known else ((), ())

    def place(self, word: str, known: str, start: int) -> WordPlaces:
        """The pieces of a word that stands at this place of a text, and that the vocabulary knows so."""
        sized = self.sized(word, known)
        if sized is not None:
            ids, sizes = sized
            return ids, (*pairwise(accumulate(sizes, initial=start)),)
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
        character_sizes = _sizes(word)
        if character_sizes is None or max(character_sizes) > 1:
            return None
        return ids, _sizes_with_marks(sizes, list(accumulate(character_sizes)))

    def aligned(self, word: Aligned) -> WordPlaces:
        """The pieces of a word that the vocabulary knows."""
        return self._standing(word.text, word.starts, word.ends)

    def _known(self, words: Sequence[str]) -> list[str]:
        """The words as the vocabulary knows them."""
        return self._know(" ".join(words)).split(" ")

    def _standing(self, known: str, starts: Sequence[int], ends: Sequence[int]) -> WordPlaces:
        """The pieces of a word whose characters start and end there."""
        if " " in known:
            ids = self._bpe.ids.table[known]
            return ids, ((starts[0], ends[-1]),) * len(ids)
        ids, sizes = self._bpe.sized.table[known]
        edges = pairwise(accumulate(sizes, initial=0))
        return ids, tuple([(starts[first], ends[last - 1]) for first, last in edges])


class PlacedWords:
    """Texts of one language → the pieces of each of their words, with where they stand.

    What a word becomes is remembered, ``cache_size`` words at most.
    """

    def __init__(self, lang: str, splitter: WordSplitter, bpe: BytePairEncoder, cache_size: int) -> None:
        self._lang = lang
        self._splitter = splitter
        self._split = splitter.rules(lang).split
        self._pieces = WordPieces(splitter.lowercase, bpe)
        self._rows = Memory(self._pieces.of_word, cache_size, CACHED_WORD_LENGTH)

    def of(self, text: str) -> list[WordPlaces]:
        """By looking for the words in the text, or following them through the rules if these have changed it."""
        found = self._find(text)
        if found is None:
            return self._aligned(text)
        return [(ids, _moved(spans, start)) for start, (ids, spans) in zip(*found, strict=True) if ids]

    def pieces(self, text: str) -> Pieces:
        """The same, as the pieces of a text, without a row of places for each word in between."""
        found = self._find(text)
        if found is None:
            return of_words(self._aligned(text))
        starts, rows = found
        placed = zip(starts, rows, strict=True)
        offsets = [(start + first, start + last) for start, (_, spans) in placed for first, last in spans]
        ids = [ids for ids, _ in rows if ids]
        return Pieces(list(chain.from_iterable(ids)), offsets, list(map(len, ids)))

    def _find(self, text: str) -> tuple[list[int], list[WordPlaces]] | None:
        """Where each word starts, and its pieces with their places in it; None if the words cannot be found."""
        words = self._unchanged_words(text)
        found = find(words, in_plain_marks(text)) if words else None
        if found is None:
            return None
        starts, sizes = found
        rows = list(map(self._rows.table.__getitem__, words))
        for index, size in sizes.items():
            rows[index] = _stretched(rows[index][0], size)
        return starts, rows

    def _aligned(self, text: str) -> list[WordPlaces]:
        return list(map(self._pieces.aligned, self._splitter.align(text, self._lang)))

    def _unchanged_words(self, text: str) -> list[str]:
        """The words before they are in lower case; none if rules have surely changed the text, or words hold spaces."""
        words = self._split(text) if text.isprintable() else []
        if " " in "".join(words):
            return " ".join(words).split() if self._splitter.lowercase else []
        return list(filter(None, words))


def pieces_between_spaces(text: str, bpe: BytePairEncoder) -> Pieces:
    """The pieces of the words between whitespace, as they are."""
    words, starts = [], []
    for match in re.finditer(r"\S+", text):
        words.append(match[0])
        starts.append(match.start())
    return of_words(WordPieces(lowercase=False, bpe=bpe).standing_at(starts, words))


def find(words: Sequence[str], text: str) -> tuple[list[int], dict[int, int]] | None:
    """Where words start that stand in a text one after the other with nothing but spaces between; None if they do not.

    The second are the sizes of those that are not as they are spelled, by their numbers.
    """
    sizes: dict[int, int] = {}
    if "".join(words) == text:
        return list(accumulate(map(len, words[:-1]), initial=0)), sizes
    starts: list[int] = []
    place = 0
    for index, word in enumerate(words):
        if index < len(starts):  # the second of two that have changed places
            continue
        while text[place : place + 1] == " ":
            place += 1
        if text.startswith(word, place):
            starts.append(place)
            place += len(word)
            continue
        n_words, size = _respelled(words, index, text, place)
        if not n_words:
            return None
        for number in range(index, index + n_words):
            starts.append(place)
            sizes[number] = size
        place += size
    return None if text[place:].strip(" ") else (starts, sizes)


def _respelled(words: Sequence[str], index: int, text: str, place: int) -> tuple[int, int]:
    """How many words stand together at a place of a text where they are not as spelled, and how long; 0 if none do.

    A quotation mark may be two apostrophes, three dots one character. What Moses makes change places stands where
    both do.
    """
    if words[index] == '"' and text.startswith("''", place):
        return 1, len("''")
    if words[index] == "..." and text.startswith("…", place):
        return 1, len("…")
    swapped = _SWAPPED.match(text, place)
    if swapped and (*words[index : index + 2],) == swapped.group(2, 1):
        return 2, len(swapped[0])
    return 0, 0


_SWAPPED = re.compile(r'("|,|\.+)("|,|\.+)')


@lru_cache(maxsize=1000)
def _stretched(ids: Numbers, size: int) -> WordPlaces:
    """The pieces of a word of some size each of which stands for all of it."""
    return ids, ((0, size),) * len(ids)


def _moved(spans: Iterable[Span], start: int) -> tuple[Span, ...]:
    """Places in a word as places in the text."""
    return tuple([(start + first, start + last) for first, last in spans])


def _is_one_to_one(word: str, known: str) -> bool:
    """Whether the characters of two spellings are certain to stand for one another.

    Letters and numbers leave at least one character each when accents go, so of as many each has left one.
    """
    return word == known or (len(word) == len(known) and (word.isascii() or word.replace("-", "").isalnum()))


def _sizes_with_marks(sizes: Sequence[int], places: list[int]) -> Numbers:
    """The sizes of pieces with the marks that were dropped after their characters.

    ``places`` says of each character of the word how many are left up to it.
    """
    all_sizes: list[int] = []
    place, n_left = 0, 1
    for size in sizes[:-1]:
        n_left += size
        start, place = place, places.index(n_left, place)
        all_sizes.append(place - start)
    return (*all_sizes, len(places) - place)


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
