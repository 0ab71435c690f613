"""Losses; None in, None out. Mirror: xlm_torch/losses.py."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from xlm_core.config import XLMConfig
from xlm_core.errors import InputError
from xlm_core.head_inputs import check_both_ends, check_labels, explain_labels, problem_type
from xlm_core.inputs import check_shape

from .tensors import Tensor, described, is_traced, visible_values

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
    score: keras.layers.Layer,
    n_words: int,
    states: Tensor,
    labels: Tensor,
    *,
    causal: bool,
    training: bool | None = None,
) -> Tensor:
    """The same of ``score(states)``, which is computed only where there is a label. states (B, T, D), labels (B, T).

    score: (n, D) -> (n, V). Where there would be many scores they are computed in parts, no more than `CHUNK` at once,
    and in training each part's gradients with it. XLA, whose sizes are fixed, computes all at once.

    Raises: InputError if the shapes differ or a label names no class, and for second derivatives of a loss in parts.
    """
    check_labels(described("labels", labels), tuple(states.shape[:-1]))
    seen, wanted = (states[:, :-1], labels[:, 1:]) if causal else (states, labels)
    counted = wanted != IGNORED
    rows, words = tf.boolean_mask(seen, counted), tf.boolean_mask(wanted, counted)
    size = max(1, CHUNK // n_words)
    few = size + states.shape[-1]  # a part's gradient of the words' table takes as much as the scores of D rows
    if _are_at_once(words, counted, few):
        total = _total(score, rows, words, labels)
    else:
        n_parts = tf.where(tf.size(words) > few, -(-tf.size(words) // size), 1)
        total = _total_in_parts(score, rows, words, labels, n_parts, learns=bool(training))
    return total / ops.cast(ops.maximum(ops.size(words), 1), total.dtype)


def _are_at_once(words: Tensor, counted: Tensor, few: int) -> bool:
    """Whether it is known that there are few words, or that XLA computes them. words (n,), counted (B, T)."""
    most = counted.shape.num_elements() if is_traced() else len(words)
    return (most is not None and most <= few) or tf.__internal__.get_enclosing_xla_context() is not None


def _total(score: Callable[[Tensor], Tensor], rows: Tensor, words: Tensor, given: Tensor) -> Tensor:
    """The sum over rows (n, D) of what their words (n,) cost."""
    return _sum(score(rows), words, given)


def _total_in_parts(
    score: keras.layers.Layer, rows: Tensor, words: Tensor, given: Tensor, n_parts: Tensor, *, learns: bool
) -> Tensor:
    """The same, one part after the other."""
    weights = score.trainable_variables
    frozen = [(weight, tf.stop_gradient(tf.convert_to_tensor(weight))) for weight in score.non_trainable_variables]

    @tf.custom_gradient
    def total(*tensors: Tensor) -> tuple[Tensor, Any]:
        own, *values = map(tf.stop_gradient, tensors)  # of which no tape keeps what is computed with them
        compute = partial(_part, score, [*zip(weights, values, strict=True), *frozen], [own, *values], words, given)
        cost, *gradients = _added_up(partial(compute, learns=learns), tf.size(words), n_parts)

        def gradient(upstream: Tensor) -> list[Tensor]:
            taken = gradients or _added_up(partial(compute, learns=True), tf.size(words), n_parts)[1:]
            cast = (tf.cast(upstream * each, x.dtype) for each, x in zip(taken, tensors, strict=True))
            return [_derived_once(each, *tensors) for each in cast]

        return cost, gradient

    return total(rows, *map(tf.convert_to_tensor, weights))


def _added_up(compute: Callable[[slice], list[Tensor]], count: Tensor, n_parts: Tensor) -> list[Tensor]:
    """The sums of what ``compute`` gives of each part of so many rows, one after the other."""
    size = -(-count // n_parts)

    def add(start: Tensor, *sums: Tensor) -> tuple[Tensor, ...]:
        return start + size, *map(tf.add, sums, compute(slice(start, start + size)))

    first = compute(slice(0, size))
    with tf.control_dependencies(first):
        start = tf.identity(size)
    return tf.while_loop(lambda start, *_: start < count, add, (start, *first), parallel_iterations=1)[1:]


def _part(
    score: keras.layers.Layer,
    weights: list[tuple[keras.Variable, Tensor]],
    tensors: list[Tensor],
    words: Tensor,
    given: Tensor,
    chosen: slice,
    *,
    learns: bool,
) -> list[Tensor]:
    """What the chosen rows cost, and if it ``learns`` the gradients by the tensors, of which all rows are the first."""
    with tf.GradientTape(watch_accessed_variables=False) as tape, keras.StatelessScope(weights):
        tape.watch(tensors if learns else [])
        cost = _total(score, tensors[0][chosen], words[chosen], given)
    gradients = tape.gradient(cost, tensors, unconnected_gradients=tf.UnconnectedGradients.ZERO) if learns else []
    return [_precise(each) for each in (cost, *gradients)]


@tf.custom_gradient
def _derived_once(gradient: Tensor, *tensors: Tensor) -> tuple[Tensor, Any]:
    """The gradient itself, which refuses to be derived by the tensors that it comes from, for it looks constant."""

    def refuse(*_: Tensor) -> Tensor:
        raise InputError(
            "a loss that is computed in parts has no second derivatives; got a request for one. "
            "Call the model with `skip_logits=False`."
        )

    return tf.identity(gradient), refuse


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
        return cross_entropy(logits, ops.reshape(labels, (-1,)) if given.shape == (batch, 1) else labels)
    check_shape("labels", given, *([(batch,), (batch, 1)] if classes == 1 else [(batch, classes)]))
    scores = _precise(logits)
    wanted = ops.cast(ops.reshape(labels, ops.shape(logits)), scores.dtype)
    return ops.mean(ops.square(scores - wanted)) if kind == "regression" else binary_cross_entropy(scores, wanted)


def binary_cross_entropy(logits: Tensor, wanted: Tensor) -> Tensor:
    """Mean over all of what each logit costs, wanted being 1 or 0. (…), (…) -> ()."""
    scores = _precise(logits)
    return ops.mean(tf.nn.sigmoid_cross_entropy_with_logits(ops.cast(wanted, scores.dtype), scores))


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
    batch, size = logits.shape[0], ops.shape(logits)[1]
    check_shape(name, described(name, positions), (batch,), (batch, 1))
    clamped = tf.maximum(tf.reshape(positions, (-1,)), 0)
    ignored = tf.constant(IGNORED, clamped.dtype)
    return cross_entropy(logits, tf.where(clamped < tf.cast(size, clamped.dtype), clamped, ignored))


def _mean(logits: Tensor, labels: Tensor, given: Tensor) -> Tensor:
    """Over the labels that count; ``given`` are the labels as the caller knows them. (…, N), (…) -> ()."""
    total = _sum(logits, labels, given)
    return total / ops.cast(ops.maximum(ops.sum(ops.cast(labels != IGNORED, "int32")), 1), total.dtype)


def _sum(logits: Tensor, labels: Tensor, given: Tensor) -> Tensor:
    """The same, added up at no less than float32. (…, N), (…) -> ()."""
    precise = _precise(logits)
    counted = labels != IGNORED
    try:
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.where(counted, labels, tf.zeros_like(labels)), precise)
    except tf.errors.InvalidArgumentError as error:
        raise explain_labels(visible_values({"labels": given})["labels"], logits.shape[-1], IGNORED) from error
    return ops.sum(tf.where(counted, each, tf.zeros_like(each)))


def _precise(logits: Tensor) -> Tensor:
    """At no less than float32: a squared difference soon leaves half precision. (…) -> (…)."""
    return ops.cast(logits, keras.backend.result_type(logits.dtype, "float32"))
