"""Rows of unequal length made equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from ..errors import InputError

Side = Literal["left", "right"]
Row = Sequence[int]

_SIDES: Mapping[str, Side] = {"left": "left", "right": "right"}


def check_side(side: str, name: str) -> Side:
    """The side itself, once it is known to be one.

    Raises: InputError, naming the argument ``name``.
    """
    if side in _SIDES:
        return _SIDES[side]
    raise InputError(f"`{name}` must be one of {list(_SIDES)}; got {side!r}.")


def padded_length(lengths: Sequence[int], minimum: int = 0, multiple_of: int | None = None) -> int:
    """The length that holds every row: the longest or ``minimum``, rounded up to a multiple.

    Raises: InputError if ``multiple_of`` is not a positive whole number.
    """
    longest = max(lengths, default=0)
    if multiple_of is None:
        return max(longest, minimum)
    if multiple_of < 1:
        raise InputError(f"`pad_to_multiple_of` must be at least 1; got {multiple_of}.")
    return -(-max(longest, minimum) // multiple_of) * multiple_of


def pad_row(row: Row, length: int, fill: int, side: Side = "right") -> list[int]:
    """A copy of the row, as long as asked; one that is already as long or longer is copied as it is."""
    filling = [fill] * (length - len(row))
    return [*row, *filling] if side == "right" else [*filling, *row]


def pad_columns(
    columns: Mapping[str, Sequence[Row]], length: int, pad_id: int, side: Side = "right"
) -> dict[str, list[list[int]]]:
    """Every row of every column, as long as asked, each column filled with what is neutral in it.

    ``input_ids`` are filled with ``pad_id``, ``attention_mask``, ``position_ids`` and ``token_type_ids`` with 0,
    ``special_tokens_mask`` with 1, ``labels`` with -100, ``langs`` with the last language of the row: a padded
    position has one, too, and nothing looks at it.

    Raises: InputError for a column it has no filling for.
    """
    return {
        name: [pad_row(row, length, filling(name, row, pad_id), side) for row in rows] for name, rows in columns.items()
    }


_CONSTANTS: Mapping[str, int] = {
    "attention_mask": 0,
    "labels": -100,
    "position_ids": 0,
    "special_tokens_mask": 1,
    "token_type_ids": 0,
}

PADDED = frozenset({"input_ids", "langs", *_CONSTANTS})
"""The columns that have one number for each token."""


def filling(name: str, row: Row, pad_id: int) -> int:
    """What fills up a row of a column.

    Raises: InputError for a column it has no filling for.
    """
    if name == "input_ids":
        return pad_id
    if name == "langs":
        return row[-1] if row else 0
    if name in _CONSTANTS:
        return _CONSTANTS[name]
    raise InputError(f"only {sorted(PADDED)} can be padded; got `{name}`. Take it out, and put it back afterwards.")
