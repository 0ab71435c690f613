"""Position-wise feed-forward network. Mirror: xlm_torch/feed_forward.py."""

from __future__ import annotations

import functools

import keras
import tensorflow as tf
from keras import ops

from xlm_core.config import XLMConfig

from .layers import ConfiguredLayer, as_rows, dense
from .tensors import Tensor

_GELU = functools.partial(keras.activations.gelu, approximate=False)


class FeedForward(ConfiguredLayer):
    """D -> 4 D -> D, applied to each position on its own.

    Source: Vaswani et al. 2017, section 3.3; the activation of every released XLM is the exact GELU.
    """

    def __init__(self, config: XLMConfig, *, name: str) -> None:
        super().__init__(config, name=name)
        self.lin1 = dense(config, config.hidden_dim, config.emb_dim, "lin1")
        self.lin2 = dense(config, config.emb_dim, config.hidden_dim, "lin2")
        self.activation = _GELU if config.gelu_activation else keras.activations.relu
        self.dropout = keras.layers.Dropout(config.dropout)
        self.chunk_size = config.chunk_size_feed_forward

    def call(self, x: Tensor, *, training: bool | None = None) -> Tensor:
        """x (B, T, D) -> (B, T, D), ``config.chunk_size_feed_forward`` positions at a time unless that is 0.

        Differs: Hugging Face wants T to be a multiple of the chunk.
        """
        return self._in_chunks(x, training) if self.chunk_size else self._transform(x, training)

    def _in_chunks(self, x: Tensor, training: bool | None) -> Tensor:
        """The same in less memory, one chunk of T after the other. (B, T, D) -> (B, T, D)."""
        batch, size, dim = ops.shape(x)
        filled = tf.pad(x, [[0, 0], [0, -size % self.chunk_size], [0, 0]])
        chunks = ops.swapaxes(ops.reshape(filled, (batch, -1, self.chunk_size, dim)), 0, 1)
        done = tf.map_fn(lambda chunk: self._transform(chunk, training), chunks, parallel_iterations=1)
        return ops.reshape(ops.swapaxes(done, 0, 1), (batch, -1, dim))[:, :size]

    def _transform(self, x: Tensor, training: bool | None) -> Tensor:
        """(…, D) -> (…, D)."""
        rows = self.lin2(self.activation(self.lin1(as_rows(x))))
        return self.dropout(tf.reshape(rows, tf.shape(x)), training=training)
