"""Pieces with where they stood: of words, of a chunk, of a whole text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, compress, islice
from typing import NamedTuple

from .bpe import Numbers, SizedIds

Span = tuple[int, int]


class Pieces(NamedTuple):
    """The pieces of one text, each with where it stood, and how many pieces each word has.

    ``offsets`` are where each starts and ends (exclusive), in characters of the text as it was given. A control string
    is a word of its own.
    """

    ids: list[int]
    offsets: list[Span]
    sizes: list[int]

    @property
    def words(self) -> list[int]:
        """The number of each piece's word, from 0."""
        return [word for word, size in enumerate(self.sizes) for _ in range(size)]

    def moved(self, positions: Sequence[int]) -> Pieces:
        """The same pieces, where the characters of the text stand at other positions."""
        if positions == range(len(positions)):
            return self
        return self._replace(offsets=[(positions[start], positions[end - 1] + 1) for start, end in self.offsets])


WordPlaces = tuple[Numbers, tuple[Span, ...]]
"""The ids of a word's pieces, and where each starts and ends."""

ChunkPieces = tuple[Numbers, Numbers, Numbers]
"""The pieces of a chunk of text: their ids, their steps, and how many each word has.

Two steps lead to each piece: from the end of the one before, or from the space before the chunk, to its start, and
from there to its end. Two more, the second of them 0, lead to the end of a chunk that does not end with a piece.
"""


def of_words(rows: Sequence[WordPlaces]) -> Pieces:
    """The pieces of a text from those of its words."""
    ids, offsets = (list(chain.from_iterable(column)) for column in zip(*rows, strict=True)) if rows else ([], [])
    return Pieces(ids, offsets, [len(ids) for ids, _ in rows])


def of_chunk(rows: Sequence[WordPlaces], shift: int, length: int) -> ChunkPieces:
    """The pieces of a chunk of some length from those of its words, whose places are by ``shift`` smaller."""
    ids: list[int] = []
    steps: list[int] = []
    place = -1 - shift
    for word_ids, spans in rows:
        ids += word_ids
        for start, end in spans:
            steps += (start - place, end - start)
            place = end
    rest = length - shift - place
    if rest:
        steps += (rest, 0)
    return tuple(ids), tuple(steps), tuple([len(word_ids) for word_ids, _ in rows])


def side_by_side(sized: SizedIds, n_pieces: Numbers, start: int) -> ChunkPieces:
    """The pieces of a chunk that stand one right after the other up to its end, the first of them at a place in it.

    ``n_pieces`` is how many each word has.
    """
    ids, sizes = sized
    if len(ids) == 1:  # as of most chunks
        return ids, (start + 1, *sizes), n_pieces
    steps = [0] * (2 * len(ids))
    steps[0], steps[1::2] = start + 1, sizes
    return ids, tuple(steps), n_pieces


def with_swapped_end(pieces: ChunkPieces) -> ChunkPieces:
    """The same where the last two pieces, of one character each, have changed places: each stands for both."""
    ids, steps, n_pieces = pieces
    return ids, (*steps[:-4], steps[-4], 2, -2, 2), n_pieces


def join(chunks: Iterable[ChunkPieces], place: int) -> Pieces:
    """The pieces of a text from those of its chunks, the first of which starts at a place."""
    rows, steps, sizes = zip(*chunks, strict=True)
    ids = list(chain.from_iterable(rows))
    places = islice(accumulate(chain.from_iterable(steps), initial=place - 1), 1, None)
    offsets = list(zip(places, places, strict=True))
    if len(offsets) > len(ids):
        is_piece = [is_one for row, walk in zip(rows, steps, strict=True) for is_one in _pieces_of_walk(row, walk)]
        offsets = list(compress(offsets, is_piece))
    return Pieces(ids, offsets, list(chain.from_iterable(sizes)))


def _pieces_of_walk(ids: Numbers, steps: Numbers) -> list[bool]:
    """For each two steps, whether they lead to a piece."""
    return [True] * len(ids) + [False] * (len(steps) // 2 - len(ids))


def concatenate(parts: Iterable[Pieces]) -> Pieces:
    """The pieces of all parts of a text, which know where they stand."""
    pieces = Pieces([], [], [])
    for part in parts:
        pieces.ids.extend(part.ids)
        pieces.offsets.extend(part.offsets)
        pieces.sizes.extend(part.sizes)
    return pieces
