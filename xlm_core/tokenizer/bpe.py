"""Byte-pair encoding of single words; the only door to the `tokenizers` library."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from ..errors import MissingDependency

END_OF_WORD = "</w>"
CACHE_SIZE = 200_000
CACHED_WORD_LENGTH = 64

Pair = tuple[str, str]
Ranks = Mapping[Pair, int]


class BytePairEncoder:
    """Words → pieces, by merging neighbouring symbols in the order in which a corpus taught it.

    All occurrences of the lowest-ranked pair are merged at once, left to right, until no pair has a rank. The Rust
    library merges one occurrence at a time, which comes to the same if no merge uses what a later one makes. Tables
    learnt from text are so; for others, and for words that cannot cross into Rust, there is an exact Python version.

    A pickle or a copy carries neither the cache nor the Rust object.

    Source: Sennrich et al. 2016, section 3.2.
    """

    def __init__(self, ranks: Ranks, cache_size: int = CACHE_SIZE) -> None:
        self._ranks = ranks
        self._cache_size = cache_size
        self._cache: dict[str, tuple[str, ...]] = {}

    def __reduce__(self) -> tuple[type[BytePairEncoder], tuple[Ranks, int]]:
        return BytePairEncoder, (self._ranks, self._cache_size)

    def __call__(self, word: str) -> tuple[str, ...]:
        """The pieces of a word that is not empty; the last one ends in ``</w>``.

        Whitespace inside a word, which only segmenters leave there, cuts its piece in two.
        """
        pieces = self._cache.get(word)
        return self._remember(word, self._encode(word)) if pieces is None else pieces

    def _encode(self, word: str) -> tuple[str, ...]:
        pieces = merge_with_rust(self._rust, word) if self._fits_rust(word) else merge(word, self._ranks)
        return tuple(" ".join(pieces).split(" ")) if " " in word else tuple(pieces)

    def _fits_rust(self, word: str) -> bool:
        return self._rust is not None and not any("\ud800" <= character <= "\udfff" for character in word)

    def _remember(self, word: str, pieces: tuple[str, ...]) -> tuple[str, ...]:
        """Kept if short. A full cache is replaced, not emptied: another thread may be reading it."""
        if len(word) <= CACHED_WORD_LENGTH and self._cache_size:
            if len(self._cache) >= self._cache_size:
                self._cache = {}
            self._cache[word] = pieces
        return pieces

    @cached_property
    def _rust(self) -> Any:
        """The `tokenizers` model, or None where it would not be exact."""
        return build_rust(self._ranks) if is_ordered(self._ranks) else None


def is_ordered(ranks: Ranks) -> bool:
    """Whether every merge that uses a string ranks after every merge that makes it."""
    made: dict[str, int] = {}
    for (left, right), rank in ranks.items():
        made[left + right] = max(rank, made.get(left + right, rank))
    return all(made.get(part, -1) < rank for pair, rank in ranks.items() for part in pair)


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


# The Rust model knows symbols by their ids. Every string of the merges gets one of its own, whether or not it is in
# the vocabulary; a name with a space, which no merge can have, stands for all other characters.
_OTHER = " other"


def build_rust(ranks: Ranks) -> Any:
    """A `tokenizers` model that merges as the ranks say."""
    try:
        from tokenizers.models import BPE
    except ImportError as error:
        raise MissingDependency("byte-pair encoding needs tokenizers: pip install tokenizers") from error
    merges = sorted(ranks, key=ranks.__getitem__)
    symbols = dict.fromkeys(symbol for left, right in merges for symbol in (left, right, left + right))
    ids = {symbol: number for number, symbol in enumerate([_OTHER, *symbols])}
    return BPE(ids, merges, unk_token=_OTHER, end_of_word_suffix=END_OF_WORD, fuse_unk=False, cache_capacity=0)


def merge_with_rust(model: Any, word: str) -> list[str]:
    """The pieces of a word by the Rust model; characters that no merge knows are pieces of their own."""
    text, start, pieces = word + END_OF_WORD, 0, []
    for token in model.tokenize(word):
        size = len(token.value) if token.value != _OTHER else 1
        end = start + size if start + size < len(word) else len(text)
        pieces.append(text[start:end])
        start = end
    return pieces
