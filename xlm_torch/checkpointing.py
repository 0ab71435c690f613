"""Memory for time: layers computed once more for their gradient. Mirror: xlm_tf/checkpointing.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.utils.checkpoint import checkpoint

Compute = Callable[..., tuple[Tensor, ...]]


class Checkpointing:
    """Gradient checkpointing, for every model."""

    def gradient_checkpointing_enable(self: Any) -> None:
        """Keep only what goes into each layer, and compute the rest again for the gradient, which stays the same.

        Source: Chen et al. 2016, "Training deep nets with sublinear memory cost".
        """
        self.base_model.compute = recomputed

    def gradient_checkpointing_disable(self: Any) -> None:
        """Keep what the gradient needs."""
        self.base_model.compute = computed

    @property
    def is_gradient_checkpointing(self: Any) -> bool:
        """Whether layers are computed again for their gradient."""
        return self.base_model.compute is recomputed


def computed(model: Any, function: Compute, *tensors: Tensor | None) -> tuple[Tensor, ...]:
    """The function's value."""
    return function(*tensors)


def recomputed(model: Any, function: Compute, *tensors: Tensor | None) -> tuple[Tensor, ...]:
    """The function's value, of which nothing is kept: its gradient computes it again, with the same dropout."""
    return checkpoint(function, *tensors, use_reentrant=False)
