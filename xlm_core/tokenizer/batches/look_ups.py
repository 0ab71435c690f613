"""The rows of a batch as `Encoding`, computed when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import takewhile
from typing import Any, NamedTuple, overload

from ...data.padding import Side, pad_row
from ...errors import InputError
from ..pieces.pieces import Pieces, Span
from .lengths import Window
from .reader import ExampleReader, TextPieces
from .row import Encoding
from .templates import Template
from .texts import Example


class Layout(NamedTuple):
    """How pieces become a row: special tokens around them, and padding up to ``length`` on one side."""

    template: Template
    length: int
    side: Side
    pad_id: int
    to_tokens: Callable[[list[int]], list[str]]

    def encoding(self, pieces: TextPieces, window: Window, overflowing: list[Encoding]) -> Encoding:
        """The row of a window over the pieces of a text or pair."""
        template, lengths = self.template, window.lengths
        ids = self._padded(template.wrap(*window.cut(*_of_both(pieces, _ids))), self.pad_id)
        n_tokens = len(template.segments(*lengths))
        return Encoding(
            ids=ids,
            type_ids=self._padded(template.token_type_ids(*lengths), 0),
            tokens=self.to_tokens(ids),
            offsets=self.offsets(pieces, window),
            word_ids=self._padded(template.arrange(*window.cut(*_of_both(pieces, _words)), None), None),
            sequence_ids=self._padded(template.sequence_ids(*lengths), None),
            special_tokens_mask=self._padded(template.special_tokens_mask(*lengths), 1),
            attention_mask=self._padded([1] * n_tokens, 0),
            overflowing=overflowing,
        )

    def offsets(self, pieces: TextPieces, window: Window) -> list[tuple[int, int]]:
        """Where each token of a window stands in its text."""
        return self._padded(self.template.arrange(*window.cut(*_of_both(pieces, _offsets)), (0, 0)), (0, 0))

    def _padded(self, row: list[Any], fill: Any) -> list[Any]:
        return pad_row(row, self.length, fill, self.side)


class RememberedEncodings(Sequence[Encoding]):
    """The rows of a batch, each computed from its text when it is first asked for.

    A pickle does not carry the texts: it has the rows that were asked for before, or else says that they are gone.
    """

    def __init__(
        self,
        reader: ExampleReader,
        layout: Layout,
        examples: Sequence[Example],
        windows: Sequence[Window],
        pieces: Sequence[TextPieces],
    ) -> None:
        self._reader = reader
        self._layout = layout
        self._examples = examples
        self._windows = windows
        self._pieces: dict[int, TextPieces] = dict(enumerate(pieces))
        self._rows: dict[int, Encoding] = {}

    def __len__(self) -> int:
        return len(self._windows)

    @overload
    def __getitem__(self, index: int) -> Encoding: ...
    @overload
    def __getitem__(self, index: slice) -> list[Encoding]: ...
    def __getitem__(self, index: int | slice) -> Encoding | list[Encoding]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        return self._row(range(len(self))[index])

    def __deepcopy__(self, memo: dict[int, Any]) -> RememberedEncodings:
        return self  # what it holds never changes

    def __reduce__(self) -> tuple[Any, ...]:
        if len(self._rows) == len(self):
            return list, (list(self),)
        return ForgottenEncodings, (len(self),)

    def _row(self, number: int) -> Encoding:
        if number not in self._rows:
            window = self._windows[number]
            pieces = self._pieces_of(window.sample)
            self._rows[number] = self._layout.encoding(pieces, window, self._further(number))
        return self._rows[number]

    def _pieces_of(self, sample: int) -> TextPieces:
        if sample not in self._pieces:
            self._pieces[sample] = self._reader.pieces(self._examples[sample])
        return self._pieces[sample]

    def _further(self, number: int) -> list[Encoding]:
        """The windows after the first one over a text; none of the others."""
        sample = self._windows[number].sample
        if number and self._windows[number - 1].sample == sample:
            return []
        later = takewhile(lambda row: self._windows[row].sample == sample, range(number + 1, len(self)))
        return [self._row(row) for row in later]


class LateEncodings(Sequence[Encoding]):
    """The rows of a result that mostly nobody looks up: ``prepare`` makes them of its arguments when somebody does."""

    def __init__(self, prepare: Callable[..., RememberedEncodings], *arguments: Any) -> None:
        self._prepare = prepare
        self._arguments = arguments

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        return self._rows[index]

    def __deepcopy__(self, memo: dict[int, Any]) -> RememberedEncodings:
        return self._rows

    def __reduce__(self) -> tuple[Any, ...]:
        return self._rows.__reduce__()

    @cached_property
    def _rows(self) -> RememberedEncodings:
        return self._prepare(*self._arguments)


class ForgottenEncodings(Sequence[Encoding]):
    """What a pickle has of rows that nobody asked for before: how many there were."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int | slice) -> Any:
        raise InputError(
            "look-ups need the text, which a pickled encoding does not carry. Ask for `encoding.encodings`, or for "
            "the columns that you need, such as `return_offsets_mapping=True`, before it is pickled."
        )


def _of_both(pieces: TextPieces, column: Callable[[Pieces], Sequence[Any]]) -> tuple[Sequence[Any], Any]:
    first, second = pieces
    return column(first), None if second is None else column(second)


def _ids(pieces: Pieces) -> list[int]:
    return pieces.ids


def _words(pieces: Pieces) -> list[int]:
    return pieces.words


def _offsets(pieces: Pieces) -> list[Span]:
    return pieces.offsets
