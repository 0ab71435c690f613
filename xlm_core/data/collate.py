"""Encodings of texts into one numpy batch; the place where every value is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..config import XLMConfig
from ..errors import InputError
from ..head_inputs import check_arrays, check_labels
from ..inputs import Given
from .padding import Row, Side, check_side, pad_columns, padded_length

MODEL_INPUTS = ("input_ids", "attention_mask", "langs", "token_type_ids", "position_ids", "labels")


def collate(
    encodings: Sequence[Mapping[str, Row]],
    config: XLMConfig,
    *,
    pad_to_multiple_of: int | None = None,
    padding_side: Side = "right",
) -> dict[str, np.ndarray]:
    """Pad texts to one length and stack them: each value (B, T), int64, ready for a model of either framework.

    encodings: one mapping a text, as `XLMTokenizer` returns for one text, with ``input_ids`` and any of the model's
    other inputs, the same for all. ``attention_mask`` is added where it is absent.

    Raises: InputError for an empty batch, texts with different inputs, rows of different length within a text, ids and
        languages out of range or not whole, more tokens than the model has positions, and padding in front of tokens
        without a mask. Labels are checked by the loss, which knows how many classes there are.
    """
    names = _common_names(encodings)
    rows = [_with_mask(encoding, config.pad_index) for encoding in encodings]
    length = padded_length([len(row["input_ids"]) for row in rows], multiple_of=pad_to_multiple_of)
    columns = {name: [row[name] for row in rows] for name in (*names, *({"attention_mask"} - set(names)))}
    padded = pad_columns(columns, length, config.pad_index, check_side(padding_side, "padding_side"))
    batch = {name: _array(name, padded[name]) for name in MODEL_INPUTS if name in padded}
    _check(batch, config)
    return batch


def _common_names(encodings: Sequence[Mapping[str, Row]]) -> list[str]:
    """The inputs that every text has."""
    if not encodings:
        raise InputError("`encodings` must hold at least one text; got none.")
    names = [name for name in encodings[0] if name in MODEL_INPUTS]
    for number, encoding in enumerate(encodings):
        if sorted(names) != sorted(name for name in encoding if name in MODEL_INPUTS):
            raise InputError(
                f"every text must have the same inputs; the first has {sorted(names)}, "
                f"text {number} has {sorted(encoding)}. Tokenise them with the same arguments."
            )
    if "input_ids" not in names:
        raise InputError(f"a text must have `input_ids`; got {sorted(encodings[0])}.")
    return names


def _with_mask(encoding: Mapping[str, Row], pad_id: int) -> dict[str, Row]:
    """A text's rows, which must be equally long, and a mask that hides nothing unless it has one."""
    rows = {name: encoding[name] for name in MODEL_INPUTS if name in encoding}
    sizes = {name: len(row) for name, row in rows.items()}
    if len(set(sizes.values())) > 1:
        raise InputError(f"the inputs of a text must be equally long; got {sizes}.")
    ids = list(rows["input_ids"])
    if "attention_mask" not in rows and pad_id in ids and any(i != pad_id for i in ids[ids.index(pad_id) :]):
        raise InputError(
            "a text with padding in front of tokens must have an `attention_mask`, without which a model counts the "
            f"tokens and looks at the first; got input_ids={ids}."
        )
    return {"attention_mask": [int(i != pad_id) for i in ids]} | rows


def _array(name: str, rows: Sequence[Row]) -> np.ndarray:
    """(B, T), int64; numbers that are not whole are refused, which numpy would cut."""
    array = np.asarray(rows)
    if array.size and array.dtype.kind not in "biu":
        wrong = next(value for row in rows for value in row if not isinstance(value, (int, np.integer)))
        raise InputError(f"`{name}` must hold whole numbers; got {wrong!r}.")
    return array.astype(np.int64)


def _check(batch: Mapping[str, np.ndarray], config: XLMConfig) -> None:
    """All that a model would check by shape, and all that it could not see on a device."""
    check_arrays(config, {name: array for name, array in batch.items() if name != "labels"})
    if "labels" in batch:
        check_labels(Given(batch["labels"].shape, "int64"), batch["input_ids"].shape)
