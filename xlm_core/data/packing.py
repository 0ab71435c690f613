"""When a batch is computed without its padding, whichever framework computes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np

from ..checks import check_choice
from ..errors import InputError
from ..inputs import PER_TEXT, Given, Sizes, check_padding, check_shape

Packing = Literal["auto", "never", "sequences"]
"""Where there is no gradient and it pays; never; or always, in training, too."""

GROUPS = 4
"""Texts attend in so many groups at the most, each of texts half as long as those of the one before."""

OVERHEAD = 100
"""How wide a layer is that computes a token in the time that it takes to move one.

Source: measured with D = 256 and 1024, from 4 to 64 texts; a batch of the wider model is faster without its padding
from a tenth of padding on, one of the narrower from two fifths on.
"""


def check_packing(mode: object) -> Packing:
    """How a model is to pack.

    Raises: InputError for another word.
    """
    return check_choice("packing", mode, get_args(Packing))  # type: ignore[return-value]


def pays(n_tokens: Any, n_positions: Any, emb_dim: int) -> Any:
    """Whether a batch with so many real tokens among its positions is faster without the others.

    Whole numbers give a bool; a framework's tensors, inside a graph, a tensor.
    """
    return (n_tokens > 0) & ((n_positions - n_tokens) * emb_dim > OVERHEAD * n_positions)


def may_pay(emb_dim: int) -> bool:
    """Whether there is a batch that is faster so with a model of this width."""
    return emb_dim > OVERHEAD


def check_packable(*, output_attentions: bool) -> None:
    """Refuse what a packed batch does not have.

    Raises: InputError.
    """
    if output_attentions:
        raise InputError(
            "`output_attentions` must be left out for a packed batch, whose texts attend in groups of like lengths; "
            "call the model with the padded batch."
        )


def check_batch(given: Mapping[str, Given]) -> int | None:
    """Hold the inputs of `pack` against each other, by shape alone; returns T.

    Raises: InputError for inputs of different texts, and if what says where tokens are is missing or said twice.
    """
    first = given.get("input_ids") or given.get("inputs_embeds")
    if first is None or len(first.shape) < 2:
        raise InputError(
            f"`pack` needs `input_ids` (B, T) or `inputs_embeds` (B, T, D); got {sorted(given)}. Tokenise texts with "
            "padding=True and return_tensors=…"
        )
    texts, size = first.shape[:2]
    shapes: dict[str, tuple[Sizes, ...]] = {
        "inputs_embeds": ((texts, size, None),),
        "lengths": ((texts,),),
        "position_ids": ((texts, size), (1, size)),
    }
    for name in PER_TEXT:
        if name in given:
            check_shape(name, given[name], *shapes.get(name, ((texts, size),)))
    check_extent("attention_mask" in given, "lengths" in given)
    return size


def check_extent(has_mask: bool, has_lengths: bool) -> None:
    """Refuse a batch that does not say which of its positions are tokens, or says it twice.

    Raises: InputError.
    """
    if has_mask and has_lengths:
        raise InputError("`attention_mask` and `lengths` say the same thing; got both. Leave one out.")
    if not has_mask and not has_lengths:
        raise InputError(
            "`pack` needs `attention_mask` or `lengths`, which say where tokens are; got neither. "
            "The tokenizer gives a mask: tokenizer(texts, padding=True)."
        )


def check_tokens(values: Mapping[str, np.ndarray], size: int | None) -> None:
    """Refuse a mask or lengths that cannot be, or that leave no token to pack; size is T.

    Raises: InputError.
    """
    check_padding(values, size)
    for name, array in values.items():
        if not array.any():
            raise InputError(f"`{name}` must leave a token to pack; got 0 everywhere. Call the model with the batch.")
