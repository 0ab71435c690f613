"""Models in whole numbers of eight bits. Mirror: xlm_tf/quantization.py."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xlm_core.errors import InputError
from xlm_core.quantization import (
    PrecisionReport,
    check_precision,
    check_quantizable,
    refuse_precision,
    seconds,
    speed_ratio,
    warn_if_slow,
)

from .adapters import refuse_adapters
from .int8 import Int8Weight, quantized, require_operators, rounded
from .precision import measured_product


class Quantization:
    """What a model must refuse once it has been quantised; the body knows, ``base_model.precision``."""

    precision: str | None = None

    def train(self: Any, mode: bool = True) -> Self:
        """Switch to training, where dropout drops, or to evaluation.

        Raises: InputError for training a model that has been quantised.
        """
        if mode:
            refuse_quantized(self, "training")
        trained: Self = super().train(mode)
        return trained

    def _apply(self: Any, fn: Any, recurse: bool = True) -> Any:
        """What `to`, `half` and the like do to each weight, all or none."""
        if self.base_model.precision is not None:
            _check_place(fn)
        return super()._apply(fn, recurse)


def quantize(model: Any, precision: str = "int8", *, report: bool = False) -> Any:
    """Round a model's linear layers to int8, in place: the model itself, whose weights take less memory.

    Rounded are the layers of the body and those that score the vocabulary, each output of a weight by a scale of its
    own, now, and each token's state by a scale of its own, when it is computed. The other layers of a head, tables,
    norms and attention stay float32; so do scores tied to the table of words in TensorFlow.

    The model computes, encodes and generates as before, with other numbers. The float weights are given back; copy the
    model first if they are still needed. It can no longer be trained, saved, resized or adapted: save the float model,
    and quantise what was loaded. Where int8 is slower than float32, a warning says by how much, once.

    ``report`` gives a pair, the model and a `PrecisionReport`.

    Raises: InputError for a precision other than "int8", and for a model that trains, has adapters, is not float32, is
        not on the CPU, or has been quantised.
    """
    check_precision(precision)
    dtype = str(model.dtype).removeprefix("torch.")
    check_quantizable(model.base_model.precision, dtype, model.device.type, model.training)
    refuse_adapters(model, "`quantize`")
    require_operators()
    _warn_of_int8()
    before = _measured(model) if report else None
    for _, group in groupby(linear_layers(model), _reads):
        owners, names, layers = zip(*group, strict=True)
        for owner, name, layer in zip(owners, names, quantized(layers), strict=True):
            setattr(owner, name, layer)
    model.base_model.precision = precision
    return model if before is None else (model, _reported(precision, before, _measured(model)))


def refuse_quantized(model: Any, action: str) -> None:
    """Refuse what needs weights in float.

    Raises: InputError if the model has been quantised.
    """
    refuse_precision(model.base_model.precision, action)


def linear_layers(model: Any) -> list[tuple[Any, str, Any]]:
    """Those that are quantised, each with what holds it, and its name there."""
    parts = [model.base_model, *([model.pred_layer] if hasattr(model, "pred_layer") else [])]
    owners = [owner for part in parts for owner in part.modules()]
    return [(owner, *child) for owner in owners for child in owner.named_children() if isinstance(child[1], nn.Linear)]


def _reads(found: tuple[Any, str, Any]) -> tuple[int, str, bool]:
    """Alike for layers that one product can compute: queries, keys and values are made of the same states."""
    owner, name, layer = found
    return id(owner), "" if name in ("q_lin", "k_lin", "v_lin") else name, layer.bias is None


def _warn_of_int8() -> None:
    """Say so, once, where int8 is slower than float32."""
    warn_if_slow("torch", "int8", _ADVICE, measured_speed)


def measured_speed() -> float:
    """How many times as fast as in float32 a product is in int8, here."""
    x, weight = measured_product()
    int8 = Int8Weight.of(weight)
    with torch.inference_mode():
        return speed_ratio(lambda: F.linear(x, weight), lambda: int8.product(rounded(x)))


def _check_place(fn: Callable[[Tensor], Tensor]) -> None:
    """Refuse to move a quantised model, or to give it another number format."""
    moved = fn(torch.zeros(1))
    if moved.device.type != "cpu" or moved.dtype != torch.float32:
        raise InputError(
            f"a quantised model must stay float32 on the CPU outside its int8 layers; got {moved.dtype} on "
            f"{moved.device}. Load the model anew there."
        )


def _measured(model: Any) -> tuple[float, int]:
    """What one text of up to 128 tokens takes, in seconds, and what the weights do, in bytes."""
    ids = torch.full((1, min(128, model.config.max_position_embeddings)), model.config.unk_index)
    with torch.inference_mode():
        return seconds(lambda: model.base_model(ids)), model.get_memory_footprint()


def _reported(precision: str, before: tuple[float, int], after: tuple[float, int]) -> PrecisionReport:
    """What changed between two of `_measured`."""
    return PrecisionReport(precision, before[0] / after[0], before[1], after[1])


_ADVICE = "Keep the model float32; int8 is fast on processors with VNNI."
"""What to do where int8 is slow."""
