"""A softmax over a large vocabulary whose rare words share clusters. Mirror: xlm_tf/adaptive_softmax.py."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xlm_core.config import XLMConfig

from .layers import dense


class AdaptiveSoftmax(nn.Module):
    """The words before the first cutoff have a score each in the head, the others share one for each cluster.

    A cluster's words are scored by a pair of layers of their own, which are the narrower the rarer the words are. The
    words must be sorted by frequency, as XLM's vocabularies are.

    Source: Grave et al. 2017, section 4; sizes and names as in PyTorch's AdaptiveLogSoftmaxWithLoss.

    Differs: Hugging Face's models with ``config.asm`` fail on every input.
    """

    def __init__(self, config: XLMConfig) -> None:
        super().__init__()
        self.n_frequent = config.asm_cutoffs[0]
        clusters = config.asm_clusters
        self.head = dense(config, self.n_frequent + len(clusters), config.emb_dim)
        self.tail = nn.ModuleList(_cluster(config, width, size) for width, size in clusters)

    def forward(self, states: Tensor) -> Tensor:
        """states (…, D) -> (…, V), logarithms of probabilities."""
        head = self.head(states).log_softmax(dim=-1)
        parts = [head[..., : self.n_frequent]]
        for number, cluster in enumerate(self.tail, start=self.n_frequent):
            parts.append(head[..., number, None] + cluster(states).log_softmax(dim=-1))
        return torch.cat(parts, dim=-1)


def _cluster(config: XLMConfig, width: int, size: int) -> nn.Sequential:
    """The layers of one cluster, (…, D) -> (…, width) -> (…, size)."""
    return nn.Sequential(dense(config, width, config.emb_dim, bias=False), dense(config, size, width, bias=False))
