"""Columns of numbers, one for each token: made for a batch, gathered from encodings, padded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from ...data.padding import PADDED, filling, pad_columns
from ...errors import InputError
from .lengths import Padding, Truncation, Window
from .reader import Ids
from .templates import Template
from .tensors import Array, to_lists

Columns = dict[str, list[Any]]
"""Column → one entry for each text of the batch."""

LangIds = Sequence[tuple[int, int]]
"""For each text or pair of a batch, the ids of its languages."""

_BY_TEMPLATE = ("token_type_ids", "special_tokens_mask", "position_ids")
"""Columns that depend on the numbers of pieces only; the template's methods have their names."""


def cut_windows(ids: Sequence[Ids], truncation: Truncation, template: Template) -> list[Window]:
    """The windows over every text or pair of a batch.

    Raises: InputError if a text cannot be truncated as asked.
    """
    n_special = template.n_special(pair=False), template.n_special(pair=True)
    if _all_fit(ids, truncation.max_length - n_special[0]):
        return [Window(sample, (0, len(first)), None) for sample, (first, _) in enumerate(ids)]
    return [
        window
        for sample, (first, second) in enumerate(ids)
        for window in truncation.windows(
            sample, (len(first), None if second is None else len(second)), n_special[second is not None]
        )
    ]


def _all_fit(ids: Sequence[Ids], room: int) -> bool:
    """Whether a batch is of texts alone, none longer than there is room for."""
    return all(second is None and len(first) <= room for first, second in ids)


def build_columns(
    names: Sequence[str], template: Template, ids: Sequence[Ids], windows: Sequence[Window], lang_ids: LangIds
) -> Columns:
    """The named columns, a row for each window."""
    rows = [template.wrap(*window.cut(*ids[window.sample])) for window in windows]
    columns: Columns = {"input_ids": rows}
    for name in names:
        if name == "attention_mask":
            columns[name] = [[1] * len(row) for row in rows]
        elif name == "langs":
            columns[name] = [_langs(template, window, lang_ids[window.sample]) for window in windows]
        elif name in _BY_TEMPLATE:
            columns[name] = [getattr(template, name)(*window.lengths) for window in windows]
    return columns


def _langs(template: Template, window: Window, lang_ids: tuple[int, int]) -> list[int]:
    return [lang_ids[segment] for segment in template.segments(*window.lengths)]


def columns_of(encodings: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> tuple[Columns, bool]:
    """The columns of a batch, of single encodings, or of one; and whether it is more than one.

    Raises: InputError if there are no `input_ids`, or the encodings have different columns.
    """
    if not isinstance(encodings, Mapping):
        names = list(encodings[0]) if encodings else ["input_ids"]
        columns = _gather([to_lists(dict(encoding)) for encoding in encodings], names)
        return _check_input_ids(columns), True
    columns = _check_input_ids({name: to_lists(value) for name, value in encodings.items()})
    if not columns["input_ids"] or isinstance(columns["input_ids"][0], list):
        return columns, True
    return {name: [value] for name, value in columns.items()}, False


def _gather(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Columns:
    columns = {name: [row.get(name) for row in rows] for name in names}
    for name, column in columns.items():
        if any(row is None for row in column):
            raise InputError(f"all encodings of a batch must have the same columns; `{name}` is missing in some.")
    return columns


def _check_input_ids(columns: Columns) -> Columns:
    if "input_ids" in columns:
        return columns
    raise InputError(f"encodings must have `input_ids` to be padded; got {sorted(columns)}.")


def first_row(columns: Columns) -> dict[str, Any]:
    """The columns of a batch of one, as those of the one."""
    return {name: rows[0] for name, rows in columns.items()}


def pad(columns: Columns, padding: Padding, pad_id: int) -> Columns:
    """The columns with rows of one length, if padding is asked for; those of other things are left as they are."""
    length = padding.length([len(row) for row in columns["input_ids"]])
    if not length:
        return columns
    parallel = {name: rows for name, rows in columns.items() if name in PADDED and _is_parallel(rows, columns)}
    return {**columns, **pad_columns(parallel, length, pad_id, padding.side)}


def pad_to_arrays(columns: Columns, length: int, padding: Padding, pad_id: int) -> dict[str, Any]:
    """The columns as arrays (B, ``length``), where no row is longer."""
    lengths = np.array([len(row) for row in columns["input_ids"]])[:, None]  # (B, 1)
    places = np.arange(length)
    is_token = places < lengths if padding.side == "right" else places >= length - lengths
    return {name: _to_padded_array(name, rows, is_token, pad_id) for name, rows in columns.items()}


def _to_padded_array(name: str, rows: list[Any], is_token: Array, pad_id: int) -> Array:
    array = np.array([filling(name, row, pad_id) for row in rows], dtype=np.int64)[:, None].repeat(is_token.shape[1], 1)
    array[is_token] = np.fromiter(chain.from_iterable(rows), dtype=np.int64)
    return array


def _is_parallel(rows: list[Any], columns: Columns) -> bool:
    """Whether a column has one entry for each token; labels may be of texts."""
    pairs = zip(rows, columns["input_ids"], strict=True)
    return all(isinstance(row, list) and len(row) == len(ids) for row, ids in pairs)
