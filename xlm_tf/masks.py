"""Which positions exist, and which may be looked at. Mirror: xlm_torch/masks.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import ml_dtypes
import tensorflow as tf
from keras import ops

from .tensors import Tensor, visible_values

Attend = Callable[[Tensor, Tensor, Tensor, Tensor | None], tuple[Tensor, Tensor | None]]
"""Queries (B, T, D), keys and values (B, S, D) and a mask -> contexts (B, T, D), and weights if needed."""


def padding_mask(lengths: Tensor, size: int) -> Tensor:
    """lengths (B,) -> (B, T), True where a token is."""
    return ops.arange(size, dtype=lengths.dtype) < lengths[:, None]


def is_whole(padding: Tensor) -> bool:
    """Whether nothing is padding, where that can be seen without waiting for a device. padding (B, T)."""
    values = visible_values({"padding": padding})
    return "padding" in values and bool(values["padding"].all())


def attention_mask(padding: Tensor, *, causal: bool, queries: Tensor | None = None) -> Tensor:
    """padding (B, S) -> (B, 1, T or 1, S), True where a query may look at a key.

    queries (T,) or (B, 1, T): the columns of the queries of a causal model; None where they are those of the keys.

    Differs: a causal model of Hugging Face looks at padding; here a padded key is never visible, so that a text padded
        on the left gives what it gives alone.
    """
    visible = padding[:, None, None, :]
    if not causal:
        return visible
    position = ops.arange(ops.shape(padding)[1])
    columns = position if queries is None else queries
    return ops.logical_and(visible, position <= ops.cast(columns, position.dtype)[..., None])


def lowest(scores: Tensor) -> float:
    """The score of a key that may not be looked at: the least finite number of the dtype."""
    return float(ml_dtypes.finfo(scores.dtype.name).min)


class Group(NamedTuple):
    """Texts that attend together: n of them, with q queries and up to t keys each.

    queries (n, q) and keys (n, t): where they stand in their rows. mask: broadcastable to (n, H, q, t).
    """

    queries: Tensor
    keys: Tensor
    mask: Tensor


class Sight(NamedTuple):
    """Who sees whom in a row of tokens of many texts. back (Q,): where each query is among those of all groups."""

    groups: tuple[Group, ...]
    back: Tensor

    def attend(self, attend: Attend, q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, None]:
        """Group by group. q (1, Q, D), k and v (1, N, D) -> (1, Q, D)."""
        contexts = [
            attend(_taken(q, group.queries), _taken(k, group.keys), _taken(v, group.keys), group.mask)[0]
            for group in self.groups
        ]
        rows = tf.concat([tf.reshape(context, (-1, q.shape[-1])) for context in contexts], axis=0)
        return tf.gather(rows, self.back)[None], None


def _taken(x: Tensor, places: Tensor) -> Tensor:
    """x (1, N, D), places (n, t) -> (n, t, D)."""
    return tf.gather(x[0], places)
