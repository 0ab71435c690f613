"""Spans by a beam over their starts. Mirror: xlm_torch/span_head.py."""

from __future__ import annotations

import tensorflow as tf
from keras import ops

from xlm_core.config import XLMConfig
from xlm_core.errors import InputError
from xlm_core.head_inputs import check_positions
from xlm_core.inputs import check_shape

from .layers import ConfiguredLayer, dense, layer_norm
from .losses import binary_cross_entropy, cross_entropy
from .masks import lowest
from .summary import last_state
from .tensors import Tensor, described, is_traced, visible_values


class StartLogits(ConfiguredLayer):
    """A score for each position to start the span."""

    def __init__(self, config: XLMConfig, *, name: str) -> None:
        super().__init__(config, name=name)
        self.dense = dense(config, 1, config.emb_dim, "dense")

    def call(self, states: Tensor) -> Tensor:
        """states (B, T, D) -> (B, T)."""
        return ops.squeeze(self.dense(states), -1)


class EndLogits(ConfiguredLayer):
    """A score for each position to end the span, given where it starts."""

    def __init__(self, config: XLMConfig, *, name: str) -> None:
        super().__init__(config, name=name)
        self.dense_0 = dense(config, config.emb_dim, 2 * config.emb_dim, "dense_0")
        self.LayerNorm = layer_norm(config, "LayerNorm")
        self.dense_1 = dense(config, 1, config.emb_dim, "dense_1")

    def call(self, states: Tensor, starts: Tensor) -> Tensor:
        """states (B, T, D), starts (B, S, D) -> (B, S, T), a row for each start."""
        shape = (ops.shape(states)[0], ops.shape(starts)[1], *ops.shape(states)[1:])
        both = [ops.broadcast_to(x, shape) for x in (states[:, None], starts[:, :, None])]
        pairs = ops.concatenate(both, axis=-1)
        return ops.squeeze(self.dense_1(self.LayerNorm(ops.tanh(self.dense_0(pairs)))), -1)


class AnswerClass(ConfiguredLayer):
    """A score for the question to have no answer."""

    def __init__(self, config: XLMConfig, *, name: str) -> None:
        super().__init__(config, name=name)
        self.dense_0 = dense(config, config.emb_dim, 2 * config.emb_dim, "dense_0")
        self.dense_1 = dense(config, 1, config.emb_dim, "dense_1", bias=False)

    def call(self, start: Tensor, cls: Tensor) -> Tensor:
        """start and cls (B, D) -> (B,)."""
        return ops.squeeze(self.dense_1(ops.tanh(self.dense_0(ops.concatenate([start, cls], axis=-1)))), -1)


class SpanHead(ConfiguredLayer):
    """Start, end given start, and whether there is an answer."""

    def __init__(self, config: XLMConfig, *, name: str) -> None:
        super().__init__(config, name=name)
        self.n_starts, self.n_ends = config.start_n_top, config.end_n_top
        self.start_logits = StartLogits(config, name="start_logits")
        self.end_logits = EndLogits(config, name="end_logits")
        self.answer_class = AnswerClass(config, name="answer_class")

    def call(
        self, states: Tensor, padding: Tensor, *, cls_index: Tensor | None = None, p_mask: Tensor | None = None
    ) -> dict[str, Tensor]:
        """states (B, T, D), padding (B, T) -> the best spans, by their names in the output."""
        allowed = allow(padding, p_mask)
        start_probabilities = probabilities(self.start_logits(states), allowed)
        start_values, start_index = best(start_probabilities, allowed, self.n_starts)
        starts = gather_positions(states, ops.maximum(start_index, 0))
        end_probabilities = probabilities(self.end_logits(states, starts), allowed[:, None])
        is_span = ops.logical_and(allowed[:, None], (start_index >= 0)[..., None])
        end_values, end_index = best(end_probabilities, is_span, self.n_ends)
        expected_start = ops.squeeze(ops.matmul(start_probabilities[:, None], states), 1)
        flat = (-1, self.n_ends * self.n_starts)
        return {
            "start_top_log_probs": start_values,
            "start_top_index": start_index,
            "end_top_log_probs": ops.reshape(ops.swapaxes(end_values, 1, 2), flat),
            "end_top_index": ops.reshape(ops.swapaxes(end_index, 1, 2), flat),
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
        end_logits = masked(ops.squeeze(self.end_logits(states, start), 1), allowed)
        loss = (cross_entropy(start_logits, begins) + cross_entropy(end_logits, ends)) / 2
        if is_impossible is None:
            return {"loss": loss}
        if cls_index is None:
            raise InputError("`is_impossible` needs `cls_index`, the position that tells; got None.")
        batch = states.shape[0]
        check_shape("is_impossible", described("is_impossible", is_impossible), (batch,), (batch, 1))
        scores = self.answer_class(ops.squeeze(start, 1), cls_state(states, padding, cls_index))
        return {"loss": loss + binary_cross_entropy(scores, ops.reshape(is_impossible, (-1,))) / 2}


def allow(padding: Tensor, p_mask: Tensor | None) -> Tensor:
    """Where an answer may be: on tokens that p_mask does not forbid. (B, T), (B, T) -> (B, T)."""
    if p_mask is None:
        return padding
    check_shape("p_mask", described("p_mask", p_mask), tuple(padding.shape))
    return ops.logical_and(padding, ops.logical_not(ops.cast(p_mask, "bool")))


def masked(logits: Tensor, allowed: Tensor) -> Tensor:
    """The lowest score there is where nothing is allowed. (…, T), (…, T) -> (…, T)."""
    return ops.where(allowed, logits, ops.cast(lowest(logits), logits.dtype))


def probabilities(logits: Tensor, allowed: Tensor) -> Tensor:
    """Over the last axis, 0 where nothing is allowed. (…, T), (…, T) -> (…, T)."""
    return ops.softmax(masked(logits, allowed), axis=-1)


def best(chances: Tensor, allowed: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The highest of the last axis and where they are, 0 and -1 where no more are. (…, T) -> (…, count), (…, count)."""
    padded = [[0, 0]] * (chances.shape.rank - 1) + [[0, count]]
    ranked = tf.pad(ops.where(allowed, chances, ops.cast(-1, chances.dtype)), padded, constant_values=-1)
    values, indices = tf.math.top_k(ranked, count)
    return ops.maximum(values, 0), tf.cast(tf.where(values < 0, -1, indices), "int64")


def gather_positions(states: Tensor, index: Tensor) -> Tensor:
    """states (B, T, D), index (B, S) -> (B, S, D)."""
    return tf.gather(states, index, batch_dims=1)


def cls_state(states: Tensor, padding: Tensor, cls_index: Tensor | None) -> Tensor:
    """The state that tells whether there is an answer. (B, T, D), (B, T), (B,) or (B, 1) -> (B, D)."""
    if cls_index is None:
        return last_state(states, padding)
    return ops.squeeze(gather_positions(states, one_position("cls_index", cls_index, states)[:, None]), 1)


def one_position(name: str, positions: Tensor, states: Tensor) -> Tensor:
    """A position for each text, checked where its value can be seen. (B,) or (B, 1) -> (B,)."""
    batch, size = states.shape[:2]
    check_shape(name, described(name, positions), (batch,), (batch, 1))
    if not is_traced():
        check_positions(visible_values({name: positions}), size)
    return ops.reshape(positions, (-1,))
