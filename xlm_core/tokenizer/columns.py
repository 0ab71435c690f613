"""Columns of numbers, one for each token: made for one text, gathered for a batch, padded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..data.padding import PADDED, pad_columns
from ..errors import InputError
from .lengths import Padding
from .templates import Template

Columns = dict[str, list[Any]]
"""Column → one entry for each text of the batch."""


def build_row(
    template: Template, first: Sequence[int], second: Sequence[int] | None, langs: tuple[int, int], names: Iterable[str]
) -> dict[str, list[int]]:
    """The named columns of one text or pair; ``langs`` are the language ids of the two texts."""
    sizes = len(first), None if second is None else len(second)
    input_ids = template.wrap(first, second)
    makers = {
        "input_ids": lambda: input_ids,
        "token_type_ids": lambda: template.token_type_ids(*sizes),
        "attention_mask": lambda: [1] * len(input_ids),
        "special_tokens_mask": lambda: template.special_tokens_mask(*sizes),
        "langs": lambda: [langs[segment] for segment in template.segments(*sizes)],
    }
    return {name: makers[name]() for name in names}


def gather(rows: Sequence[Mapping[str, Any]], names: Iterable[str]) -> Columns:
    """Rows as columns.

    Raises: InputError if a row lacks a column.
    """
    columns = {name: [row.get(name) for row in rows] for name in names}
    for name, column in columns.items():
        if any(row is None for row in column):
            raise InputError(f"all encodings of a batch must have the same columns; `{name}` is missing in some.")
    return columns


def columns_of(encodings: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> tuple[Columns, bool]:
    """The columns of a batch, of single encodings, or of one; and whether it is more than one.

    Raises: InputError if there are no `input_ids`.
    """
    if not isinstance(encodings, Mapping):
        names = encodings[0] if encodings else ("input_ids",)
        columns = gather([to_lists(dict(encoding)) for encoding in encodings], names)
        return _check_input_ids(columns), True
    columns = _check_input_ids({name: to_lists(value) for name, value in encodings.items()})
    if not columns["input_ids"] or isinstance(columns["input_ids"][0], list):
        return columns, True
    return {name: [value] for name, value in columns.items()}, False


def _check_input_ids(columns: Columns) -> Columns:
    if "input_ids" in columns:
        return columns
    raise InputError(f"encodings must have `input_ids` to be padded; got {sorted(columns)}.")


def pad(columns: Mapping[str, list[Any]], padding: Padding, pad_id: int) -> Columns:
    """The columns with rows of one length, if padding is asked for; those of other things are left as they are."""
    if padding.strategy == "do_not_pad" or not columns["input_ids"]:
        return dict(columns)
    length = padding.length([len(row) for row in columns["input_ids"]])
    parallel = {name: rows for name, rows in columns.items() if name in PADDED and _is_parallel(rows, columns)}
    return {**columns, **pad_columns(parallel, length, pad_id, padding.side)}


def _is_parallel(rows: list[Any], columns: Mapping[str, list[Any]]) -> bool:
    """Whether a column has one entry for each token; labels may be of texts."""
    pairs = zip(rows, columns["input_ids"], strict=True)
    return all(isinstance(row, list) and len(row) == len(ids) for row, ids in pairs)


def to_lists(value: Any) -> Any:
    """Arrays, tensors and tuples as lists, to any depth, in dictionaries, too."""
    if hasattr(value, "numpy") and not hasattr(value, "tolist"):
        value = value.numpy()
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, dict):
        return {name: to_lists(item) for name, item in value.items()}
    return [to_lists(item) for item in value] if isinstance(value, list | tuple) else value
