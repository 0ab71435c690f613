"""Models in whole numbers of eight bits. Mirror: xlm_tf/quantization.py."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
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


class Int8Weight:
    """The weight of a linear layer in whole numbers of eight bits, with a scale for each output.

    Nothing writes to it: copies of a layer share it.
    """

    def __init__(self, values: Tensor, scale: Tensor) -> None:
        self.packed = torch.ops.onednn.qlinear_prepack(values, None)
        self.scale, self.zeros = scale, torch.zeros(len(scale), dtype=torch.int32)

    @classmethod
    def of(cls, weight: Tensor) -> Self:
        """Round a weight (out, in), each output to 127 steps either side of 0."""
        scale = (weight.detach().abs().amax(dim=1) / _STEPS).clamp(min=_SMALLEST)
        return cls((weight.detach() / scale[:, None]).round_().to(torch.int8), scale)

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""
        return self.packed.nbytes + self.scale.nbytes + self.zeros.nbytes

    def product(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """x (N, in) -> (N, out); each row is rounded by a scale of its own, so that no row changes another."""
        y = x.new_empty(len(x), len(self.scale))
        for rows, results in zip(x.split(_AT_ONCE), y.split(_AT_ONCE), strict=True):
            self._write_product(rows, bias, results)
        return y

    def _write_product(self, x: Tensor, bias: Tensor | None, y: Tensor) -> None:
        """x (N, in) -> y (N, out)."""
        steps = steps_of_activations()
        scale = (x.abs().amax(dim=1, keepdim=True) / steps).clamp_(min=_SMALLEST)
        moved = torch.addcmul(x.new_tensor(steps + 1.5), x, scale.reciprocal())  # cut off below: hence the half
        product = _multiply(moved.to(torch.uint8), self, steps + 1)
        if bias is None:
            torch.mul(product, scale, out=y)
        else:
            torch.addcmul(bias, product, scale, out=y)

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.packed.to_dense().t().contiguous(), self.scale)


class QuantizedLinear(nn.Module):
    """A linear layer whose weight is int8, and whose input is rounded to as much as it comes: (…, in) -> (…, out)."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.int8 = Int8Weight.of(layer.weight)
        self.bias = None if layer.bias is None else layer.bias.detach().clone()

    def forward(self, x: Tensor) -> Tensor:
        """x (…, in) -> (…, out)."""
        if torch.compiler.is_compiling():
            return _uncompiled(self, x)
        if torch.is_grad_enabled() and x.requires_grad:
            result: Tensor = _Underivable.apply(x, self)
            return result
        return self.product(x)

    def product(self, x: Tensor) -> Tensor:
        """The same without a graph for gradients. x (…, in) -> (…, out)."""
        rows = x.reshape(-1, self.in_features).float()
        return self.int8.product(rows, self.bias).view(*x.shape[:-1], self.out_features)

    @property
    def nbytes(self) -> int:
        """Bytes that weight and bias take."""
        return self.int8.nbytes + (0 if self.bias is None else self.bias.nbytes)

    def extra_repr(self) -> str:
        """The sizes, as `torch.nn.Linear` shows them."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}, int8"


def _uncompiled(layer: QuantizedLinear, x: Tensor) -> Tensor:
    """A product as it is: what is compiled knows no packed weights. x (…, in) -> (…, out)."""
    result: Tensor = torch.compiler.disable(layer.product)(x)
    return result


class _Underivable(torch.autograd.Function):
    """A product whose gradient cannot be had."""

    @staticmethod
    def forward(_: Any, x: Tensor, layer: QuantizedLinear) -> Tensor:
        """x (…, in) -> (…, out)."""
        return layer.product(x)

    @staticmethod
    def backward(*_: Any) -> Any:
        """Refuse."""
        refuse_precision("int8", "`backward`")


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
    for owner, name, layer in linear_layers(model):
        setattr(owner, name, QuantizedLinear(layer))
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


def _warn_of_int8() -> None:
    """Say so, once, where int8 is slower than float32."""
    warn_if_slow("torch", "int8", _ADVICE, measured_speed)


def measured_speed() -> float:
    """How many times as fast as in float32 a product is in int8, here."""
    x, weight = measured_product()
    int8 = Int8Weight.of(weight)
    with torch.inference_mode():
        return speed_ratio(lambda: F.linear(x, weight), lambda: int8.product(x, None))


def require_operators() -> None:
    """Refuse what needs oneDNN's products of whole numbers.

    Raises: InputError if this PyTorch has none.
    """
    if not (hasattr(torch.ops.onednn, "qlinear_prepack") and torch.backends.mkldnn.is_available()):
        raise InputError("`quantize` needs a PyTorch built with oneDNN; this one was not. Keep the model float32.")


@cache
def steps_of_activations() -> int:
    """The steps that a state is rounded to, either side of 0: half where two products overflow sixteen bits.

    Source: oneDNN, "Nuances of int8 computations": processors without VNNI add two products in sixteen bits.
    """
    x, ones = torch.full((1, 64), 255, dtype=torch.uint8), torch.full((1, 64), _STEPS, dtype=torch.int8)
    exact = 255 * _STEPS * 64
    return _STEPS if _multiply(x, Int8Weight(ones, torch.ones(1)), 0).item() == exact else _STEPS // 2


def _multiply(x: Tensor, weight: Int8Weight, zero: int) -> Tensor:
    """x (N, in), whole numbers that stand for as many less ``zero`` -> float32 (N, out), scaled by the weight's."""
    product: Tensor = torch.ops.onednn.qlinear_pointwise(
        x, 1.0, zero, weight.packed, weight.scale, weight.zeros, None, 1.0, 0, torch.float32, "none", [], ""
    )
    return product


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


_STEPS, _SMALLEST = 127, 1e-30
"""Of eight bits with a sign, without the lowest, and what stands for the scale of nothing but zeros."""

_AT_ONCE = 256
"""Rows that are rounded and multiplied together: few enough to stay in the processor's cache."""

_ADVICE = "Keep the model float32; int8 is fast on processors with VNNI."
"""What to do where int8 is slow."""
