"""One vector per text. Mirror: xlm_tf/summary.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from xlm_core.config import XLMConfig
from xlm_core.outputs import BaseModelOutput

from .activations import activation
from .layers import dense
from .model import XLMModel
from .tensors import is_traced


class SequenceSummary(nn.Module):
    """Picks or averages the states of a text's tokens, then projects them.

    Differs: Hugging Face picks the last position and averages over all, padding or not; here only tokens count. For
        texts without padding the numbers are the same.
    """

    def __init__(self, config: XLMConfig) -> None:
        super().__init__()
        self.pick = _PICKS[config.summary_type]
        self.first_dropout = nn.Dropout(config.summary_first_dropout)
        self.summary = dense(config, config.summary_dim, config.emb_dim) if config.summary_use_proj else nn.Identity()
        self.activation = activation(config.summary_activation)
        self.last_dropout = nn.Dropout(config.summary_last_dropout or 0.0)

    def forward(self, states: Tensor, padding: Tensor) -> Tensor:
        """states (B, T, D), padding (B, T) -> (B, summary_dim)."""
        picked = self.first_dropout(self.pick(states, padding))
        return self.last_dropout(self.activation(self.summary(picked)))


def states_to_summarise(body: XLMModel, texts: Mapping[str, Any]) -> BaseModelOutput[Tensor]:
    """The body's output; its states are those of the first position alone, (B, 1, D), where no others are read."""
    if body.config.summary_type != "first" or is_traced():
        return body(return_dict=True, **texts)
    first = texts["inputs_embeds"] if texts.get("input_ids") is None else texts["input_ids"]
    columns = torch.zeros(len(first), 1, dtype=torch.long, device=first.device)
    return body.forward_at(columns, **texts)


def first_state(states: Tensor, padding: Tensor) -> Tensor:
    """The state of the first position. states (B, T, D), padding (B, T) -> (B, D)."""
    return states[:, 0]


def last_state(states: Tensor, padding: Tensor) -> Tensor:
    """The state of the last token. states (B, T, D), padding (B, T) -> (B, D)."""
    position = torch.arange(states.shape[1], device=states.device)
    last = torch.where(padding, position, 0).amax(dim=1)
    return states[torch.arange(states.shape[0], device=states.device), last]


def mean_state(states: Tensor, padding: Tensor) -> Tensor:
    """The mean of the tokens' states, which are 0 at padding. states (B, T, D), padding (B, T) -> (B, D)."""
    count = padding.sum(dim=1, keepdim=True).clamp(min=1)
    return states.sum(dim=1) / count.to(states.dtype)


_PICKS = {"first": first_state, "last": last_state, "mean": mean_state, "cls_index": last_state}
