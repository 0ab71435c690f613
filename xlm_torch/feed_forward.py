"""Position-wise feed-forward network. Mirror: xlm_tf/feed_forward.py."""

from __future__ import annotations

from torch import Tensor, nn

from xlm_core.config import XLMConfig

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

    def forward(self, x: Tensor) -> Tensor:
        """x (B, T, D) -> (B, T, D)."""
        return self.dropout(self.lin2(self.activation(self.lin1(x))))
