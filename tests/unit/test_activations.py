"""Every activation that a config may name, in both frameworks, against its formula."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest

import reference
from frameworks import Framework
from tolerances import assert_close
from xlm_core.activations import ACTIVATIONS

X = np.linspace(-12, 12, 97)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def gelu_tanh(x: np.ndarray) -> np.ndarray:
    return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


FORMULAE = {
    "": X,
    "gelu": reference.gelu(X),
    "gelu_10": np.clip(reference.gelu(X), -10, 10),
    "gelu_accurate": gelu_tanh(X),
    "gelu_fast": gelu_tanh(X),
    "gelu_new": gelu_tanh(X),
    "gelu_python": reference.gelu(X),
    "gelu_python_tanh": gelu_tanh(X),
    "gelu_pytorch_tanh": gelu_tanh(X),
    "laplace": (1 + np.vectorize(math.erf)((X - 0.707107) / (0.282095 * math.sqrt(2)))) / 2,
    "leaky_relu": np.where(X > 0, X, X / 100),
    "linear": X,
    "mish": X * np.tanh(np.log1p(np.exp(X))),
    "quick_gelu": X * sigmoid(1.702 * X),
    "relu": np.maximum(X, 0),
    "relu2": np.maximum(X, 0) ** 2,
    "relu6": np.clip(X, 0, 6),
    "sigmoid": sigmoid(X),
    "silu": X * sigmoid(X),
    "swish": X * sigmoid(X),
    "tanh": np.tanh(X),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_is_its_formula(framework: Framework, name: str) -> None:
    """The same name is the same function in both frameworks."""
    activations = importlib.import_module(f"{framework.package.__name__}.activations")

    values = framework.array(activations.activation(name)(framework.tensor(X.astype("float32"))))

    assert_close(values, FORMULAE[name], "states")


def test_no_activation_is_none(framework: Framework) -> None:
    """A config without an activation leaves summaries as they are."""
    activations = importlib.import_module(f"{framework.package.__name__}.activations")

    assert_close(framework.array(activations.activation(None)(framework.tensor(X))), X, "exact")
