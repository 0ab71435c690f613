"""A model's weights as arrays under their names in the manifest. Mirror: xlm_torch/weights.py."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from xlm_core.manifest import Kind, Weight
from xlm_core.quantization import refuse_precision


def weight_variables(model: keras.Model, weights: Iterable[Weight]) -> dict[str, keras.Variable]:
    """What holds each weight, by name; a weight that is tied appears once.

    Raises: InputError for a model that has been quantised.
    """
    refuse_precision(model.base_model.precision, "what reads or changes weights")
    return {weight.name: _variable(model, weight) for weight in weights}


def read_weights(model: keras.Model, weights: Collection[Weight]) -> dict[str, np.ndarray]:
    """Copies of the model's weights, shaped as in the manifest; numpy has no bfloat16, so half precision is widened."""
    variables = weight_variables(model, weights)
    return {weight.name: _turned(weight, to_array(variables[weight.name])).copy() for weight in weights}


def write_weights(model: keras.Model, weights: Collection[Weight], arrays: Mapping[str, np.ndarray]) -> None:
    """Copy arrays, shaped as in the manifest, into the model; weights that have no array stay as they are."""
    variables = weight_variables(model, weights)
    for weight in weights:
        if weight.name in arrays:
            variables[weight.name].assign(_as_tensor(weight, arrays[weight.name]))


def to_array(variable: keras.Variable) -> np.ndarray:
    """At no less than float32."""
    return variable.numpy().astype(keras.backend.result_type(variable.dtype, "float32"))


def layer_at(model: keras.Model, path: str) -> Any:
    """The layer of an attribute path: ``transformer.attentions.0.q_lin``."""
    owner: Any = model
    for step in filter(None, path.split(".")):
        owner = owner[int(step)] if step.isdigit() else getattr(owner, step)
    return owner


def replace_layer(model: keras.Model, path: str, layer: keras.layers.Layer) -> None:
    """Put a layer where another is.

    Raises: InputError for a model that has been quantised.
    """
    refuse_precision(model.base_model.precision, "a change of layers")
    owner, _, name = path.rpartition(".")
    put_layer(layer_at(model, owner), name, layer)
    forget_graphs(model)


def put_layer(owner: Any, name: str, layer: keras.layers.Layer) -> None:
    """Put a layer into an attribute or a list of a layer, which tracks it from now on in place of the one there."""
    tracker = owner.tracker if name.isdigit() else owner._tracker  # noqa: SLF001  # as Keras' own LoRA does
    tracker.replace_tracked_value("layers", layer_at(owner, name), layer)
    if name.isdigit():
        owner[int(name)] = layer
    else:
        setattr(owner, name, layer)


def forget_graphs(model: keras.Model) -> None:
    """Let ``fit``, ``evaluate`` and ``predict`` trace the model anew."""
    model.train_function = model.test_function = model.predict_function = None


def _variable(model: keras.Model, weight: Weight) -> keras.Variable:
    """A name of the manifest is an attribute path but for its end, which Keras calls otherwise."""
    return getattr(layer_at(model, weight.name.rpartition(".")[0]), weight.kind.value)


def _turned(weight: Weight, array: np.ndarray) -> np.ndarray:
    """A linear weight lies (in, out) in Keras and (out, in) everywhere else."""
    return array.T if weight.kind is Kind.LINEAR else array


def _as_tensor(weight: Weight, array: np.ndarray) -> tf.Tensor:
    """The same for Keras; TensorFlow turns a matrix sooner than numpy."""
    tensor = tf.convert_to_tensor(array)
    return tf.transpose(tensor) if weight.kind is Kind.LINEAR else tensor
