"""From examples to ids or pieces, here or in several processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from ...errors import InputError
from ..pieces.encoder import TextEncoder
from ..pieces.pieces import Pieces
from .texts import Example

DEFAULT_LANG = "en"
"""The language whose rules are used where nobody said one."""

_CHUNKS_OF_A_WORKER = 4
"""Enough that workers end at about the same time, few enough that handing over costs nothing."""

Ids = tuple[list[int], list[int] | None]
"""The ids of an example's texts."""

TextPieces = tuple[Pieces, Pieces | None]
"""The pieces of an example's texts."""

_Answer = TypeVar("_Answer", Ids, TextPieces)


class ExampleReader(NamedTuple):
    """Encodes the texts of examples, without special tokens.

    With ``has_words`` each string of an example is a word, pieces are numbered by it and stand in it. ``bypass`` takes
    the words as they stand between spaces.
    """

    encoder: TextEncoder
    has_words: bool
    bypass: bool

    def ids(self, example: Example) -> Ids:
        """The ids of each text."""
        first, second, (lang, pair_lang) = example
        return self._ids(first, lang), None if second is None else self._ids(second, pair_lang)

    def pieces(self, example: Example) -> TextPieces:
        """The pieces of each text, with where they stood."""
        first, second, (lang, pair_lang) = example
        return self._pieces(first, lang), None if second is None else self._pieces(second, pair_lang)

    def _ids(self, strings: Sequence[str], lang: str | None) -> list[int]:
        encode = self.encoder.ids_of_words if self.bypass else self.encoder.ids
        arguments = () if self.bypass else (lang or DEFAULT_LANG,)
        if len(strings) == 1:
            return encode(strings[0], *arguments)
        return list(chain.from_iterable(encode(string, *arguments) for string in strings))

    def _pieces(self, strings: Sequence[str], lang: str | None) -> Pieces:
        encode = self.encoder.pieces_of_words if self.bypass else self.encoder.pieces
        arguments = () if self.bypass else (lang or DEFAULT_LANG,)
        rows = [encode(string, *arguments) for string in strings]
        return _join(rows) if self.has_words else rows[0]


def _join(words: Sequence[Pieces]) -> Pieces:
    """The pieces of words as those of one text."""
    return Pieces(
        ids=[number for word in words for number in word.ids],
        offsets=[span for word in words for span in word.offsets],
        sizes=[len(word.ids) for word in words],
    )


def read_all(read: Callable[[Example], _Answer], examples: Sequence[Example], num_workers: int | None) -> list[_Answer]:
    """What a method of a reader gives for each example, in order; in ``num_workers`` processes, if that is not 0.

    Raises: what reading raises, wherever that is; InputError if ``num_workers`` is not a whole number ≥ 0.
    """
    _check_num_workers(num_workers)
    if not num_workers or len(examples) < 2:
        return [read(example) for example in examples]
    size = -(-len(examples) // (num_workers * _CHUNKS_OF_A_WORKER))
    chunks = [examples[start : start + size] for start in range(0, len(examples), size)]
    with ProcessPoolExecutor(min(num_workers, len(chunks)), initializer=_start_worker, initargs=(read,)) as pool:
        return list(chain.from_iterable(pool.map(_read_chunk, chunks)))


def _check_num_workers(num_workers: Any) -> None:
    is_count = isinstance(num_workers, int) and not isinstance(num_workers, bool) and num_workers >= 0
    if num_workers is not None and not is_count:
        raise InputError(f"`num_workers` must be a whole number ≥ 0 or None; got {num_workers!r}.")


# What a worker process reads with. A process gets it once, when it starts; the parent's stays empty.
_worker: list[Callable[[Example], Any]] = []


def _start_worker(read: Callable[[Example], Any]) -> None:
    _worker[:] = [read]


def _read_chunk(examples: Sequence[Example]) -> list[Any]:
    return [_worker[0](example) for example in examples]
