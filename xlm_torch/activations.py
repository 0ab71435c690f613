"""The activations that `config.summary_activation` may name. Mirror: xlm_tf/activations.py."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

Activation = Callable[[Tensor], Tensor]


def activation(name: str | None) -> Activation:
    """The function of a name in `xlm_core.activations.ACTIVATIONS`; none and "" leave things as they are."""
    return _ACTIVATIONS[name or "linear"]


def _gelu_10(x: Tensor) -> Tensor:
    """GELU cut off at ±10. (…) -> (…)."""
    return F.gelu(x).clamp(-10, 10)


def _gelu_tanh(x: Tensor) -> Tensor:
    """GELU by its approximation with tanh. (…) -> (…)."""
    return F.gelu(x, approximate="tanh")


def _laplace(x: Tensor) -> Tensor:
    """The distribution function of N(√½, 1 / 4π). (…) -> (…).

    Source: Ma et al. 2022, "Mega", section 3.5.
    """
    return (1 + torch.erf((x - 0.707107) / (0.282095 * 2**0.5))) / 2


def _leaky_relu(x: Tensor) -> Tensor:
    """Slope 0.01 below 0. (…) -> (…)."""
    return F.leaky_relu(x, 0.01)


def _linear(x: Tensor) -> Tensor:
    """(…) -> (…), as it is."""
    return x


def _quick_gelu(x: Tensor) -> Tensor:
    """GELU by its approximation with a sigmoid. (…) -> (…)."""
    return x * torch.sigmoid(1.702 * x)


def _relu2(x: Tensor) -> Tensor:
    """ReLU squared. (…) -> (…)."""
    return F.relu(x).square()


_ACTIVATIONS: dict[str, Activation] = {
    "gelu": F.gelu,
    "gelu_10": _gelu_10,
    "gelu_accurate": _gelu_tanh,
    "gelu_fast": _gelu_tanh,
    "gelu_new": _gelu_tanh,
    "gelu_python": F.gelu,
    "gelu_python_tanh": _gelu_tanh,
    "gelu_pytorch_tanh": _gelu_tanh,
    "laplace": _laplace,
    "leaky_relu": _leaky_relu,
    "linear": _linear,
    "mish": F.mish,
    "quick_gelu": _quick_gelu,
    "relu": F.relu,
    "relu2": _relu2,
    "relu6": F.relu6,
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "swish": F.silu,
    "tanh": torch.tanh,
}
