"""Attention heads taken out of a model."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from ..config import XLMConfig
from ..errors import InputError
from .changes import changes

Arrays = dict[str, np.ndarray]
Heads = Mapping[int, Collection[int]]


def prune_heads(
    config: XLMConfig, task: str | None, arrays: Mapping[str, np.ndarray], heads: Heads
) -> tuple[XLMConfig, Arrays]:
    """The config without some more heads, and the arrays with what is left of them.

    Heads are numbered as in a model of which nothing has been pruned; those that are gone already stay so.

    Raises: InputError if ``heads`` is not layers with their heads; ConfigError for a layer or head that does not exist,
    and for a layer that would be left without a head.
    """
    pruned = config.replace(pruned_heads=_joined(config.pruned_heads or {}, heads))
    smaller = {
        name: arrays[name].take(_kept(config, pruned, _layer(name)), change.axis)
        for name, change in changes(config, pruned, task).items()
    }
    return pruned, {**arrays, **smaller}


def _joined(pruned: Heads, heads: Heads) -> dict[int, list[int]]:
    """Both at once, each head one time."""
    if not isinstance(heads, Mapping) or not all(isinstance(each, Collection) for each in heads.values()):
        raise InputError(f"`heads_to_prune` must give each layer a list of heads, as in {{0: [1, 2]}}; got {heads!r}.")
    return {layer: [*{*pruned.get(layer, ()), *heads.get(layer, ())}] for layer in {*pruned, *heads}}


def _kept(before: XLMConfig, after: XLMConfig, layer: int) -> np.ndarray:
    """Rows of the remaining heads among those of the heads there were."""
    remains = np.isin(before.heads(layer), after.heads(layer))
    return np.flatnonzero(remains.repeat(before.head_dim))


def _layer(name: str) -> int:
    """The number in a weight's name."""
    return next(int(step) for step in name.split(".") if step.isdigit())
