"""Spans by a beam over their starts. Mirror: xlm_tf/span_head.py."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xlm_core.config import XLMConfig
from xlm_core.errors import InputError
from xlm_core.head_inputs import check_positions
from xlm_core.inputs import check_shape

from .layers import dense, layer_norm
from .losses import binary_cross_entropy, cross_entropy
from .masks import lowest
from .summary import last_state
from .tensors import described, is_traced, visible_values


class StartLogits(nn.Module):
    """A score for each position to start the span."""

    def __init__(self, config: XLMConfig) -> None:
        super().__init__()
        self.dense = dense(config, 1, config.emb_dim)

    def forward(self, states: Tensor) -> Tensor:
        """states (B, T, D) -> (B, T)."""
        return self.dense(states).squeeze(-1)


class EndLogits(nn.Module):
    """A score for each position to end the span, given where it starts."""

    def __init__(self, config: XLMConfig) -> None:
        super().__init__()
        self.dense_0 = dense(config, config.emb_dim, 2 * config.emb_dim)
        self.LayerNorm = layer_norm(config)
        self.dense_1 = dense(config, 1, config.emb_dim)

    def forward(self, states: Tensor, starts: Tensor) -> Tensor:
        """states (B, T, D), starts (B, S, D) -> (B, S, T), a row for each start."""
        shape = (states.shape[0], starts.shape[1], *states.shape[1:])
        pairs = torch.cat([states[:, None].expand(shape), starts[:, :, None].expand(shape)], dim=-1)
        return self.dense_1(self.LayerNorm(self.dense_0(pairs).tanh())).squeeze(-1)


class AnswerClass(nn.Module):
    """A score for the question to have no answer."""

    def __init__(self, config: XLMConfig) -> None:
        super().__init__()
        self.dense_0 = dense(config, config.emb_dim, 2 * config.emb_dim)
        self.dense_1 = dense(config, 1, config.emb_dim, bias=False)

    def forward(self, start: Tensor, cls: Tensor) -> Tensor:
        """start and cls (B, D) -> (B,)."""
        return self.dense_1(self.dense_0(torch.cat([start, cls], dim=-1)).tanh()).squeeze(-1)


class SpanHead(nn.Module):
    """Start, end given start, and whether there is an answer."""

    def __init__(self, config: XLMConfig) -> None:
        super().__init__()
        self.n_starts, self.n_ends = config.start_n_top, config.end_n_top
        self.start_logits = StartLogits(config)
        self.end_logits = EndLogits(config)
        self.answer_class = AnswerClass(config)

    def forward(
        self, states: Tensor, padding: Tensor, *, cls_index: Tensor | None = None, p_mask: Tensor | None = None
    ) -> dict[str, Tensor]:
        """states (B, T, D), padding (B, T) -> the best spans, by their names in the output."""
        allowed = allow(padding, p_mask)
        start_probabilities = probabilities(self.start_logits(states), allowed)
        start_values, start_index = best(start_probabilities, allowed, self.n_starts)
        starts = gather_positions(states, start_index.clamp(min=0))
        end_probabilities = probabilities(self.end_logits(states, starts), allowed[:, None])
        is_span = allowed[:, None] & (start_index >= 0)[..., None]
        end_values, end_index = best(end_probabilities, is_span, self.n_ends)
        expected_start = (start_probabilities[:, None] @ states).squeeze(1)
        return {
            "start_top_log_probs": start_values,
            "start_top_index": start_index,
            "end_top_log_probs": end_values.transpose(1, 2).flatten(1),
            "end_top_index": end_index.transpose(1, 2).flatten(1),
            "cls_logits": self.answer_class(expected_start, cls_state(states, padding, cls_index)),
        }

    def learn(
        self,
        states: Tensor,
        padding: Tensor,
        start_positions: Tensor,
        end_positions: Tensor,
        *,
        is_impossible: Tensor | None = None,
        cls_index: Tensor | None = None,
        p_mask: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """states (B, T, D), padding (B, T), positions (B,) or (B, 1) -> the loss (), by its name in the output."""
        allowed = allow(padding, p_mask)
        begins = one_position("start_positions", start_positions, states)
        ends = one_position("end_positions", end_positions, states)
        start_logits = masked(self.start_logits(states), allowed)
        start = gather_positions(states, begins[:, None])
        end_logits = masked(self.end_logits(states, start).squeeze(1), allowed)
        loss = (cross_entropy(start_logits, begins) + cross_entropy(end_logits, ends)) / 2
        if is_impossible is None:
            return {"loss": loss}
        if cls_index is None:
            raise InputError("`is_impossible` needs `cls_index`, the position that tells; got None.")
        batch = states.shape[0]
        check_shape("is_impossible", described("is_impossible", is_impossible), (batch,), (batch, 1))
        scores = self.answer_class(start.squeeze(1), cls_state(states, padding, cls_index))
        return {"loss": loss + binary_cross_entropy(scores, is_impossible.reshape(-1)) / 2}


def allow(padding: Tensor, p_mask: Tensor | None) -> Tensor:
    """Where an answer may be: on tokens that p_mask does not forbid. (B, T), (B, T) -> (B, T)."""
    if p_mask is None:
        return padding
    check_shape("p_mask", described("p_mask", p_mask), tuple(padding.shape))
    return padding & (p_mask == 0)


def masked(logits: Tensor, allowed: Tensor) -> Tensor:
    """The lowest score there is where nothing is allowed. (…, T), (…, T) -> (…, T)."""
    return logits.masked_fill(~allowed, lowest(logits))


def probabilities(logits: Tensor, allowed: Tensor) -> Tensor:
    """Over the last axis, 0 where nothing is allowed. (…, T), (…, T) -> (…, T)."""
    return masked(logits, allowed).softmax(dim=-1)


def best(chances: Tensor, allowed: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The highest of the last axis and where they are, 0 and -1 where no more are. (…, T) -> (…, count), (…, count)."""
    ranked = F.pad(torch.where(allowed, chances, -1.0), (0, count), value=-1.0).topk(count, dim=-1)
    return ranked.values.clamp(min=0), torch.where(ranked.values < 0, -1, ranked.indices)


def gather_positions(states: Tensor, index: Tensor) -> Tensor:
    """states (B, T, D), index (B, S) -> (B, S, D)."""
    return states.gather(1, index[..., None].expand(-1, -1, states.shape[-1]))


def cls_state(states: Tensor, padding: Tensor, cls_index: Tensor | None) -> Tensor:
    """The state that tells whether there is an answer. (B, T, D), (B, T), (B,) or (B, 1) -> (B, D)."""
    if cls_index is None:
        return last_state(states, padding)
    return gather_positions(states, one_position("cls_index", cls_index, states)[:, None]).squeeze(1)


def one_position(name: str, positions: Tensor, states: Tensor) -> Tensor:
    """A position for each text, checked where its value can be seen. (B,) or (B, 1) -> (B,)."""
    batch, size = states.shape[:2]
    check_shape(name, described(name, positions), (batch,), (batch, 1))
    if not is_traced():
        check_positions(visible_values({name: positions}), size)
    return positions.reshape(-1).long()
