"""How long an encoding may be, and how long it must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, NamedTuple, TypeVar, get_args

from ...data.padding import Side, check_side, padded_length
from ...errors import InputError

UNLIMITED = int(1e30)
"""The ``model_max_length`` of a tokenizer that was not told one; the number Hugging Face writes to its files."""

TruncationStrategy = Literal["longest_first", "only_first", "only_second", "do_not_truncate"]
PaddingStrategy = Literal["longest", "max_length", "do_not_pad"]

_Name = TypeVar("_Name", bound=str)

_TRUNCATIONS: Mapping[Any, TruncationStrategy] = {
    True: "longest_first",
    False: "do_not_truncate",
    **{name: name for name in get_args(TruncationStrategy)},
}
_PADDINGS: Mapping[Any, PaddingStrategy] = {
    True: "longest",
    False: "do_not_pad",
    **{name: name for name in get_args(PaddingStrategy)},
}


Span = tuple[int, int]
"""Where something starts and ends, the end exclusive."""

Lengths = tuple[int, int | None]
"""How many pieces a text has and its second text, None if there is none."""


class Window(NamedTuple):
    """What one row of a batch holds of one sample: a span of the pieces of each of its texts."""

    sample: int
    first: Span
    second: Span | None

    @property
    def lengths(self) -> Lengths:
        """How many pieces of each text."""
        (start, end), second = self.first, self.second
        return end - start, None if second is None else second[1] - second[0]

    def cut(self, first: Sequence[Any], second: Sequence[Any] | None) -> tuple[Sequence[Any], Sequence[Any] | None]:
        """The part of each text that is in the window."""
        kept = None if second is None or self.second is None else second[slice(*self.second)]
        return first[slice(*self.first)], kept


@dataclass(frozen=True)
class Truncation:
    """Which text gives way, and on which side, when an encoding is longer than ``max_length``.

    ``overflows`` keeps what does not fit, in further windows that share ``stride`` pieces with the one before.
    """

    strategy: TruncationStrategy
    max_length: int
    side: Side = "right"
    stride: int = 0
    overflows: bool = False

    def windows(self, sample: int, lengths: Lengths, n_special: int) -> list[Window]:
        """The windows over one text or pair, which leave room for the special tokens.

        Raises: InputError if the text that may be cut is too short for that, or ``stride`` leaves no step.
        """
        first, second = lengths
        self._check_strategy(second is not None)
        excess = first + (second or 0) + n_special - self.max_length
        if excess <= 0 or self.strategy == "do_not_truncate":
            return [Window(sample, (0, first), None if second is None else (0, second))]
        from_first, from_second = self._shares(first, second, excess)
        self._check_room(from_first, first, "first", n_special)
        self._check_room(from_second, second or 0, "second", n_special)
        firsts = self._spans(first, from_first)
        seconds: list[Span] | list[None] = [None] if second is None else self._spans(second, from_second)
        return [Window(sample, *spans) for spans in product(firsts, seconds)]

    def _check_strategy(self, is_pair: bool) -> None:
        if self.overflows and is_pair and self.strategy == "longest_first":
            raise InputError(
                "`return_overflowing_tokens=True` with a pair needs truncation='only_first' or 'only_second', to say "
                "which text goes on in the next window; got 'longest_first', which True means."
            )

    def _shares(self, first: int, second: int | None, excess: int) -> tuple[int, int]:
        """How many tokens each text gives."""
        if self.strategy == "only_second" and second is None:
            raise InputError("`truncation='only_second'` needs a second text; got one text. Use 'only_first'.")
        if self.strategy == "only_second":
            return 0, excess
        if self.strategy == "only_first" or second is None:
            return excess, 0
        return _longest_first(first, second, excess)

    def _check_room(self, share: int, length: int, which: str, n_special: int) -> None:
        if share > length:
            raise InputError(
                f"`max_length` must leave room for {n_special} special tokens and what `truncation={self.strategy!r}` "
                f"keeps; got max_length={self.max_length}, for which the {which} text would lose {share} of its "
                f"{length} tokens. Raise `max_length` or use another strategy."
            )

    def _spans(self, length: int, share: int) -> list[Span]:
        """What is kept of ``length`` pieces of which ``share`` must go: the first span, and all if it overflows."""
        size = length - share
        if share and self.overflows:
            self._check_stride(size)
            offsets = range(0, length - self.stride, size - self.stride)
        else:
            offsets = range(1)
        if self.side == "left":
            return [(max(length - offset - size, 0), length - offset) for offset in offsets]
        return [(offset, min(offset + size, length)) for offset in offsets]

    def _check_stride(self, size: int) -> None:
        if self.stride >= size:
            raise InputError(
                f"`stride` must be smaller than the room for the text, which max_length={self.max_length} makes "
                f"{size}; got stride={self.stride}. Raise `max_length` or lower `stride`."
            )


def _longest_first(first: int, second: int, excess: int) -> tuple[int, int]:
    """One token at a time from the longer text, from the second on a tie; by arithmetic."""
    levelling = min(abs(first - second), excess)
    rest = excess - levelling
    from_first, from_second = rest // 2, rest - rest // 2
    return (from_first + levelling, from_second) if first > second else (from_first, from_second + levelling)


@dataclass(frozen=True)
class Padding:
    """To which length, and on which side, encodings are filled up."""

    strategy: PaddingStrategy
    max_length: int = 0
    multiple_of: int | None = None
    side: Side = "right"

    def length(self, lengths: list[int]) -> int:
        """The length to fill up to, 0 for none; with `'max_length'`, longer rows stay longer."""
        if self.strategy == "do_not_pad" or not lengths:
            return 0
        if self.strategy == "max_length":
            return padded_length([], self.max_length, self.multiple_of)
        return padded_length(lengths, multiple_of=self.multiple_of)


def strategy_of(truncation: bool | str) -> TruncationStrategy:
    """The strategy that an argument names.

    Raises: InputError if it names none.
    """
    return _look_up("truncation", truncation, _TRUNCATIONS)


def truncation_of(
    truncation: bool | str | None,
    max_length: int | None,
    model_max_length: int,
    padding: PaddingStrategy,
    side: str,
    stride: int = 0,
    overflows: bool = False,
) -> Truncation:
    """The truncation that a call asks for.

    None truncates longest first if there is a ``max_length`` that is not for padding, as in Hugging Face.

    Raises: InputError for an unknown strategy, a negative length, and a ``max_length`` or ``stride`` that nothing
    would use.
    """
    _check_max_length(max_length)
    _check_stride(stride, overflows)
    implied = max_length is not None and padding == "do_not_pad"
    strategy = strategy_of(implied if truncation is None else truncation)
    if max_length is not None and strategy == "do_not_truncate" and padding != "max_length":
        raise InputError(
            f"`max_length` needs `truncation=True` or `padding='max_length'`; got max_length={max_length} with neither."
        )
    limit = model_max_length if max_length is None else max_length
    return Truncation(strategy, limit, check_side(side, "truncation_side"), stride, overflows)


def padding_of(
    padding: bool | str, max_length: int | None, model_max_length: int, multiple_of: int | None, side: str
) -> Padding:
    """The padding that a call asks for.

    Raises: InputError for an unknown strategy or side, and for `'max_length'` where there is no such length.
    """
    _check_max_length(max_length)
    strategy = _look_up("padding", padding, _PADDINGS)
    limit = model_max_length if max_length is None else max_length
    if strategy == "max_length" and limit >= UNLIMITED:
        raise InputError("`padding='max_length'` needs `max_length`: this tokenizer has no `model_max_length`.")
    return Padding(strategy, limit, multiple_of, check_side(side, "padding_side"))


def check_multiple(truncation: Truncation, padding: Padding) -> None:
    """Padding to a multiple must not undo the truncation.

    Raises: InputError.
    """
    multiple = padding.multiple_of
    if multiple is None or truncation.strategy == "do_not_truncate" or padding.strategy == "do_not_pad":
        return
    if truncation.max_length < UNLIMITED and truncation.max_length % multiple:
        raise InputError(
            f"`max_length` must be a multiple of `pad_to_multiple_of` when both truncate and pad; "
            f"got {truncation.max_length} and {multiple}."
        )


def _check_stride(stride: int, overflows: bool) -> None:
    if not isinstance(stride, int) or isinstance(stride, bool) or stride < 0:
        raise InputError(f"`stride` must be a whole number ≥ 0; got {stride!r}.")
    if stride and not overflows:
        raise InputError(
            f"`stride` needs `return_overflowing_tokens=True`: it is what neighbouring windows share; got {stride} "
            "without windows."
        )


def _look_up(name: str, value: bool | str, table: Mapping[Any, _Name]) -> _Name:
    """Hugging Face's enumerations are strings and found here, too."""
    if isinstance(value, bool | str) and value in table:
        return table[value]
    raise InputError(f"`{name}` must be one of {list(table)}; got {value!r}.")


def _check_max_length(max_length: int | None) -> None:
    if max_length is not None and (not isinstance(max_length, int) or isinstance(max_length, bool) or max_length < 0):
        raise InputError(f"`max_length` must be a whole number ≥ 0 or None; got {max_length!r}.")
