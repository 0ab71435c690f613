"""What a batch becomes in Keras' ``evaluate`` and ``predict``. No mirror: PyTorch's model decides as it is called.

Keras' graph takes every batch and must know both ways to compute it: with its padding, and without where that pays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from xlm_core.data.packing import pays

from .tensors import Tensor, is_traced
from .tracing import may_pack, without_padding

Step = Callable[[Any], Any]


class Steps:
    """The steps of ``evaluate`` and ``predict``, which leave out padding as pipelines do."""

    def test_step(self, data: Any) -> Any:
        """The metrics so far."""
        return _computed(self, super().test_step, data)

    def predict_step(self, data: Any) -> Any:
        """The model's output."""
        return _computed(self, super().predict_step, data)


def _computed(model: Any, step: Step, data: Any) -> Any:
    """What a step gives, of a graph that chooses between the two ways if both may be the faster one."""
    mask = _mask(data)
    chooses = mask is not None and is_traced() and may_pack(model)  # an eager call sees its batch, and chooses itself
    return _chosen(model, step, data, mask) if chooses else step(data)


def _mask(data: Any) -> Tensor | None:
    inputs, _, _ = keras.utils.unpack_x_y_sample_weight(data)
    return inputs.get("attention_mask") if isinstance(inputs, Mapping) else None


def _chosen(model: Any, step: Step, data: Any, mask: Tensor) -> Any:
    """The same by whichever way is the faster one for this batch."""
    results = []

    def way(*, packed: bool) -> list[Tensor]:
        with without_padding(model, packed):
            results.append(step(data))
        return keras.tree.flatten(results[-1])

    n_tokens = tf.math.count_nonzero(mask)
    worth_it = pays(n_tokens, tf.size(mask, out_type=n_tokens.dtype), model.config.emb_dim)
    numbers = tf.cond(worth_it, partial(way, packed=True), partial(way, packed=False))
    return keras.tree.pack_sequence_as(results[0], numbers)
