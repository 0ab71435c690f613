"""Which positions exist, and which may be looked at. Mirror: xlm_torch/masks.py."""

from __future__ import annotations

import ml_dtypes
from keras import ops

from .tensors import Tensor


def padding_mask(lengths: Tensor, size: int) -> Tensor:
    """lengths (B,) -> (B, T), True where a token is."""
    return ops.arange(size, dtype=lengths.dtype) < lengths[:, None]


def attention_mask(padding: Tensor, *, causal: bool, queries: Tensor | None = None) -> Tensor:
    """padding (B, S) -> (B, 1, T or 1, S), True where a query may look at a key.

    queries (T,): the columns of the queries of a causal model; None where they are those of the keys.

    Differs: a causal model of Hugging Face looks at padding; here a padded key is never visible, so that a text padded
        on the left gives what it gives alone.
    """
    visible = padding[:, None, None, :]
    if not causal:
        return visible
    position = ops.arange(ops.shape(padding)[1])
    columns = position if queries is None else queries
    return ops.logical_and(visible, position[None, :] <= columns[:, None])


def lowest(scores: Tensor) -> float:
    """The score of a key that may not be looked at: the least finite number of the dtype."""
    return float(ml_dtypes.finfo(scores.dtype.name).min)
