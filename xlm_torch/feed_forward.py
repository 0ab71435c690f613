"""Position-wise feed-forward network. Mirror: xlm_tf/feed_forward.py."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xlm_core.config import XLMConfig

from .kernels import fed_forward
from .layers import dense


class FeedForward(nn.Module):
    """D -> 4 D -> D, applied to each position on its own.

    Source: Vaswani et al. 2017, section 3.3; the activation of every released XLM is the exact GELU.
    """

    def __init__(self, config: XLMConfig) -> None:
        super().__init__()
        self.lin1 = dense(config, config.hidden_dim, config.emb_dim)
        self.lin2 = dense(config, config.emb_dim, config.hidden_dim)
        self.activation = nn.GELU() if config.gelu_activation else nn.ReLU()
        self.dropout = nn.Dropout(config.dropout)
        self.chunk_size = config.chunk_size_feed_forward

    def forward(self, x: Tensor) -> Tensor:
        """x (B, T, D) -> (B, T, D), ``config.chunk_size_feed_forward`` positions at a time unless that is 0.

        Differs: Hugging Face wants T to be a multiple of the chunk.
        """
        return self._in_chunks(x) if self.chunk_size else self._transform(x)

    def _in_chunks(self, x: Tensor) -> Tensor:
        """The same in less memory, one chunk of T after the other. (B, T, D) -> (B, T, D)."""
        return torch.cat([self._transform(chunk) for chunk in x.split(self.chunk_size, dim=1)], dim=1)

    def _transform(self, x: Tensor) -> Tensor:
        """(…, D) -> (…, D)."""
        return self.dropout(fed_forward(self.lin1, self.activation, self.lin2, x))
