"""XLM written down once more, in numpy and float64, from the paper and nothing else: the third opinion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from xlm_core.config import XLMConfig

Arrays = Mapping[str, np.ndarray]


def language_model(
    config: XLMConfig, weights: Arrays, *, labels: np.ndarray | None = None, **inputs: Any
) -> dict[str, Any]:
    """All output fields of XLMWithLMHeadModel; the weights are those of the manifest."""
    prefix = "transformer."
    own = {name.removeprefix(prefix): array.astype(np.float64) for name, array in weights.items()}
    output = body(config, own, **inputs)
    states = output.pop("last_hidden_state")
    logits = (
        adaptive_softmax(config, own, states)
        if config.asm
        else states @ own["embeddings.weight"].T + own["pred_layer.proj.bias"]
    )
    loss = {} if labels is None else {"loss": mean_cross_entropy(logits, labels, shifted=config.causal)}
    return loss | {"logits": logits} | output


def adaptive_softmax(config: XLMConfig, weights: Arrays, states: np.ndarray) -> np.ndarray:
    """Logarithms of the probabilities, word by word: of a frequent word, or of its cluster times its own in it."""
    head = np.exp(log_softmax(linear(states, weights, "pred_layer.proj.head")))
    chances = [head[..., word] for word in range(config.asm_cutoffs[0])]
    for number, (low, high) in enumerate(
        zip(config.asm_cutoffs, [*config.asm_cutoffs[1:], config.vocab_size], strict=True)
    ):
        narrow, wide = (weights[f"pred_layer.proj.tail.{number}.{layer}.weight"] for layer in (0, 1))
        inside = np.exp(log_softmax(states @ narrow.T @ wide.T))
        chances += [head[..., config.asm_cutoffs[0] + number] * inside[..., word] for word in range(high - low)]
    return np.log(np.stack(chances, -1))


def body(
    config: XLMConfig,
    weights: Arrays,
    *,
    input_ids: np.ndarray,
    attention_mask: np.ndarray | None = None,
    lengths: np.ndarray | None = None,
    langs: np.ndarray | None = None,
    token_type_ids: np.ndarray | None = None,
    position_ids: np.ndarray | None = None,
    head_mask: np.ndarray | None = None,
) -> dict[str, Any]:
    """All output fields of XLMModel."""
    w = {name: array.astype(np.float64) for name, array in weights.items()}
    size = input_ids.shape[1]
    if lengths is None:
        lengths = (input_ids != config.pad_index).sum(1)
    real = np.arange(size) < lengths[:, None] if attention_mask is None else attention_mask.astype(bool)
    seen = np.broadcast_to(real[:, None, :], (*input_ids.shape, size))
    if config.causal:
        seen = seen & np.tri(size, dtype=bool)
    positions = np.arange(size) if position_ids is None else position_ids
    x = w["embeddings.weight"][input_ids] + w["position_embeddings.weight"][positions]
    if langs is not None:
        x = x + w["lang_embeddings.weight"][langs]
    if token_type_ids is not None:
        x = x + w["embeddings.weight"][token_type_ids]
    x = normalised(x, w, "layer_norm_emb", config.layer_norm_eps) * real[..., None]
    states, attentions = [x], []
    for layer in range(config.n_layers):
        factors = np.ones(config.n_heads) if head_mask is None else head_mask[layer].astype(np.float64)
        context, probabilities = attention(x, w, f"attentions.{layer}", seen, config.n_heads, factors)
        x = normalised(x + context, w, f"layer_norm1.{layer}", config.layer_norm_eps)
        hidden = gelu(linear(x, w, f"ffns.{layer}.lin1"))
        x = normalised(x + linear(hidden, w, f"ffns.{layer}.lin2"), w, f"layer_norm2.{layer}", config.layer_norm_eps)
        x = x * real[..., None]
        states.append(x)
        attentions.append(probabilities)
    return {"last_hidden_state": x, "hidden_states": tuple(states), "attentions": tuple(attentions)}


def attention(
    x: np.ndarray, w: Arrays, name: str, seen: np.ndarray, n_heads: int, factors: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One head after the other. (B, T, D) -> (B, T, D), (B, H, T, S)."""
    q, k, v = (linear(x, w, f"{name}.{part}_lin") for part in "qkv")
    width = x.shape[-1] // n_heads
    contexts, all_probabilities = [], []
    for head in range(n_heads):
        own = slice(head * width, (head + 1) * width)
        scores = q[..., own] @ k[..., own].swapaxes(1, 2) / math.sqrt(width)
        scores = np.where(seen, scores, np.finfo(np.float32).min)
        exponents = np.exp(scores - scores.max(-1, keepdims=True))
        probabilities = exponents / exponents.sum(-1, keepdims=True) * factors[head]
        contexts.append(probabilities @ v[..., own])
        all_probabilities.append(probabilities)
    return linear(np.concatenate(contexts, -1), w, f"{name}.out_lin"), np.stack(all_probabilities, 1)


def linear(x: np.ndarray, w: Arrays, name: str) -> np.ndarray:
    return x @ w[f"{name}.weight"].astype(np.float64).T + w[f"{name}.bias"]


def normalised(x: np.ndarray, w: Arrays, name: str, eps: float) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + eps) * w[f"{name}.weight"] + w[f"{name}.bias"]


def gelu(x: np.ndarray) -> np.ndarray:
    return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2


def mean_cross_entropy(logits: np.ndarray, labels: np.ndarray, *, shifted: bool = False) -> np.ndarray:
    """Over the labels that are not -100."""
    if shifted:
        logits, labels = logits[:, :-1], labels[:, 1:]
    log_probabilities = log_softmax(logits)
    counted = labels != -100
    return -np.take_along_axis(log_probabilities[counted], labels[counted][:, None], -1).mean()


def sequence_classification(
    config: XLMConfig, weights: Arrays, *, labels: np.ndarray | None = None, **inputs: Any
) -> dict[str, Any]:
    """All output fields of XLMForSequenceClassification."""
    states, asked = _states(config, weights, inputs)
    logits = summary(config, weights, states, real_tokens(config, inputs))
    if labels is None:
        loss = None
    elif config.num_labels == 1 or config.problem_type == "regression":
        loss = ((logits - labels.reshape(logits.shape)) ** 2).mean()
    elif labels.dtype.kind == "f":
        loss = (np.logaddexp(0, logits) - labels * logits).mean()
    else:
        loss = mean_cross_entropy(logits, labels)
    return _given(loss=loss, logits=logits) | asked


def token_classification(
    config: XLMConfig, weights: Arrays, *, labels: np.ndarray | None = None, **inputs: Any
) -> dict[str, Any]:
    """All output fields of XLMForTokenClassification."""
    states, asked = _states(config, weights, inputs)
    logits = linear(states, weights, "classifier")
    return _given(loss=None if labels is None else mean_cross_entropy(logits, labels), logits=logits) | asked


def multiple_choice(
    config: XLMConfig, weights: Arrays, *, labels: np.ndarray | None = None, **inputs: Any
) -> dict[str, Any]:
    """All output fields of XLMForMultipleChoice, one choice after the other."""
    batch, n_choices = inputs["input_ids"].shape[:2]
    own = {name: x if name == "head_mask" else x.reshape(-1, *x.shape[2:]) for name, x in inputs.items()}
    states, asked = _states(config, weights, own)
    vectors = summary(config, weights, states, real_tokens(config, own))
    logits = linear(vectors, weights, "logits_proj").reshape(batch, n_choices)
    return _given(loss=None if labels is None else mean_cross_entropy(logits, labels), logits=logits) | asked


def spans(
    config: XLMConfig,
    weights: Arrays,
    *,
    start_positions: np.ndarray | None = None,
    end_positions: np.ndarray | None = None,
    **inputs: Any,
) -> dict[str, Any]:
    """All output fields of XLMForQuestionAnsweringSimple."""
    states, asked = _states(config, weights, inputs)
    scores = linear(states, weights, "qa_outputs")
    scores = np.where(real_tokens(config, inputs)[..., None], scores, np.finfo(np.float32).min)
    start, end = scores[..., 0], scores[..., 1]
    size = start.shape[1]
    loss = None
    if start_positions is not None:
        ends = [(start, start_positions), (end, end_positions)]
        losses = [mean_cross_entropy(s, np.where(p >= size, -100, np.maximum(p, 0))) for s, p in ends]
        loss = sum(losses) / 2
    return _given(loss=loss, start_logits=start, end_logits=end) | asked


def beam_spans(
    config: XLMConfig,
    weights: Arrays,
    *,
    start_positions: np.ndarray | None = None,
    end_positions: np.ndarray | None = None,
    is_impossible: np.ndarray | None = None,
    cls_index: np.ndarray | None = None,
    p_mask: np.ndarray | None = None,
    **inputs: Any,
) -> dict[str, Any]:
    """All output fields of XLMForQuestionAnswering, one text and one start after the other."""
    states, asked = _states(config, weights, inputs)
    real = real_tokens(config, inputs)
    allowed = real if p_mask is None else real & (p_mask == 0)
    tells = [np.flatnonzero(row)[-1] for row in real] if cls_index is None else cls_index
    head = _BeamHead(weights, config.layer_norm_eps)
    rows = list(zip(states, allowed, tells, strict=True))
    if start_positions is not None:
        learnt = zip(rows, start_positions, end_positions, strict=True)
        loss = np.mean([head.loss(*row[:2], start, end) for row, start, end in learnt])
        if is_impossible is not None:
            logits = np.array(
                [head.answer(row[0][s], row[0][row[2]]) for row, s in zip(rows, start_positions, strict=True)]
            )
            loss += (np.logaddexp(0, logits) - is_impossible * logits).mean() / 2
        return {"loss": loss} | asked
    found = [head.beam(*row, config.start_n_top, config.end_n_top) for row in rows]
    names = ("start_top_log_probs", "start_top_index", "end_top_log_probs", "end_top_index", "cls_logits")
    return {name: np.stack([each[i] for each in found]) for i, name in enumerate(names)} | asked


class _BeamHead:
    """The beam head on one text."""

    def __init__(self, weights: Arrays, eps: float) -> None:
        self.weights = {name.removeprefix("qa_outputs."): x.astype(np.float64) for name, x in weights.items()}
        self.eps = eps

    def start(self, states: np.ndarray, allowed: np.ndarray) -> np.ndarray:
        return np.where(allowed, linear(states, self.weights, "start_logits.dense")[:, 0], -np.inf)

    def end(self, states: np.ndarray, allowed: np.ndarray, start: np.ndarray) -> np.ndarray:
        pairs = np.concatenate([states, np.broadcast_to(start, states.shape)], -1)
        hidden = np.tanh(linear(pairs, self.weights, "end_logits.dense_0"))
        hidden = normalised(hidden, self.weights, "end_logits.LayerNorm", self.eps)
        return np.where(allowed, linear(hidden, self.weights, "end_logits.dense_1")[:, 0], -np.inf)

    def answer(self, start: np.ndarray, cls: np.ndarray) -> np.ndarray:
        hidden = np.tanh(linear(np.concatenate([start, cls]), self.weights, "answer_class.dense_0"))
        return hidden @ self.weights["answer_class.dense_1.weight"][0]

    def loss(self, states: np.ndarray, allowed: np.ndarray, start: int, end: int) -> float:
        starts, ends = self.start(states, allowed), self.end(states, allowed, states[start])
        return -(np.log(probabilities(starts)[start]) + np.log(probabilities(ends)[end])) / 2

    def beam(self, states: np.ndarray, allowed: np.ndarray, tell: int, n_starts: int, n_ends: int) -> tuple[Any, ...]:
        start_probabilities = probabilities(self.start(states, allowed))
        start_values, starts = top(start_probabilities, allowed, n_starts)
        end_values, ends = np.zeros((n_ends, n_starts)), np.full((n_ends, n_starts), -1)
        for column, start in enumerate(starts):
            if start >= 0:
                chances = probabilities(self.end(states, allowed, states[start]))
                end_values[:, column], ends[:, column] = top(chances, allowed, n_ends)
        expected = start_probabilities @ states
        return start_values, starts, end_values.ravel(), ends.ravel(), self.answer(expected, states[tell])


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    scores = scores - scores.max(-1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(-1, keepdims=True))


def probabilities(scores: np.ndarray) -> np.ndarray:
    exponents = np.exp(scores - scores.max())
    return exponents / exponents.sum()


def top(chances: np.ndarray, allowed: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The best of those allowed, then 0 and -1."""
    order = [i for i in np.argsort(-chances, kind="stable") if allowed[i]][:count]
    missing = count - len(order)
    return np.array([*chances[order], *[0.0] * missing]), np.array([*order, *[-1] * missing])


def summary(config: XLMConfig, weights: Arrays, states: np.ndarray, real: np.ndarray) -> np.ndarray:
    """(B, T, D) -> (B, summary_dim)."""
    picked = {
        "first": lambda: states[:, 0],
        "last": lambda: np.stack([row[np.flatnonzero(r)[-1]] for row, r in zip(states, real, strict=True)]),
        "mean": lambda: np.stack([row[r].mean(0) for row, r in zip(states, real, strict=True)]),
    }[config.summary_type]()
    vectors = linear(picked, weights, "sequence_summary.summary") if config.summary_use_proj else picked
    return {"tanh": np.tanh, "gelu": gelu, None: lambda x: x}[config.summary_activation](vectors)


def real_tokens(config: XLMConfig, inputs: dict[str, Any]) -> np.ndarray:
    """(B, T), True where a token is."""
    if "attention_mask" in inputs:
        return inputs["attention_mask"].astype(bool)
    ids = inputs["input_ids"]
    lengths = inputs.get("lengths", (ids != config.pad_index).sum(1))
    return np.arange(ids.shape[1]) < lengths[:, None]


def _states(config: XLMConfig, weights: Arrays, inputs: dict[str, Any]) -> tuple[np.ndarray, dict[str, Any]]:
    """The body's last states, and what else was asked of it."""
    own = {name.removeprefix("transformer."): x for name, x in weights.items() if name.startswith("transformer.")}
    output = body(config, own, **inputs)
    return output.pop("last_hidden_state"), output


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
