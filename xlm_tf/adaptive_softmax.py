"""A softmax over a large vocabulary whose rare words share clusters. Mirror: xlm_torch/adaptive_softmax.py."""

from __future__ import annotations

import keras
from keras import ops

from xlm_core.config import XLMConfig

from .layers import ConfiguredLayer, dense
from .tensors import Tensor


class AdaptiveSoftmax(ConfiguredLayer):
    """The words before the first cutoff have a score each in the head, the others share one for each cluster.

    A cluster's words are scored by a pair of layers of their own, which are the narrower the rarer the words are. The
    words must be sorted by frequency, as XLM's vocabularies are.

    Source: Grave et al. 2017, section 4; sizes and names as in PyTorch's AdaptiveLogSoftmaxWithLoss.

    Differs: Hugging Face's models with ``config.asm`` fail on every input.
    """

    def __init__(self, config: XLMConfig, *, name: str) -> None:
        super().__init__(config, name=name)
        self.n_frequent = config.asm_cutoffs[0]
        clusters = config.asm_clusters
        self.head = dense(config, self.n_frequent + len(clusters), config.emb_dim, "head")
        self.tail = [_cluster(config, width, size) for width, size in clusters]

    def call(self, states: Tensor) -> Tensor:
        """states (…, D) -> (…, V), logarithms of probabilities."""
        head = ops.log_softmax(self.head(states), axis=-1)
        parts = [head[..., : self.n_frequent]]
        for number, (first, second) in enumerate(self.tail, start=self.n_frequent):
            parts.append(head[..., number, None] + ops.log_softmax(second(first(states)), axis=-1))
        return ops.concatenate(parts, axis=-1)


def _cluster(config: XLMConfig, width: int, size: int) -> list[keras.layers.Dense]:
    """The layers of one cluster, (…, D) -> (…, width) -> (…, size)."""
    return [dense(config, width, config.emb_dim, "0", bias=False), dense(config, size, width, "1", bias=False)]
