"""What a model is given beside the inputs of its body: positions, scores to keep, and labels; checks as in `inputs`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .checks import check_not_negative
from .config import XLMConfig
from .errors import InputError
from .inputs import (
    Given,
    Sizes,
    batch_and_size,
    check_flag,
    check_ranges,
    check_shape,
    check_shapes,
    check_values,
    check_whole_numbers,
    first_wrong,
)


def check_arrays(config: XLMConfig, arrays: Mapping[str, np.ndarray]) -> None:
    """Hold a whole batch of the body's inputs against the config, shapes and values, before it goes into a graph.

    arrays: (B, T) each, or (B, K, T) for multiple choice.

    Raises: InputError naming the argument that is impossible.
    """
    if arrays["input_ids"].ndim == 3:
        arrays = {name: array.reshape(-1, array.shape[-1]) for name, array in arrays.items()}
    size = check_shapes(config, {name: Given(array.shape, array.dtype.name) for name, array in arrays.items()})
    check_values(config, arrays, size)
    looked_up = {name for name in arrays if name != "langs" or config.has_lang_embeddings}
    check_ranges(config, {name: arrays[name] for name in looked_up})
    check_positions({name: arrays[name] for name in arrays if name == "positions"}, size)


def check_positions(values: Mapping[str, np.ndarray], size: int | None) -> None:
    """Refuse positions outside a text; size is T.

    Raises: InputError naming the argument and the first culprit.
    """
    for name, array in values.items():
        if size is not None and (wrong := first_wrong((array < 0) | (array >= size), array)):
            raise InputError(f"`{name}` must be in [0, {size}), the positions of the text; got {wrong}.")


def check_chosen(config: XLMConfig, given: Mapping[str, Given]) -> int | None:
    """Refuse positions (B, P) that choose nothing, or that are not those of the texts; returns T.

    Raises: InputError.
    """
    batch, size = batch_and_size(config, given)
    positions = given["positions"]
    check_shape("positions", positions, (batch, None))
    check_whole_numbers("positions", positions)
    if positions.shape[1] == 0:
        raise InputError(
            "`positions` must choose at least one for each text; got none, (B, 0). Leave it out to have all of them."
        )
    return size


def check_kept(*, has_positions: bool, has_labels: bool, logits_to_keep: object, skip_logits: object) -> None:
    """Refuse a choice of scores that cannot be: two at once, one beside labels, and neither scores nor a loss.

    Raises: InputError.
    """
    check_flag("skip_logits", skip_logits)
    if skip_logits and not has_labels:
        raise InputError("`skip_logits` must be left out without `labels`: there would be nothing to return.")
    says_which = are_positions(logits_to_keep)
    if logits_to_keep is not None and not says_which:
        check_not_negative("logits_to_keep", logits_to_keep)
    keeps = says_which or bool(logits_to_keep)
    chosen = [name for name, is_there in (("positions", has_positions), ("logits_to_keep", keeps)) if is_there]
    if len(chosen) > 1:
        raise InputError("`positions` and `logits_to_keep` both choose scores; got both. Leave one out.")
    if chosen and has_labels:
        raise InputError(f"`{chosen[0]}` must be left out with `labels`, whose loss needs the scores where labels are.")


def are_positions(logits_to_keep: object) -> bool:
    """Whether it says which scores to keep, by a list, an array or a tensor, rather than how many."""
    return isinstance(logits_to_keep, (list, tuple)) or hasattr(logits_to_keep, "shape")


def check_same_positions(given: Given) -> None:
    """Refuse ``logits_to_keep`` that is no list of positions (P,).

    Raises: InputError.
    """
    check_shape("logits_to_keep", given, (None,))
    if given.shape == (0,):
        raise InputError(
            "`logits_to_keep` must choose at least one position; got none. Leave it out to have all of them."
        )
    check_whole_numbers("logits_to_keep", given)


def check_labels(labels: Given, shape: Sizes) -> None:
    """Refuse labels of another shape, or that are not whole numbers.

    Raises: InputError.
    """
    check_shape("labels", labels, shape)
    check_whole_numbers("labels", labels)


def check_both_ends(start_positions: object, end_positions: object) -> bool:
    """Whether there is a span to learn.

    Raises: InputError if only one of its ends is given.
    """
    if (start_positions is None) != (end_positions is None):
        missing = "start_positions" if start_positions is None else "end_positions"
        raise InputError(f"`start_positions` and `end_positions` must be given together; `{missing}` is missing.")
    return start_positions is not None


def check_own_loss(own: object, /, **apart: object) -> None:
    """Refuse what training by the model's own loss would do nothing with, and inputs that give no loss.

    Raises: InputError.
    """
    for name, value in apart.items():
        if value is not None:
            raise InputError(
                f"`{name}` must be left out, for the loss is the model's own; got {type(value).__name__}. "
                "Put the labels among the inputs: fit({'input_ids': …, 'labels': …})."
            )
    if own is None:
        raise InputError("the inputs must have labels for a loss to learn from; got none that the model takes.")


def problem_type(config: XLMConfig, labels: Given) -> str:
    """What kind of labels a text has: what the config says, or else what they look like.

    One label is a quantity, whole numbers name a class, and real numbers say of each class whether it holds.

    Differs: Hugging Face writes what the first labels looked like into the config.
    """
    if config.problem_type is not None:
        return config.problem_type
    if config.num_labels == 1:
        return "regression"
    return "single_label_classification" if labels.dtype.startswith("int") else "multi_label_classification"


def explain_labels(labels: np.ndarray, n_labels: int, ignore: int) -> InputError:
    """The reason why a loss could not be computed: the first label that names no class."""
    wrong = first_wrong(((labels < 0) | (labels >= n_labels)) & (labels != ignore), labels)
    return InputError(f"`labels` must be in [0, {n_labels}), or {ignore} to be ignored; got {wrong}.")
