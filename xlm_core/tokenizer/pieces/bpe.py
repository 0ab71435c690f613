"""Byte-pair encoding of single words; the only door to the `tokenizers` library."""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain
from typing import Any, Protocol

from ...errors import MissingDependency
from .memory import CACHE_SIZE, Memory

END_OF_WORD = "</w>"
CACHED_WORD_LENGTH = 64

_SURROGATE = re.compile("[\ud800-\udfff]")

Pair = tuple[str, str]
Ranks = Mapping[Pair, int]
Numbers = tuple[int, ...]
SizedIds = tuple[Numbers, Numbers]
"""The ids of a word's pieces, and how many characters of the word each has."""


class BytePairEncoder:
    """Words → pieces and their ids, by merging neighbouring symbols in the order in which a corpus taught it.

    All occurrences of the lowest-ranked pair are merged at once, left to right, until no pair has a rank. The Rust
    library merges one occurrence at a time, which comes to the same if no merge uses what a later one makes. Tables
    learnt from text are so; for others, and for words that cannot cross into Rust, there is an exact Python version.

    ``ids.table[word]`` are the ids of the pieces, ``unk_id`` for those that the vocabulary lacks; ``sized.table[word]``
    are the same with their sizes, for words without spaces. A pickle or a copy carries neither these memories nor the
    Rust object.

    Source: Sennrich et al. 2016, section 3.2.
    """

    def __init__(
        self, ranks: Ranks, ids: Mapping[str, int] | None = None, unk_id: int = 0, cache_size: int = CACHE_SIZE
    ) -> None:
        self._ranks = ranks
        self._vocabulary = ids or {}
        self._unk_id = unk_id
        self._cache_size = cache_size
        self._pieces = Memory(self._encode, cache_size, CACHED_WORD_LENGTH)
        self.ids = Memory(self._encode_to_ids, cache_size, CACHED_WORD_LENGTH)
        self.sized = Memory(self._encode_to_sized, cache_size, CACHED_WORD_LENGTH)

    def __reduce__(self) -> tuple[type[BytePairEncoder], tuple[Any, ...]]:
        return BytePairEncoder, (self._ranks, self._vocabulary, self._unk_id, self._cache_size)

    def __call__(self, word: str) -> tuple[str, ...]:
        """The pieces of a word that is not empty; the last one ends in ``</w>``.

        Whitespace inside a word, which only segmenters leave there, cuts its piece in two.
        """
        return self._pieces.table[word]

    def tokens_of(self, words: Iterable[str]) -> list[str]:
        """The pieces of all words."""
        return list(chain.from_iterable(map(self._pieces.table.__getitem__, words)))

    def ids_of(self, words: Iterable[str]) -> list[int]:
        """Their ids."""
        return list(chain.from_iterable(map(self.ids.table.__getitem__, words)))

    def id(self, piece: str) -> int:
        """The id of a piece or a control token."""
        return self._vocabulary.get(piece, self._unk_id)

    def _encode(self, word: str) -> tuple[str, ...]:
        pieces = self._model_for(word).pieces(word)
        return tuple(_as_one_text(pieces).split(" ")) if " " in word else tuple(pieces)

    def _encode_to_ids(self, word: str) -> Numbers:
        if " " in word:
            return tuple(map(self.id, self._encode(word)))
        try:
            return self._model.ids(word)
        except UnicodeEncodeError:
            return self._python.ids(word)

    def _encode_to_sized(self, word: str) -> SizedIds:
        try:
            return self._model.sized_ids(word)
        except UnicodeEncodeError:
            return self._python.sized_ids(word)

    def _model_for(self, word: str) -> _Model:
        """Lone surrogates cannot cross into Rust."""
        return self._model if word.isascii() or not _SURROGATE.search(word) else self._python

    @cached_property
    def _model(self) -> _Model:
        """The `tokenizers` model, or ours where that would not be exact."""
        is_exact = is_ordered(self._ranks)
        return RustModel(self._ranks, self._vocabulary, self._unk_id) if is_exact else self._python

    @cached_property
    def _python(self) -> PythonModel:
        return PythonModel(self._ranks, self.id)


class _Model(Protocol):
    """Words without spaces → pieces."""

    def pieces(self, word: str) -> list[str]:
        """The pieces of a word."""
        ...

    def ids(self, word: str) -> Numbers:
        """Their ids."""
        ...

    def sized_ids(self, word: str) -> SizedIds:
        """The same, and how many characters of the word each piece has."""
        ...


def _as_one_text(pieces: Iterable[str]) -> str:
    """Pieces between spaces; those of a newline and a space lose the latter, as in Hugging Face's."""
    text = " ".join(pieces)
    return f"\n{END_OF_WORD}" if text == f"\n  {END_OF_WORD}" else text


def is_ordered(ranks: Ranks) -> bool:
    """Whether every merge that uses a string ranks after every merge that makes it."""
    used: set[str] = set()
    for pair in sorted(ranks, key=ranks.__getitem__):
        used.update(pair)
        if "".join(pair) in used:
            return False
    return True


def symbols_of(word: str) -> list[str]:
    """The characters, the last one with the end of the word glued on."""
    return [*word[:-1], word[-1] + END_OF_WORD]


def merge(word: str, ranks: Ranks) -> list[str]:
    """The pieces of a word, exactly and in O(n log n), whatever the table."""
    chain = _Chain(symbols_of(word), ranks)
    while batch := chain.pop_lowest():
        merged = [position for position in batch if chain.merge(position, batch[position])]
        for position in merged:
            chain.push_around(position)
    return list(chain)


class PythonModel:
    """Merges as the definition says."""

    def __init__(self, ranks: Ranks, look_up: Callable[[str], int]) -> None:
        self._ranks = ranks
        self._look_up = look_up

    def pieces(self, word: str) -> list[str]:
        """The pieces of a word."""
        return merge(word, self._ranks)

    def ids(self, word: str) -> Numbers:
        """Their ids."""
        return tuple(map(self._look_up, self.pieces(word)))

    def sized_ids(self, word: str) -> SizedIds:
        """The same, and how many characters of the word each piece has."""
        pieces = self.pieces(word)
        *sizes, last = map(len, pieces)
        return tuple(map(self._look_up, pieces)), (*sizes, last - len(END_OF_WORD))


class _Chain:
    """Symbols as a linked list, and a heap of the ranked pairs among them.

    A merged pair lives on at the position of its left symbol and leaves "" at the other. Heap entries that have gone
    stale are known by their rank, which is no longer that of the pair at their position.
    """

    def __init__(self, symbols: list[str], ranks: Ranks) -> None:
        end = len(symbols)
        self._symbols = [*symbols]
        self._next = list(range(1, end + 1))
        self._previous = list(range(-1, end - 1))
        self._ranks = ranks
        self._heap: list[tuple[int, int]] = []
        for position in range(end - 1):
            self._push(position)

    def __iter__(self) -> Iterator[str]:
        return filter(None, self._symbols)

    def pop_lowest(self) -> dict[int, int]:
        """Position → rank of all entries of the lowest rank, left to right."""
        batch: dict[int, int] = {}
        lowest = self._heap[0][0] if self._heap else None
        while self._heap and self._heap[0][0] == lowest:
            rank, position = heapq.heappop(self._heap)
            batch[position] = rank
        return batch

    def merge(self, position: int, rank: int) -> bool:
        """Join the symbol at ``position`` and the next one, if their pair still has this rank."""
        if self._rank(position) != rank:
            return False
        right = self._next[position]
        self._symbols[position] += self._symbols[right]
        self._symbols[right] = ""
        self._link(position, self._next[right])
        return True

    def push_around(self, position: int) -> None:
        """Put the pairs on both sides of a fresh symbol on the heap."""
        if self._previous[position] >= 0:
            self._push(self._previous[position])
        self._push(position)

    def _link(self, left: int, right: int) -> None:
        self._next[left] = right
        if right < len(self._previous):
            self._previous[right] = left

    def _push(self, position: int) -> None:
        rank = self._rank(position)
        if rank is not None:
            heapq.heappush(self._heap, (rank, position))

    def _rank(self, position: int) -> int | None:
        """Rank of the pair that starts here; None if there is none, or no symbol here any more."""
        left, following = self._symbols[position], self._next[position]
        if not left or following == len(self._symbols):
            return None
        return self._ranks.get((left, self._symbols[following]))


# A name with a space, which no merge can have, stands for all characters that are in neither table.
_OTHER = " other"


class RustModel:
    """A `tokenizers` model that merges as the ranks say; exact only if they are ordered.

    It knows symbols by numbers. Every string of the merges gets one of its own, whether or not it has an id, and so
    does every character that has an id, but for lone surrogates.
    """

    def __init__(self, ranks: Ranks, ids: Mapping[str, int], unk_id: int) -> None:
        merges = sorted(ranks, key=ranks.__getitem__)
        made = (symbol for left, right in merges for symbol in (left, right, left + right))
        symbols = dict.fromkeys([_OTHER, *made, *filter(_is_character, ids)])
        numbers = {symbol: number for number, symbol in enumerate(symbols)}
        self._ids = [unk_id, *(ids.get(symbol, unk_id) for symbol in [*symbols][1:])]
        self._sizes = [1, *(len(symbol.removesuffix(END_OF_WORD)) for symbol in [*symbols][1:])]
        self._tokenize = _import_bpe()(
            numbers, merges, unk_token=_OTHER, end_of_word_suffix=END_OF_WORD, fuse_unk=False, cache_capacity=0
        ).tokenize

    def ids(self, word: str) -> Numbers:
        """The ids of the pieces of a word."""
        ids = self._ids
        return tuple([ids[token.id] for token in self._tokenize(word)])

    def sized_ids(self, word: str) -> SizedIds:
        """The same, and how many characters of the word each piece has."""
        if END_OF_WORD in word:  # as it stands, and not only as the end
            *most, last = map(len, self.pieces(word))
            return self.ids(word), (*most, last - len(END_OF_WORD))
        ids, sizes = self._ids, self._sizes
        numbers = [token.id for token in self._tokenize(word)]
        return tuple([ids[number] for number in numbers]), tuple([sizes[number] for number in numbers])

    def pieces(self, word: str) -> list[str]:
        """The pieces of a word; characters that no table knows are pieces of their own."""
        text, start, pieces = word + END_OF_WORD, 0, []
        for token in self._tokenize(word):
            size = len(token.value) if token.id else 1
            end = start + size if start + size < len(word) else len(text)
            pieces.append(text[start:end])
            start = end
        return pieces


def _is_character(symbol: str) -> bool:
    return len(symbol.removesuffix(END_OF_WORD)) == 1 and not _SURROGATE.search(symbol)


def _import_bpe() -> Any:
    try:
        from tokenizers.models import BPE
    except ImportError as error:
        raise MissingDependency("byte-pair encoding needs tokenizers: pip install tokenizers") from error
    return BPE
