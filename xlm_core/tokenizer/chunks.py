"""From text to pieces by the rules of one language, chunk by chunk where that comes to the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate, chain, repeat
from operator import add
from typing import Protocol, TypeVar

from .bpe import BytePairEncoder, Numbers
from .cuts import FIRST, LAST, Cuts, in_context, shift_in_context, without_context
from .memory import Memory
from .periods import FOLLOWING, ByNext, NoWord, Periods, Undecided
from .pieces import Pieces, Spans, join, moved, number
from .placing import PlacedWords, WordPieces
from .plain import PlainChunks, SingleWords
from .words import WordSplitter

_LONGEST_CHUNK = 40
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
    """Takes each text as a whole."""

    def __init__(self, lang: str, splitter: WordSplitter, bpe: BytePairEncoder) -> None:
        self._lang = lang
        self._splitter = splitter
        self._bpe = bpe
        self._pieces = PlacedWords(lang, splitter, bpe)

    def ids(self, text: str) -> list[int]:
        """The ids of the pieces."""
        return self._bpe.ids_of(self._splitter.split(text, self._lang))

    def pieces(self, text: str) -> Pieces:
        """The pieces and where they stand."""
        return join([number(self._pieces.of(text))], [0])


class ChunkEncoder:
    """Cuts texts at their spaces and remembers what each chunk became; the result is that of the whole text.

    The answer for a chunk is a tuple of ids, or spans where positions are asked for, or one of these for each kind of
    following word.
    """

    def __init__(self, lang: str, splitter: WordSplitter, bpe: BytePairEncoder, cache_size: int) -> None:
        self._whole = WholeEncoder(lang, splitter, bpe)
        self._cuts = Cuts(lang)
        self._periods = Periods(lang, cache_size)
        self._words = ChunkWords(lang, splitter, bpe)
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
        try:
            decided = self._periods.decide(chunks, answers)
        except NoWord:
            return self._whole.pieces(text)
        n_leading = len(text) - len(text.lstrip(" "))
        steps = map(add, map(len, chunks), repeat(1))
        return join(decided, accumulate(steps, initial=n_leading - len(FIRST)))


class ChunkWords:
    """What becomes of a chunk, its markers included, when nothing is remembered."""

    def __init__(self, lang: str, splitter: WordSplitter, bpe: BytePairEncoder) -> None:
        self._single = SingleWords(lang, splitter.lowercase)
        self._plain = PlainChunks(lang)
        self._plain_pieces = WordPieces(splitter.lowercase, bpe)
        self._split = partial(splitter.split, lang=lang)
        self._bpe = bpe
        self._pieces = PlacedWords(lang, splitter, bpe)

    def ids(self, chunk: str) -> Numbers | ByNext[Numbers]:
        """The ids of a chunk."""
        single = self._single.find(chunk)
        if single is not None:
            _, known, mark = single
            ids = self._bpe.ids.table[known] if known else ()
            return (*ids, *self._bpe.ids.table[mark]) if mark else ids
        plain = self._plain.split(chunk)
        if plain is not None:
            return _by_next(self._plain_pieces.ids, plain)
        return _by_next(self._ids_of, _in_contexts(chunk, self._split))

    def spans(self, chunk: str) -> Spans | ByNext[Spans]:
        """The pieces of a chunk, with where they stand in it."""
        single = self._single.find(chunk)
        if single is not None:
            return self._spans_of_single(chunk, *single)
        plain = self._plain.split(chunk)
        if plain is None:
            shift = -shift_in_context(chunk)
            return _by_next(lambda words: moved(number(words), shift), _in_contexts(chunk, self._pieces.of))
        start = len(FIRST) if chunk[0] == FIRST else 0
        return _by_next(lambda words: self._plain_spans(words, start), plain)

    def _spans_of_single(self, chunk: str, word: str, known: str, mark: str) -> Spans:
        start = len(FIRST) if chunk[0] == FIRST else 0
        if mark:
            return self._plain_spans([word, mark], start)
        return number([self._plain_pieces.place(word, known, start)] if known else [])

    def _ids_of(self, words: Sequence[str]) -> Numbers:
        return tuple(self._bpe.ids_of(words))

    def _plain_spans(self, words: Sequence[str], start: int) -> Spans:
        return number(self._plain_pieces.standing_at(accumulate(map(len, words), initial=start), words))


def _in_contexts(chunk: str, split: Callable[[str], list[_Word]]) -> list[Sequence[_Word]]:
    """The words of a chunk, once or before each kind of following word."""
    depends = chunk[-1:] != LAST and _DOTS.search(chunk)
    following = FOLLOWING if depends else FOLLOWING[:1]
    return [without_context(split(in_context(chunk, word)), chunk) for word in following]


def _by_next(ask: Callable[[_Words], _Answer], variants: Sequence[_Words]) -> _Answer | ByNext[_Answer]:
    """The answer for a chunk's words, or one for each variant of them if they differ."""
    answer = ask(variants[0])
    if len(variants) == 1:
        return answer
    others = [ask(words) for words in variants[1:]]
    return answer if others == [answer] * len(others) else ByNext((answer, *others))
