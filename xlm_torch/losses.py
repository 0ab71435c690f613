"""Losses; None in, None out. Mirror: xlm_tf/losses.py."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from xlm_core.config import XLMConfig
from xlm_core.head_inputs import check_both_ends, check_labels, explain_labels, problem_type
from xlm_core.inputs import check_shape

from .tensors import described, visible_values

IGNORED = -100

CHUNK = 1 << 26
"""Scores that a part of a loss computes at once, 256 MiB in float32."""


def cross_entropy(logits: Tensor, labels: Tensor | None) -> Tensor | None:
    """Mean over the labels that are not -100; 0 where all are. logits (…, N), labels (…) -> ().

    Raises: InputError if the shapes differ or a label names no class.

    Differs: the mean of no labels is NaN in Hugging Face.
    """
    if labels is None:
        return None
    check_labels(described("labels", labels), tuple(logits.shape[:-1]))
    return _mean(logits, labels, labels)


def next_token_cross_entropy(logits: Tensor, labels: Tensor | None) -> Tensor | None:
    """The same, each position held against the label to its right. logits (B, T, V), labels (B, T) -> ()."""
    if labels is None:
        return None
    check_labels(described("labels", labels), tuple(logits.shape[:-1]))
    return _mean(logits[:, :-1], labels[:, 1:], labels)


def labelled_cross_entropy(
    score: Callable[[Tensor], Tensor], n_words: int, states: Tensor, labels: Tensor, *, causal: bool
) -> Tensor:
    """The same of ``score(states)``, which is computed only where there is a label. states (B, T, D), labels (B, T).

    score: (n, D) -> (n, V). Where there would be many scores they are computed in parts, no more than `CHUNK` at once,
    and each part once more for its gradient. On the meta device, which has no values, every word counts as labelled.

    Raises: InputError if the shapes differ or a label names no class.
    """
    check_labels(described("labels", labels), tuple(states.shape[:-1]))
    seen, wanted = (states[:, :-1], labels[:, 1:]) if causal else (states, labels)
    if states.is_meta:
        return _mean(score(seen), wanted, labels)
    counted = wanted != IGNORED
    rows, words = seen[counted], wanted[counted]
    size = max(1, CHUNK // n_words)
    few = size + states.shape[-1]  # a part's gradient of the words' table takes as much as the scores of D rows
    if len(words) <= few:
        total = _total(score, rows, words, labels)
    else:
        total = _total_in_parts(score, rows, words, labels, n_parts=-(-len(words) // size))
    return total / max(len(words), 1)


def _total(score: Callable[[Tensor], Tensor], rows: Tensor, words: Tensor, given: Tensor) -> Tensor:
    """The sum over rows (n, D) of what their words (n,) cost."""
    return _sum(score(rows), words, given)


def _total_in_parts(
    score: Callable[[Tensor], Tensor], rows: Tensor, words: Tensor, given: Tensor, n_parts: int
) -> Tensor:
    """The same, one part after the other."""
    size = -(-len(words) // n_parts)
    parts = zip(rows.split(size), words.split(size), strict=True)
    return sum(checkpoint(_total, score, *part, given, use_reentrant=False) for part in parts)


def classification_loss(config: XLMConfig, logits: Tensor, labels: Tensor | None) -> Tensor | None:
    """The loss of one text's labels, whose kind the config or the labels say. logits (B, N) -> ().

    A quantity: labels (B,) or (B, N), mean squared error. One class: labels (B,), cross-entropy. Several classes that
    hold or not: labels (B, N), binary cross-entropy, mean over all.

    Raises: InputError if the labels have another shape or name no class.
    """
    if labels is None:
        return None
    given = described("labels", labels)
    batch, classes = logits.shape
    kind = problem_type(config, given)
    if kind == "single_label_classification":
        return cross_entropy(logits, labels.reshape(-1) if given.shape == (batch, 1) else labels)
    check_shape("labels", given, *([(batch,), (batch, 1)] if classes == 1 else [(batch, classes)]))
    scores = _precise(logits)
    wanted = labels.reshape(logits.shape).to(scores.dtype)
    return F.mse_loss(scores, wanted) if kind == "regression" else binary_cross_entropy(scores, wanted)


def binary_cross_entropy(logits: Tensor, wanted: Tensor) -> Tensor:
    """Mean over all of what each logit costs, wanted being 1 or 0. (…), (…) -> ()."""
    scores = _precise(logits)
    return F.binary_cross_entropy_with_logits(scores, wanted.to(scores.dtype))


def span_loss(start: Tensor, end: Tensor, starts: Tensor | None, ends: Tensor | None) -> Tensor | None:
    """The mean of both ends' cross-entropy. start and end (B, T), starts and ends (B,) or (B, 1) -> ().

    Positions before the text count as its first, and those behind it are left out.

    Raises: InputError if only one end is given, or in another shape.
    """
    if not check_both_ends(starts, ends):
        return None
    first, last = (_position_loss(*each) for each in (("start_positions", start, starts), ("end_positions", end, ends)))
    return (first + last) / 2


def _position_loss(name: str, logits: Tensor, positions: Tensor) -> Tensor:
    """logits (B, T), positions (B,) or (B, 1) -> ()."""
    batch, size = logits.shape
    check_shape(name, described(name, positions), (batch,), (batch, 1))
    clamped = positions.reshape(-1).clamp(min=0)
    return cross_entropy(logits, torch.where(clamped < size, clamped, IGNORED))


def _mean(logits: Tensor, labels: Tensor, given: Tensor) -> Tensor:
    """Over the labels that count; ``given`` are the labels as the caller knows them. (…, N), (…) -> ()."""
    return _sum(logits, labels, given) / (labels != IGNORED).sum().clamp(min=1)


def _sum(logits: Tensor, labels: Tensor, given: Tensor) -> Tensor:
    """The same, added up at no less than float32. (…, N), (…) -> ()."""
    rows, wanted = _precise(logits).reshape(-1, logits.shape[-1]), labels.reshape(-1).long()
    try:
        return F.cross_entropy(rows, wanted, ignore_index=IGNORED, reduction="sum")
    except IndexError as error:
        raise explain_labels(visible_values({"labels": given})["labels"], logits.shape[-1], IGNORED) from error


def _precise(logits: Tensor) -> Tensor:
    """At no less than float32: a squared difference soon leaves half precision. (…) -> (…)."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))
