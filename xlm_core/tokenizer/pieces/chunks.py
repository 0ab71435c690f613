"""From text to pieces by the rules of one language, chunk by chunk where that comes to the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate, chain
from typing import Protocol, TypeVar, cast

from ..words import WordSplitter
from .bpe import CACHED_WORD_LENGTH, BytePairEncoder, Numbers
from .cuts import FIRST, LAST, Cuts, in_context, shift_in_context, without_context
from .memory import Memory
from .periods import FOLLOWING, ByNext, NoWord, Periods, Undecided
from .pieces import ChunkPieces, Pieces, join, of_chunk, side_by_side, with_swapped_end
from .placing import PlacedWords, WordPieces
from .plain import PlainChunks, SingleWords

_LONGEST_CHUNK = 40
_MARKERS = FIRST + LAST
_DOTS = re.compile("[.…。．]")

_Answer = TypeVar("_Answer")
_Word = TypeVar("_Word")
_Words = TypeVar("_Words")


class LanguageEncoder(Protocol):
    """Text without control strings → pieces, by the rules of one language."""

    def ids(self, text: str) -> list[int]:
        """The ids of the pieces."""
        ...

    def pieces(self, text: str) -> Pieces:
        """The pieces and where they stand."""
        ...


class WholeEncoder:
    """Takes each text as a whole, and remembers what each of its words became."""

    def __init__(self, lang: str, splitter: WordSplitter, bpe: BytePairEncoder, cache_size: int) -> None:
        self._split = splitter.rules(lang).split
        self._ids = Memory(WordPieces(splitter.lowercase, bpe).ids_of_word, cache_size, CACHED_WORD_LENGTH)
        self.placed = PlacedWords(lang, splitter, bpe, cache_size)

    def ids(self, text: str) -> list[int]:
        """The ids of the pieces."""
        return list(chain.from_iterable(map(self._ids.table.__getitem__, self._split(text))))

    def pieces(self, text: str) -> Pieces:
        """The pieces and where they stand."""
        return self.placed.pieces(text)


class ChunkEncoder:
    """Cuts texts at their spaces and remembers what each chunk became; the result is that of the whole text.

    The answer for a chunk is a tuple of ids, or spans where positions are asked for, or one of these for each kind of
    following word.
    """

    def __init__(self, lang: str, splitter: WordSplitter, bpe: BytePairEncoder, cache_size: int) -> None:
        self._whole = WholeEncoder(lang, splitter, bpe, cache_size)
        self._cuts = Cuts(lang)
        self._periods = Periods(lang, cache_size)
        self._words = ChunkWords(lang, splitter, bpe, self._whole.placed)
        self._ids = Memory(self._words.ids, cache_size, _LONGEST_CHUNK)
        self._spans = Memory(self._words.spans, cache_size, _LONGEST_CHUNK)

    def ids(self, text: str) -> list[int]:
        """The ids of the pieces."""
        chunks = self._cuts.chunks(text)
        if chunks is None:
            return self._whole.ids(text)
        try:
            return list(chain.from_iterable(map(self._ids.table.__getitem__, chunks)))
        except Undecided:
            return self._decided_ids(text, chunks)

    def _decided_ids(self, text: str, chunks: list[str]) -> list[int]:
        answers = list(map(self._ids.table.__getitem__, chunks))
        try:
            return list(chain.from_iterable(self._periods.decide(chunks, answers)))
        except NoWord:
            return self._whole.ids(text)

    def pieces(self, text: str) -> Pieces:
        """The pieces and where they stand."""
        chunks = self._cuts.chunks(text)
        if chunks is None:
            return self._whole.pieces(text)
        answers = list(map(self._spans.table.__getitem__, chunks))
        place = len(text) - len(text.lstrip(" ")) - len(FIRST)
        try:
            return join(cast("list[ChunkPieces]", answers), place)
        except Undecided:
            return self._decided_pieces(text, chunks, answers, place)

    def _decided_pieces(
        self, text: str, chunks: list[str], answers: list[ChunkPieces | ByNext[ChunkPieces]], place: int
    ) -> Pieces:
        try:
            return join(self._periods.decide(chunks, answers), place)
        except NoWord:
            return self._whole.pieces(text)


class ChunkWords:
    """What becomes of a chunk, its markers included, when nothing is remembered."""

    def __init__(self, lang: str, splitter: WordSplitter, bpe: BytePairEncoder, placed: PlacedWords) -> None:
        self._single = SingleWords(lang, splitter.lowercase)
        self._plain = PlainChunks(lang)
        self._plain_pieces = WordPieces(splitter.lowercase, bpe)
        self._split = partial(splitter.split, lang=lang)
        self._bpe = bpe
        self._placed = placed

    def ids(self, chunk: str) -> Numbers | ByNext[Numbers]:
        """The ids of a chunk."""
        bare = self._single.find_bare(chunk)
        if bare:
            return self._bpe.ids.table[bare]
        single = self._single.find(chunk)
        if single is not None:
            before, _, known, after, _ = single
            table = self._bpe.ids.table
            ids = table[known] if known else ()
            for mark in after:
                ids += table[mark]
            return (*self._bpe.ids_of(before), *ids) if before else ids
        plain = self._plain.split(chunk)
        if plain is not None:
            return _by_next(self._plain_pieces.ids, plain)
        return _by_next(self._ids_of, _in_contexts(chunk, self._split))

    def spans(self, chunk: str) -> ChunkPieces | ByNext[ChunkPieces]:
        """The pieces of a chunk, with where they stand in it."""
        bare = self._single.find_bare(chunk)
        if bare:
            sized = self._plain_pieces.sized(chunk.strip(_MARKERS), bare)
            if sized is not None:
                return side_by_side(sized, (len(sized[0]),), _start(chunk))
        single = self._single.find(chunk)
        pieces = None if single is None else self._spans_of_single(chunk, *single)
        if pieces is not None:
            return pieces
        plain = self._plain.split(chunk)
        if plain is None:
            shift, length = shift_in_context(chunk), _end(chunk)
            return _by_next(lambda rows: of_chunk(rows, -shift, length), _in_contexts(chunk, self._placed.of))
        return _by_next(lambda words: self._plain_spans(chunk, words), plain)

    def _spans_of_single(
        self, chunk: str, before: str, word: str, known: str, after: str, has_swapped: bool
    ) -> ChunkPieces | None:
        sized = self._plain_pieces.sized(word, known) if known else None
        if sized is None:
            return None if has_swapped else self._plain_spans(chunk, [*before, word, *after])
        ids, sizes = sized
        n_pieces: Numbers = (len(ids),)
        if before or after:
            ids = (*self._bpe.ids_of(before), *ids, *self._bpe.ids_of(after))
            left, right = (1,) * len(before), (1,) * len(after)
            sizes, n_pieces = (*left, *sizes, *right), (*left, *n_pieces, *right)
        pieces = side_by_side((ids, sizes), n_pieces, _start(chunk))
        return with_swapped_end(pieces) if has_swapped else pieces

    def _ids_of(self, words: Sequence[str]) -> Numbers:
        return tuple(self._bpe.ids_of(words))

    def _plain_spans(self, chunk: str, words: Sequence[str]) -> ChunkPieces:
        rows = self._plain_pieces.standing_at(accumulate(map(len, words), initial=0), words)
        return of_chunk(rows, _start(chunk), _end(chunk))


def _start(chunk: str) -> int:
    """Where the text of a chunk starts: after the marker, if it is the first."""
    return len(FIRST) if chunk[:1] == FIRST else 0


def _end(chunk: str) -> int:
    """Where it ends: before the marker, if the chunk is the last."""
    return len(chunk.removesuffix(LAST))


def _in_contexts(chunk: str, split: Callable[[str], list[_Word]]) -> list[Sequence[_Word]]:
    """The words of a chunk, once or before each kind of following word."""
    depends = chunk[-1:] != LAST and _DOTS.search(chunk)
    following = FOLLOWING if depends else FOLLOWING[:1]
    return [without_context(split(in_context(chunk, word)), chunk) for word in following]


def _by_next(ask: Callable[[_Words], _Answer], variants: Sequence[_Words]) -> _Answer | ByNext[_Answer]:
    """The answer for a chunk's words, or one for each variant of them if they differ."""
    if len(variants) == 1:
        return ask(variants[0])
    answers: list[_Answer] = []
    for words in variants:
        first = variants.index(words)
        answers.append(answers[first] if first < len(answers) else ask(words))
    return answers[0] if answers.count(answers[0]) == len(answers) else ByNext((*answers,))
