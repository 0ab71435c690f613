"""Pieces with where they stood: of words, of a chunk, of a whole text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, compress
from typing import NamedTuple

from .bpe import Numbers, WordSpans


class Pieces(NamedTuple):
    """The pieces of one text, each with where it stood, and how many pieces each word has.

    ``starts`` and ``ends`` are characters of the text as it was given, ``ends`` exclusive. A control string is a word
    of its own.
    """

    ids: list[int]
    starts: list[int]
    ends: list[int]
    sizes: list[int]

    @property
    def words(self) -> list[int]:
        """The number of each piece's word, from 0."""
        return [word for word, size in enumerate(self.sizes) for _ in range(size)]

    def moved(self, positions: Sequence[int]) -> Pieces:
        """The same pieces, where the characters of the text stand at other positions."""
        if positions == range(len(positions)):
            return self
        starts = [positions[start] for start in self.starts]
        return self._replace(starts=starts, ends=[positions[end - 1] + 1 for end in self.ends])


ChunkPieces = tuple[Numbers, Numbers, Numbers]
"""The pieces of a chunk of text: their ids, their steps, and how many each word has.

Three steps lead from one piece to the next: to where it starts, to where it ends, and, from the last, to where the
next chunk starts. A chunk without pieces has three steps, too.
"""


def of_words(rows: Sequence[WordSpans]) -> Pieces:
    """The pieces of a text from those of its words."""
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    ids, starts, ends = (list(chain.from_iterable(column)) for column in columns)
    return Pieces(ids, starts, ends, [len(ids) for ids, _, _ in rows])


def of_chunk(rows: Sequence[WordSpans], shift: int, length: int) -> ChunkPieces:
    """The pieces of a chunk from those of its words, whose places are by ``shift`` smaller.

    ``length`` characters lie between the starts of this chunk and of the next.
    """
    if len(rows) == 1 and len(rows[0][0]) == 1:  # as of most chunks
        only, (start,), (end,) = rows[0]
        return only, (start + shift, end - start, length - shift - end), (1,)
    ids: list[int] = []
    steps: list[int] = []
    place = -shift
    for word_ids, starts, ends in rows:
        ids += word_ids
        for start, end in zip(starts, ends, strict=True):
            steps += (start - place, end - start, 0)
            place = end
    rest = length - shift - place
    steps[-1:] = [rest] if ids else [0, 0, rest]
    return tuple(ids), tuple(steps), tuple([len(word_ids) for word_ids, _, _ in rows])


def join(chunks: Iterable[ChunkPieces], place: int) -> Pieces:
    """The pieces of a text from those of its chunks, the first of which starts at a place."""
    ids, steps, sizes = zip(*chunks, strict=True)
    places = list(accumulate(chain.from_iterable(steps), initial=place))
    starts, ends = places[1::3], places[2::3]
    if not all(ids):
        is_piece = list(chain.from_iterable([True] * len(row) or [False] for row in ids))
        starts, ends = list(compress(starts, is_piece)), list(compress(ends, is_piece))
    return Pieces(list(chain.from_iterable(ids)), starts, ends, list(chain.from_iterable(sizes)))


def concatenate(parts: Iterable[Pieces]) -> Pieces:
    """The pieces of all parts of a text, which know where they stand."""
    pieces = Pieces([], [], [], [])
    for part in parts:
        pieces.ids.extend(part.ids)
        pieces.starts.extend(part.starts)
        pieces.ends.extend(part.ends)
        pieces.sizes.extend(part.sizes)
    return pieces
