"""What a call of the tokenizer asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypedDict

from .lengths import Padding, Truncation
from .templates import Template

Constants = tuple[tuple[str, int], ...]
"""Columns, each with the number that it has for every token."""

_CONSTANTS = {"attention_mask": 1, "token_type_ids": 0}
"""Columns that have the same number for every token of a text alone."""


class FormOptions(TypedDict, total=False):
    """The arguments of a call that say what its result looks like."""

    add_special_tokens: bool
    padding: bool | str
    truncation: bool | str | None
    max_length: int | None
    stride: int
    pad_to_multiple_of: int | None
    padding_side: str | None
    return_tensors: str | None
    return_token_type_ids: bool | None
    return_attention_mask: bool | None
    return_overflowing_tokens: bool
    return_special_tokens_mask: bool
    return_length: bool
    verbose: bool
    reset_positions: bool


class CallOptions(FormOptions, total=False):
    """The arguments of a call besides the texts."""

    is_split_into_words: bool
    return_offsets_mapping: bool
    lang: Any
    return_langs: bool | None
    bypass_tokenizer: bool
    num_workers: int | None


@dataclass(frozen=True)
class Form:
    """What the rows of a result look like."""

    template: Template
    truncation: Truncation
    padding: Padding
    columns: tuple[str, ...]
    pad_id: int
    has_length: bool
    tensor_type: str | None
    warn: Callable[[int], None]

    @cached_property
    def constants(self) -> Constants | None:
        """The columns of a text that have one number, each with it; None if a call asks for more, offsets aside."""
        is_whole = self.truncation.strategy == "do_not_truncate" and self.padding.strategy == "do_not_pad"
        names = [name for name in self.columns if name != "offset_mapping"]
        if not is_whole or self.tensor_type is not None or self.has_length or not _CONSTANTS.keys() >= {*names}:
            return None
        return tuple((name, _CONSTANTS[name]) for name in names)

    @cached_property
    def has_offsets(self) -> bool:
        """Whether offsets are asked for."""
        return "offset_mapping" in self.columns
