"""The activations that `config.summary_activation` may name. Mirror: xlm_torch/activations.py."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops

from .tensors import Tensor

Activation = Callable[[Tensor], Tensor]


def activation(name: str | None) -> Activation:
    """The function of a name in `xlm_core.activations.ACTIVATIONS`; none and "" leave things as they are."""
    return _ACTIVATIONS[name or "linear"]


def _gelu(x: Tensor) -> Tensor:
    """Keras approximates unless it is told not to. (…) -> (…)."""
    return ops.gelu(x, approximate=False)


def _gelu_10(x: Tensor) -> Tensor:
    """GELU cut off at ±10. (…) -> (…)."""
    return ops.clip(_gelu(x), -10, 10)


def _gelu_tanh(x: Tensor) -> Tensor:
    """GELU by its approximation with tanh. (…) -> (…)."""
    return ops.gelu(x, approximate=True)


def _laplace(x: Tensor) -> Tensor:
    """The distribution function of N(√½, 1 / 4π). (…) -> (…).

    Source: Ma et al. 2022, "Mega", section 3.5.
    """
    return (1 + ops.erf((x - 0.707107) / (0.282095 * 2**0.5))) / 2


def _leaky_relu(x: Tensor) -> Tensor:
    """Slope 0.01 below 0. (…) -> (…)."""
    return ops.leaky_relu(x, 0.01)


def _linear(x: Tensor) -> Tensor:
    """(…) -> (…), as it is."""
    return x


def _quick_gelu(x: Tensor) -> Tensor:
    """GELU by its approximation with a sigmoid. (…) -> (…)."""
    return x * ops.sigmoid(1.702 * x)


def _relu2(x: Tensor) -> Tensor:
    """ReLU squared. (…) -> (…)."""
    return ops.square(ops.relu(x))


_ACTIVATIONS: dict[str, Activation] = {
    "gelu": _gelu,
    "gelu_10": _gelu_10,
    "gelu_accurate": _gelu_tanh,
    "gelu_fast": _gelu_tanh,
    "gelu_new": _gelu_tanh,
    "gelu_python": _gelu,
    "gelu_python_tanh": _gelu_tanh,
    "gelu_pytorch_tanh": _gelu_tanh,
    "laplace": _laplace,
    "leaky_relu": _leaky_relu,
    "linear": _linear,
    "mish": keras.activations.mish,
    "quick_gelu": _quick_gelu,
    "relu": ops.relu,
    "relu2": _relu2,
    "relu6": ops.relu6,
    "sigmoid": ops.sigmoid,
    "silu": ops.silu,
    "swish": ops.silu,
    "tanh": ops.tanh,
}
