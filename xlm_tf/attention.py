"""Multi-head attention. Mirror: xlm_torch/attention.py."""

from __future__ import annotations

from functools import partial

import keras
import tensorflow as tf
from keras import ops

from xlm_core.config import XLMConfig

from .cache import XLMCache
from .layers import ConfiguredLayer, dense
from .masks import Sight, lowest
from .tensors import Tensor


class MultiHeadAttention(ConfiguredLayer):
    """Scaled dot-product attention with the heads of a layer that have not been pruned.

    Source: Vaswani et al. 2017, section 3.2.2.
    """

    def __init__(self, config: XLMConfig, layer: int, *, name: str) -> None:
        super().__init__(config, name=name, layer=layer)
        self.layer = layer
        self.heads = config.heads(layer)
        self.n_heads = len(self.heads)
        self.scale = config.head_dim**-0.5
        width = self.n_heads * config.head_dim
        self.q_lin = dense(config, width, config.emb_dim, "q_lin")
        self.k_lin = dense(config, width, config.emb_dim, "k_lin")
        self.v_lin = dense(config, width, config.emb_dim, "v_lin")
        self.out_lin = dense(config, config.emb_dim, width, "out_lin")
        self.dropout = keras.layers.Dropout(config.attention_dropout)

    def call(
        self,
        x: Tensor,
        mask: Tensor | Sight | None,
        *,
        queries: Tensor | None = None,
        head_mask: Tensor | None = None,
        need_weights: bool = False,
        cache: XLMCache | None = None,
        training: bool | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """x (B, S, D), queries (B, T, D), head_mask (H,) -> context (B, T, D), weights (B, H, T, S).

        mask: broadcastable to (B, H, T, S), None where all see all; or, where x is a row of the tokens of many texts,
        who sees whom. Without queries all of x look. Where heads have been pruned, head_mask still has a factor for
        each, and H is what is left in the other shapes. The weights are None where nobody asked for them: then the
        framework's fused kernel runs. With a cache the keys are those of all tokens that it holds.
        """
        q = self.q_lin(x if queries is None else queries)
        k, v = self.k_lin(x), self.v_lin(x)
        attend = partial(self._attend, head_mask, need_weights, cache, training)
        context, weights = mask.attend(attend, q, k, v) if isinstance(mask, Sight) else attend(q, k, v, mask)
        return self.out_lin(context), weights

    def _attend(
        self,
        head_mask: Tensor | None,
        need_weights: bool,
        cache: XLMCache | None,
        training: bool | None,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        mask: Tensor | None,
    ) -> tuple[Tensor, Tensor | None]:
        """q (B, T, D), k and v (B, S, D), mask (B, 1, T or 1, S) -> context (B, T, D), weights (B, H, T, S)."""
        q, k, v = map(self._split, (q, k, v))
        if cache is not None:
            k, v = cache.extend(self.layer, k, v)
        drops = training and self.dropout.rate > 0
        kernel = self._explicit if need_weights or head_mask is not None or drops else self._fused
        context, weights = kernel(q, k, v, mask, head_mask, training)
        return self._merge(context), weights if need_weights else None

    def _fused(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, head_mask: None, training: bool | None
    ) -> tuple[Tensor, None]:
        """What a graph makes few kernels of: the mask is added, nothing dropped. (B, H, T, C) each -> (B, H, T, C)."""
        scores = tf.cast(tf.matmul(q, k, transpose_b=True), keras.backend.result_type(q.dtype, "float32"))
        scores = scores * self.scale
        if mask is not None:
            scores += tf.where(mask, tf.zeros((), scores.dtype), tf.constant(lowest(scores), scores.dtype))
        weights = tf.nn.softmax(scores)
        return tf.matmul(tf.cast(weights, v.dtype), v), None

    def _explicit(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, head_mask: Tensor | None, training: bool | None
    ) -> tuple[Tensor, Tensor]:
        """Step by step; the softmax of half precision is taken in float32. (B, H, T, C) each -> same, (B, H, T, S)."""
        scores = tf.matmul(q * self.scale, k, transpose_b=True)
        weights = self._weights(scores, mask, head_mask, training)
        return tf.matmul(weights, v), weights

    def _weights(self, scores: Tensor, mask: Tensor | None, head_mask: Tensor | None, training: bool | None) -> Tensor:
        """Probabilities of the keys. (B, H, T, S) -> (B, H, T, S)."""
        if mask is not None:
            scores = ops.where(mask, scores, ops.convert_to_tensor(lowest(scores), scores.dtype))
        weights = self.dropout(_softmax(scores), training=training)
        if head_mask is not None:
            factors = ops.take(head_mask, self.heads, axis=0)
            weights = weights * ops.cast(factors[:, None, None], weights.dtype)
        return weights

    def _split(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, H, T, C)."""
        batch, size, dim = ops.shape(x)
        return tf.transpose(ops.reshape(x, (batch, size, self.n_heads, dim // self.n_heads)), (0, 2, 1, 3))

    def _merge(self, x: Tensor) -> Tensor:
        """(B, H, T, C) -> (B, T, D)."""
        batch, heads, size, head_dim = ops.shape(x)
        return ops.reshape(tf.transpose(x, (0, 2, 1, 3)), (batch, size, heads * head_dim))


def _softmax(scores: Tensor) -> Tensor:
    """Over the last axis, at no less than float32."""
    precise = keras.backend.result_type(scores.dtype, "float32")
    return ops.cast(ops.softmax(ops.cast(scores, precise), axis=-1), scores.dtype)
