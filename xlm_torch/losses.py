"""Losses; None in, None out. Mirror: xlm_tf/losses.py."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from xlm_core.inputs import check_labels, explain_labels

from .tensors import described, visible_values

IGNORED = -100


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


def _mean(logits: Tensor, labels: Tensor, given: Tensor) -> Tensor:
    """At no less than float32; ``given`` are the labels as the caller knows them. (…, N), (…) -> ()."""
    precise = logits.to(torch.promote_types(logits.dtype, torch.float32))
    rows, wanted = precise.reshape(-1, logits.shape[-1]), labels.reshape(-1).long()
    try:
        total = F.cross_entropy(rows, wanted, ignore_index=IGNORED, reduction="sum")
    except IndexError as error:
        raise explain_labels(visible_values({"labels": given})["labels"], logits.shape[-1], IGNORED) from error
    return total / (labels != IGNORED).sum().clamp(min=1)
