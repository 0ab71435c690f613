"""A model's weights as arrays under their names in the manifest. Mirror: xlm_torch/weights.py."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import keras
import numpy as np

from xlm_core.manifest import Kind, Weight


def weight_variables(model: keras.Model, weights: Iterable[Weight]) -> dict[str, keras.Variable]:
    """What holds each weight, by name; a weight that is tied appears once."""
    return {weight.name: _follow(model, weight) for weight in weights}


def read_weights(model: keras.Model, weights: Collection[Weight]) -> dict[str, np.ndarray]:
    """Copies of the model's weights, shaped as in the manifest."""
    variables = weight_variables(model, weights)
    return {weight.name: _turned(weight, variables[weight.name].numpy()).copy() for weight in weights}


def write_weights(model: keras.Model, weights: Collection[Weight], arrays: Mapping[str, np.ndarray]) -> None:
    """Copy arrays, shaped as in the manifest, into the model; weights that have no array stay as they are."""
    variables = weight_variables(model, weights)
    for weight in weights:
        if weight.name in arrays:
            variables[weight.name].assign(_turned(weight, arrays[weight.name]))


def _follow(model: keras.Model, weight: Weight) -> keras.Variable:
    """A name of the manifest is an attribute path: ``attentions.0.q_lin.weight``."""
    owner: Any = model
    *path, _ = weight.name.split(".")
    for step in path:
        owner = owner[int(step)] if step.isdigit() else getattr(owner, step)
    return getattr(owner, weight.kind.value)


def _turned(weight: Weight, array: np.ndarray) -> np.ndarray:
    """A linear weight lies (in, out) in Keras and (out, in) everywhere else."""
    return array.T if weight.kind is Kind.LINEAR else array
