"""A model's weights as arrays under their names in the manifest. Mirror: xlm_tf/weights.py."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xlm_core.manifest import Weight
from xlm_core.quantization import refuse_precision

from .layers import draw


def weight_variables(model: Any, weights: Iterable[Weight]) -> dict[str, Tensor]:
    """What holds each weight, by name; a weight that is tied appears once.

    Raises: InputError for a model that has been quantised.
    """
    refuse_precision(model.base_model.precision, "what reads or changes weights")
    state = model.state_dict(keep_vars=True)
    return {weight.name: state[weight.name] for weight in weights}


def read_weights(model: nn.Module, weights: Collection[Weight]) -> dict[str, np.ndarray]:
    """Copies of the model's weights, shaped as in the manifest; numpy has no bfloat16, so half precision is widened."""
    return {name: to_array(variable).copy() for name, variable in weight_variables(model, weights).items()}


def write_weights(model: nn.Module, weights: Collection[Weight], arrays: Mapping[str, np.ndarray]) -> None:
    """Copy arrays, shaped as in the manifest, into the model; weights that have no array stay as they are."""
    with torch.no_grad():
        for name, variable in weight_variables(model, weights).items():
            if name in arrays:
                variable.copy_(torch.tensor(arrays[name]))


def adopt_weights(model: Any, arrays: Mapping[str, np.ndarray], device: torch.device, dtype: torch.dtype) -> None:
    """Let arrays, shaped as in the manifest, be the model's weights; they are copied only where they must change."""
    layers = dict(model.named_modules())
    for name, array in arrays.items():
        path, _, leaf = name.rpartition(".")
        learns = getattr(layers[path], leaf).requires_grad
        values = torch.from_numpy(np.require(array, requirements=["C", "A", "W"])).to(device, dtype)
        layers[path].register_parameter(leaf, nn.Parameter(values, requires_grad=learns))
    model.tie_weights()


def draw_missing(model: Any, names: Iterable[str], device: torch.device, dtype: torch.dtype) -> None:
    """New initial values for the layers whose weights these are."""
    for path in sorted({name.rpartition(".")[0] for name in names}):
        layer = layer_at(model, path).to_empty(device="cpu")
        draw(model.config, layer)
        layer.to(device, dtype)


def to_array(variable: Tensor) -> np.ndarray:
    """At no less than float32."""
    return variable.detach().to("cpu", torch.promote_types(variable.dtype, torch.float32)).numpy()


def layer_at(model: nn.Module, path: str) -> Any:
    """The layer of an attribute path: ``transformer.attentions.0.q_lin``."""
    return model.get_submodule(path)


def replace_layer(model: Any, path: str, layer: nn.Module) -> None:
    """Put a layer where another is.

    Raises: InputError for a model that has been quantised.
    """
    refuse_precision(model.base_model.precision, "a change of layers")
    owner, _, name = path.rpartition(".")
    setattr(layer_at(model, owner), name, layer.to(model.device, model.dtype).train(model.training))
