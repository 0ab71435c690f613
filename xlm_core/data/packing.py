"""When a batch is computed without its padding, whichever framework computes."""

from __future__ import annotations

from typing import Literal, get_args

from ..checks import check_choice
from ..errors import InputError

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


def pays(n_tokens: int, n_positions: int, emb_dim: int) -> bool:
    """Whether a batch with so many real tokens among its positions is faster without the others."""
    return n_tokens > 0 and (n_positions - n_tokens) * emb_dim > OVERHEAD * n_positions


def check_packable(*, output_attentions: bool) -> None:
    """Refuse what a packed batch does not have.

    Raises: InputError.
    """
    if output_attentions:
        raise InputError(
            "`output_attentions` must be left out for a packed batch, whose texts attend in groups of like lengths; "
            "call the model with the padded batch."
        )


def check_extent(attention_mask: object, lengths: object) -> None:
    """Refuse a batch that does not say which of its positions are tokens.

    Raises: InputError.
    """
    if attention_mask is None and lengths is None:
        raise InputError(
            "`pack` needs `attention_mask` or `lengths`, which say where tokens are; got neither. "
            "The tokenizer gives a mask: tokenizer(texts, padding=True)."
        )
