"""Multi-head attention. Mirror: xlm_tf/attention.py."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xlm_core.config import XLMConfig

from .cache import XLMCache
from .kernels import together
from .layers import dense
from .masks import Sight, lowest


class MultiHeadAttention(nn.Module):
    """Scaled dot-product attention with the heads of a layer that have not been pruned.

    Source: Vaswani et al. 2017, section 3.2.2.
    """

    def __init__(self, config: XLMConfig, layer: int) -> None:
        super().__init__()
        self.layer = layer
        self.heads = config.heads(layer)
        self.n_heads = len(self.heads)
        self.scale = config.head_dim**-0.5
        width = self.n_heads * config.head_dim
        self.q_lin = dense(config, width, config.emb_dim)
        self.k_lin = dense(config, width, config.emb_dim)
        self.v_lin = dense(config, width, config.emb_dim)
        self.out_lin = dense(config, config.emb_dim, width)
        self.dropout = nn.Dropout(config.attention_dropout)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | Sight | None,
        *,
        queries: Tensor | None = None,
        head_mask: Tensor | None = None,
        need_weights: bool = False,
        cache: XLMCache | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """x (B, S, D), queries (B, T, D), head_mask (H,) -> context (B, T, D), weights (B, H, T, S).

        mask: broadcastable to (B, H, T, S), None where all see all; or, where x is a row of the tokens of many texts,
        who sees whom. Without queries all of x look. Where heads have been pruned, head_mask still has a factor for
        each, and H is what is left in the other shapes. The weights are None where nobody asked for them: then the
        framework's fused kernel runs. With a cache the keys are those of all tokens that it holds.
        """
        if queries is None or queries is x:
            q, k, v = together((self.q_lin, self.k_lin, self.v_lin), x)
        else:
            q, (k, v) = self.q_lin(queries), together((self.k_lin, self.v_lin), x)
        attend = partial(self._attend, head_mask, need_weights, cache)
        context, weights = mask.attend(attend, q, k, v) if isinstance(mask, Sight) else attend(q, k, v, mask)
        return self.out_lin(context), weights

    def _attend(
        self,
        head_mask: Tensor | None,
        need_weights: bool,
        cache: XLMCache | None,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        mask: Tensor | None,
    ) -> tuple[Tensor, Tensor | None]:
        """q (B, T, D), k and v (B, S, D), mask (B, 1, T or 1, S) -> context (B, T, D), weights (B, H, T, S)."""
        q, k, v = map(self._split, (q, k, v))
        if cache is not None:
            k, v = cache.extend(self.layer, k, v)
        kernel = self._explicit if need_weights or head_mask is not None else self._fused
        context, weights = kernel(q, k, v, mask, head_mask)
        return self._merge(context), weights if need_weights else None

    def _fused(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, head_mask: None) -> tuple[Tensor, None]:
        """One kernel that never stores the weights. (B, H, T, C) each -> (B, H, T, C)."""
        rate = self.dropout.p if self.training else 0.0
        return F.scaled_dot_product_attention(q, k, v, mask, dropout_p=rate, scale=self.scale), None

    def _explicit(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, head_mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Step by step; the softmax of half precision is taken in float32. (B, H, T, C) each -> same, (B, H, T, S)."""
        scores = (q * self.scale) @ k.transpose(-2, -1)
        weights = self._weights(scores, mask, head_mask)
        return weights @ v, weights

    def _weights(self, scores: Tensor, mask: Tensor | None, head_mask: Tensor | None) -> Tensor:
        """Probabilities of the keys. (B, H, T, S) -> (B, H, T, S)."""
        if mask is not None:
            scores = scores.masked_fill(~mask, lowest(scores))
        weights = self.dropout(_softmax(scores))
        if head_mask is not None:
            factors = head_mask[self.heads]
            weights = weights * factors[:, None, None].to(weights.dtype)
        return weights

    def _split(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, H, T, C)."""
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)

    def _merge(self, x: Tensor) -> Tensor:
        """(B, H, T, C) -> (B, T, D)."""
        return x.transpose(1, 2).flatten(start_dim=2)


def _softmax(scores: Tensor) -> Tensor:
    """Over the last axis, at no less than float32."""
    precise = torch.promote_types(scores.dtype, torch.float32)
    return scores.softmax(dim=-1, dtype=precise).to(scores.dtype)
