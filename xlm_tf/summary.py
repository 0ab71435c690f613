"""One vector per text. Mirror: xlm_torch/summary.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from xlm_core.config import XLMConfig
from xlm_core.outputs import BaseModelOutput

from .activations import activation
from .layers import ConfiguredLayer, dense
from .model import TFXLMModel
from .tensors import Tensor


class SequenceSummary(ConfiguredLayer):
    """Picks or averages the states of a text's tokens, then projects them.

    Differs: Hugging Face picks the last position and averages over all, padding or not; here only tokens count. For
        texts without padding the numbers are the same.
    """

    def __init__(self, config: XLMConfig, *, name: str) -> None:
        super().__init__(config, name=name)
        self.pick = _PICKS[config.summary_type]
        self.first_dropout = keras.layers.Dropout(config.summary_first_dropout)
        self.summary = (
            dense(config, config.summary_dim, config.emb_dim, "summary")
            if config.summary_use_proj
            else keras.layers.Identity()
        )
        self.activation = activation(config.summary_activation)
        self.last_dropout = keras.layers.Dropout(config.summary_last_dropout or 0.0)

    def call(self, states: Tensor, padding: Tensor, *, training: bool | None = None) -> Tensor:
        """states (B, T, D), padding (B, T) -> (B, summary_dim)."""
        picked = self.first_dropout(self.pick(states, padding), training=training)
        return self.last_dropout(self.activation(self.summary(picked)), training=training)


def states_to_summarise(
    body: TFXLMModel, texts: Mapping[str, Any], *, training: bool | None = None
) -> BaseModelOutput[Tensor]:
    """The body's output; its states are those of the first position alone, (B, 1, D), where no others are read."""
    if body.config.summary_type != "first":
        return body(return_dict=True, training=training, **texts)
    first = texts["inputs_embeds"] if texts.get("input_ids") is None else texts["input_ids"]
    columns = tf.zeros((tf.shape(first)[0], 1), "int32")
    return body.forward_at(columns, training=training, **texts)


def first_state(states: Tensor, padding: Tensor) -> Tensor:
    """The state of the first position. states (B, T, D), padding (B, T) -> (B, D)."""
    return states[:, 0]


def last_state(states: Tensor, padding: Tensor) -> Tensor:
    """The state of the last token. states (B, T, D), padding (B, T) -> (B, D)."""
    position = ops.arange(ops.shape(states)[1])
    last = ops.max(ops.where(padding, position, 0), axis=1)
    return tf.gather(states, last, batch_dims=1)


def mean_state(states: Tensor, padding: Tensor) -> Tensor:
    """The mean of the tokens' states, which are 0 at padding. states (B, T, D), padding (B, T) -> (B, D)."""
    count = ops.maximum(ops.sum(ops.cast(padding, "int32"), axis=1, keepdims=True), 1)
    return ops.sum(states, axis=1) / ops.cast(count, states.dtype)


_PICKS = {"first": first_state, "last": last_state, "mean": mean_state, "cls_index": last_state}
