"""Position-wise feed-forward network. Mirror: xlm_torch/feed_forward.py."""

from __future__ import annotations

import functools

import keras

from xlm_core.config import XLMConfig

from .layers import Layer, dense
from .tensors import Tensor

_GELU = functools.partial(keras.activations.gelu, approximate=False)


class FeedForward(Layer):
    """D -> 4 D -> D, applied to each position on its own.

    Source: Vaswani et al. 2017, section 3.3; the activation of every released XLM is the exact GELU.
    """

    def __init__(self, config: XLMConfig, *, name: str) -> None:
        super().__init__(name=name)
        self.lin1 = dense(config, config.hidden_dim, config.emb_dim, "lin1")
        self.lin2 = dense(config, config.emb_dim, config.hidden_dim, "lin2")
        self.activation = _GELU if config.gelu_activation else keras.activations.relu
        self.dropout = keras.layers.Dropout(config.dropout)

    def call(self, x: Tensor, *, training: bool | None = None) -> Tensor:
        """x (B, T, D) -> (B, T, D)."""
        return self.dropout(self.lin2(self.activation(self.lin1(x))), training=training)
