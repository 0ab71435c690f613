"""The activations that a config may name; the functions are in each framework's own file of this name."""

from __future__ import annotations

ACTIVATIONS = (
    "",
    "gelu",
    "gelu_10",
    "gelu_accurate",
    "gelu_fast",
    "gelu_new",
    "gelu_python",
    "gelu_python_tanh",
    "gelu_pytorch_tanh",
    "laplace",
    "leaky_relu",
    "linear",
    "mish",
    "quick_gelu",
    "relu",
    "relu2",
    "relu6",
    "sigmoid",
    "silu",
    "swish",
    "tanh",
)
"""Hugging Face's activations that have no weights of their own; "" is none."""
