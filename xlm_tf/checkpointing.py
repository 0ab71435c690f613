"""Memory for time: layers computed once more for their gradient. Mirror: xlm_torch/checkpointing.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from .tensors import Tensor
from .weights import forget_graphs

Compute = Callable[..., tuple[Tensor, ...]]


class Checkpointing:
    """Gradient checkpointing, for every model."""

    def gradient_checkpointing_enable(self: Any) -> None:
        """Keep only what goes into each layer, and compute the rest again for the gradient, which stays the same.

        Source: Chen et al. 2016, "Training deep nets with sublinear memory cost".
        """
        self.base_model.compute = recomputed
        forget_graphs(self)

    def gradient_checkpointing_disable(self: Any) -> None:
        """Keep what the gradient needs."""
        self.base_model.compute = computed
        forget_graphs(self)

    @property
    def is_gradient_checkpointing(self: Any) -> bool:
        """Whether layers are computed again for their gradient."""
        return self.base_model.compute is recomputed


def computed(model: Any, function: Compute, *tensors: Tensor | None) -> tuple[Tensor, ...]:
    """The function's value."""
    return function(*tensors)


def recomputed(model: Any, function: Compute, *tensors: Tensor | None) -> tuple[Tensor, ...]:
    """The function's value, of which nothing is kept: its gradient computes it again, with the same dropout."""
    seeds = [(generator.state, tf.identity(generator.state.value)) for generator in _generators(model)]
    scopes: list[keras.StatelessScope] = []

    def compute(*given: Tensor) -> tuple[Tensor, ...]:
        with keras.StatelessScope(state_mapping=seeds) as scope:
            scopes.append(scope)
            return function(*given)

    result = tf.recompute_grad(compute)(*[x for x in tensors if x is not None])
    for state, _ in seeds:
        state.assign(scopes[0].get_current_value(state))
    return result


def _generators(model: keras.Model) -> list[keras.random.SeedGenerator]:
    """Where the model's dropout comes from."""
    return [generator for layer in model._flatten_layers() for generator in layer._seed_generators]  # noqa: SLF001  # Keras has no other way to them
