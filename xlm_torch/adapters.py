"""LoRA: small matrices beside large ones, which learn in their place. Mirror: xlm_tf/adapters.py."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xlm_core.errors import InputError
from xlm_core.formats import adapters as files
from xlm_core.hub import locate
from xlm_core.surgery.lora import LoraConfig, adapted_layers, check_adapters, initial_arrays, merge

from .kernels import Linear
from .parameters import learn_only, learning
from .weights import layer_at, replace_layer, to_array


class LoRA(Linear):
    """A linear layer with an adapter beside it: (…, in) -> (…, out), W x + b + scale · B A x.

    Source: Hu et al. 2021, section 4.1; the adapter's input is dropped out, the layer's is not.
    """

    def __init__(self, layer: nn.Linear, lora: LoraConfig) -> None:
        super().__init__(layer.in_features, layer.out_features, device="meta")
        self.weight, self.bias = layer.weight, layer.bias
        self.lora_a = nn.Parameter(layer.weight.new_zeros(lora.rank, layer.in_features))
        self.lora_b = nn.Parameter(layer.weight.new_zeros(layer.out_features, lora.rank))
        self.scale = lora.scale
        self.dropout = nn.Dropout(lora.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """x (…, in) -> (…, out)."""
        return super().forward(x) + self.dropout(x) @ self.lora_a.T @ self.lora_b.T * self.scale

    def plain(self) -> nn.Linear:
        """The layer without its adapter."""
        layer = Linear(self.in_features, self.out_features, device="meta")
        layer.weight, layer.bias = self.weight, self.bias
        return layer


class Adapters:
    """LoRA, for every model; the body knows of its adapters, ``base_model.lora``."""

    lora: LoraConfig | None = None

    def add_lora(
        self: Any,
        rank: int,
        alpha: float | None = None,
        targets: Sequence[str] = ("q_lin", "v_lin"),
        dropout: float = 0.0,
        *,
        seed: int = 0,
    ) -> None:
        """Put an adapter beside every target layer of the body; from now on the adapters alone learn.

        Targets are linear layers by the last step of their names: q_lin, k_lin, v_lin, out_lin, lin1, lin2. What an
        adapter adds is multiplied by alpha / rank, 1 without an alpha. At first it adds nothing: B starts at 0 and A is
        drawn from the seed, the same in either framework. `unfreeze` lets a new head learn, too.

        Raises: ConfigError for an impossible adapter; InputError if the model has adapters.
        """
        lora = LoraConfig(rank, float(rank) if alpha is None else alpha, tuple(targets), dropout)
        put_on(self, lora, initial_arrays(self.config, self.task, lora, seed))

    def merge_lora(self: Any) -> None:
        """Add what the adapters add to the weights themselves, and take them off.

        Raises: InputError if the model has none.
        """
        lora = require_adapters(self)
        self.load_arrays(merge(self.to_arrays(), adapter_arrays(self), lora))
        take_off(self)

    def remove_lora(self: Any) -> None:
        """Take the adapters off: the model computes what it did before, and all of it learns again.

        Raises: InputError if the model has none.
        """
        require_adapters(self)
        take_off(self)

    def save_adapter(self: Any, save_directory: str | os.PathLike[str]) -> None:
        """Write the adapters, and weights that were unfrozen beside them, say a head's, but none of the others.

        The files are ``adapter_model.safetensors`` and ``adapter_config.json``, which either framework reads.

        Raises: InputError if the model has no adapters; FetchError if the folder is a file.
        """
        lora = require_adapters(self)
        learnt = learning(self)
        beside = {name: array for name, array in self.to_arrays().items() if name in learnt}
        files.save(save_directory, lora, adapter_arrays(self) | beside)

    def load_adapter(self: Any, path: str | os.PathLike[str]) -> None:
        """Put on the adapters of a folder or a Hub id, with the weights saved beside them, which learn on.

        Raises: FetchError for what cannot be found; MissingWeights, UnexpectedWeights or ShapeMismatch for adapters of
        another model; InputError if the model has adapters.
        """
        lora, arrays = files.load(locate(path))
        beside = check_adapters(self.config, self.task, lora, arrays)
        put_on(self, lora, arrays)
        self.load_arrays(beside)
        learn_only(self, beside)


def refuse_adapters(model: Any, action: str) -> None:
    """Refuse what would lose adapters or mistake them.

    Raises: InputError if the model has any.
    """
    if model.base_model.lora is not None:
        raise InputError(f"{action} needs a model without adapters; call `merge_lora()` or `remove_lora()` first.")


def require_adapters(model: Any) -> LoraConfig:
    """The adapters that a model has.

    Raises: InputError if it has none.
    """
    lora: LoraConfig | None = model.base_model.lora
    if lora is None:
        raise InputError("the model must have adapters; it has none. `add_lora` or `load_adapter` puts them on.")
    return lora


def put_on(model: Any, lora: LoraConfig, arrays: Mapping[str, np.ndarray]) -> None:
    """Give a model adapters of these values, which alone learn."""
    refuse_adapters(model, "another set of adapters")
    model.freeze()
    for path in adapted_layers(model.config, model.task, lora):
        replace_layer(model, path, LoRA(layer_at(model, path), lora))
    model.base_model.lora = lora
    with torch.no_grad():
        for name, variable in adapter_variables(model).items():
            variable.copy_(torch.tensor(arrays[name]))


def take_off(model: Any) -> None:
    """Put the plain layers back and let everything learn."""
    for path in adapted_layers(model.config, model.task, model.base_model.lora):
        replace_layer(model, path, layer_at(model, path).plain())
    model.base_model.lora = None
    model.unfreeze()


def adapter_variables(model: Any) -> dict[str, Tensor]:
    """What holds each adapter weight, by name; nothing without adapters."""
    lora = model.base_model.lora
    paths = [] if lora is None else adapted_layers(model.config, model.task, lora)
    layers = {path: layer_at(model, path) for path in paths}
    return {f"{path}.{name}": getattr(layer, name) for path, layer in layers.items() for name in ("lora_a", "lora_b")}


def adapter_arrays(model: Any) -> dict[str, np.ndarray]:
    """Copies of the adapter weights, by name."""
    return {name: to_array(variable).copy() for name, variable in adapter_variables(model).items()}
