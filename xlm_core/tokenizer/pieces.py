"""Pieces with where they stood: of words, of a chunk, of a whole text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from .bpe import Numbers, WordSpans


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces of one text, each with where it stood and the number of its word.

    ``starts`` and ``ends`` are characters of the text as it was given, ``ends`` exclusive. Words are numbered from 0;
    a control string is a word of its own.
    """

    ids: list[int]
    starts: list[int]
    ends: list[int]
    words: list[int]

    def moved(self, positions: Sequence[int]) -> Pieces:
        """The same pieces, where the characters of the text stand at other positions."""
        if positions == range(len(positions)):
            return self
        starts = [positions[start] for start in self.starts]
        return replace(self, starts=starts, ends=[positions[end - 1] + 1 for end in self.ends])


class Spans(NamedTuple):
    """Pieces relative to the start of their chunk and to its first word."""

    ids: Numbers
    starts: Numbers
    ends: Numbers
    words: Numbers
    n_words: int


def number(rows: Sequence[WordSpans]) -> Spans:
    """The pieces of words, one after the other, and to which word each belongs."""
    if len(rows) == 1:
        ids, starts, ends = rows[0]
        return Spans(ids, starts, ends, (0,) * len(ids), 1)
    columns: tuple[list[int], ...] = ([], [], [], [])
    for word, (ids, starts, ends) in enumerate(rows):
        columns[0].extend(ids)
        columns[1].extend(starts)
        columns[2].extend(ends)
        columns[3].extend((word,) * len(ids))
    all_ids, all_starts, all_ends, words = map(tuple, columns)
    return Spans(all_ids, all_starts, all_ends, words, len(rows))


def moved(spans: Spans, shift: int) -> Spans:
    """The same pieces, so many characters further to the right."""
    starts, ends = (tuple(place + shift for place in places) for places in (spans.starts, spans.ends))
    return spans._replace(starts=starts, ends=ends)


def join(spans: Iterable[Spans], places: Iterable[int]) -> Pieces:
    """The pieces of a text from those of its chunks, which start at these places."""
    pieces = Pieces([], [], [], [])
    ids, starts, ends, words = pieces.ids, pieces.starts, pieces.ends, pieces.words
    n_before = 0
    for (span_ids, span_starts, span_ends, span_words, n_words), place in zip(spans, places, strict=False):
        ids += span_ids
        if len(span_ids) == 1:  # as of most chunks
            starts.append(place + span_starts[0])
            ends.append(place + span_ends[0])
            words.append(n_before + span_words[0])
        else:
            starts += [place + start for start in span_starts]
            ends += [place + end for end in span_ends]
            words += [n_before + word for word in span_words]
        n_before += n_words
    return pieces


def concatenate(parts: Iterable[Pieces]) -> Pieces:
    """The pieces of all parts of a text, which know where they stand; their words are numbered through."""
    pieces = Pieces([], [], [], [])
    for part in parts:
        n_words = pieces.words[-1] + 1 if pieces.words else 0
        pieces.ids.extend(part.ids)
        pieces.starts.extend(part.starts)
        pieces.ends.extend(part.ends)
        pieces.words.extend(number + n_words for number in part.words)
    return pieces
