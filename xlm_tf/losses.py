"""Losses; None in, None out. Mirror: xlm_torch/losses.py."""

from __future__ import annotations

import keras
import tensorflow as tf
from keras import ops

from xlm_core.inputs import check_labels, explain_labels

from .tensors import Tensor, described, visible_values

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
    precise = ops.cast(logits, keras.backend.result_type(logits.dtype, "float32"))
    counted = labels != IGNORED
    try:
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.where(counted, labels, tf.zeros_like(labels)), precise)
    except tf.errors.InvalidArgumentError as error:
        raise explain_labels(visible_values({"labels": given})["labels"], logits.shape[-1], IGNORED) from error
    total = ops.sum(tf.where(counted, each, tf.zeros_like(each)))
    return total / ops.cast(ops.maximum(ops.sum(ops.cast(counted, "int32")), 1), total.dtype)
