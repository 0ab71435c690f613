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
    logits = states @ own["embeddings.weight"].T + own["pred_layer.proj.bias"]
    loss = {} if labels is None else {"loss": mean_cross_entropy(logits, labels, shifted=config.causal)}
    return loss | {"logits": logits} | output


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
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def normalised(x: np.ndarray, w: Arrays, name: str, eps: float) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + eps) * w[f"{name}.weight"] + w[f"{name}.bias"]


def gelu(x: np.ndarray) -> np.ndarray:
    return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2


def mean_cross_entropy(logits: np.ndarray, labels: np.ndarray, *, shifted: bool) -> np.ndarray:
    """Over the labels that are not -100."""
    if shifted:
        logits, labels = logits[:, :-1], labels[:, 1:]
    logits = logits - logits.max(-1, keepdims=True)
    log_probabilities = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    rows, columns = np.nonzero(labels != -100)
    return -log_probabilities[rows, columns, labels[rows, columns]].mean()
