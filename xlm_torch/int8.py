"""Linear layers in whole numbers of eight bits, computed by oneDNN.

A weight is rounded once, each of its outputs by a scale of its own; what comes in is rounded as it comes, each row by a
scale of its own, so that no row changes another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn

from xlm_core.errors import InputError
from xlm_core.quantization import refuse_precision


class Rounded(NamedTuple):
    """Rows of states: values (N, in) from 1 to 255, of which the middle stands for 0, and what one step is, (N, 1)."""

    values: Tensor
    step: Tensor


class Int8Weight:
    """Weight and bias of linear layers, the weight in whole numbers of eight bits with a scale for each output.

    Nothing writes to it: layers that read the same states share one, and so do copies of a layer.
    """

    def __init__(self, values: Tensor, scale: Tensor, bias: Tensor | None = None) -> None:
        self.packed = torch.ops.onednn.qlinear_prepack(values, None)
        self.scale, self.zeros, self.bias = scale, torch.zeros(len(scale), dtype=torch.int32), bias

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor | None = None) -> Self:
        """Round a weight (out, in), each output to 127 steps either side of 0."""
        scale = (weight.abs().amax(dim=1) / _STEPS).clamp(min=_SMALLEST)
        return cls((weight / scale[:, None]).round_().to(torch.int8), scale, bias)

    def multiply(self, x: Rounded) -> Tensor:
        """x (N, in) -> (N, out), which `finish` makes results of."""
        return _multiply(x.values, self, steps_of_states() + 1)

    def finish(self, product: Tensor, step: Tensor) -> Tensor:
        """Rows of `multiply`, in their place. product (N, out), step (N, 1)."""
        return product.mul_(step) if self.bias is None else torch.addcmul(self.bias, product, step, out=product)

    def product(self, x: Rounded) -> Tensor:
        """x (N, in) -> (N, out)."""
        return self.finish(self.multiply(x), x.step)

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.packed.to_dense().t().contiguous(), self.scale, self.bias)


class QuantizedLinear(nn.Module):
    """A linear layer whose weight is int8, and whose input is rounded to as much as it comes: (…, in) -> (…, out).

    columns: which outputs of the weight are its own.
    """

    def __init__(self, int8: Int8Weight, columns: slice) -> None:
        super().__init__()
        self.int8, self.columns = int8, columns
        self.in_features, self.out_features = int8.packed.shape[0], columns.stop - columns.start

    def forward(self, x: Tensor) -> Tensor:
        """x (…, in) -> (…, out)."""
        return results([self], x)[0]

    @property
    def nbytes(self) -> int:
        """Bytes that its share of weight and bias takes."""
        kept = (self.int8.scale, self.int8.zeros, self.int8.bias)
        return self.out_features * (self.in_features + sum(x.itemsize for x in kept if x is not None))

    def extra_repr(self) -> str:
        """The sizes, as `torch.nn.Linear` shows them."""
        sizes = f"in_features={self.in_features}, out_features={self.out_features}"
        return f"{sizes}, bias={self.int8.bias is not None}, int8"


def quantized(layers: Sequence[nn.Linear]) -> list[QuantizedLinear]:
    """Layers that read the same states, all with a bias or none: one product computes them then."""
    with torch.no_grad():
        bias = None if layers[0].bias is None else torch.cat([layer.bias for layer in layers])
        int8 = Int8Weight.of(torch.cat([layer.weight for layer in layers]), bias)
    ends = accumulate(layer.out_features for layer in layers)
    return [
        QuantizedLinear(int8, slice(end - layer.out_features, end)) for layer, end in zip(layers, ends, strict=True)
    ]


def results(layers: Sequence[QuantizedLinear], x: Tensor) -> Sequence[Tensor]:
    """What layers make of the same x, which is rounded once. x (…, in) -> (…, out) of each."""
    if torch.compiler.is_compiling():
        return _uncompiled(layers, x)
    if torch.is_grad_enabled() and x.requires_grad:
        underivable: Sequence[Tensor] = _Underivable.apply(x, layers)
        return underivable
    return _results(layers, x)


def fed_forward(first: QuantizedLinear, activation: nn.Module, last: QuantizedLinear, x: Tensor) -> Tensor:
    """``last(activation(first(x)))``, where what is between is activated and rounded while it is in the cache.

    x (…, in) -> (…, out).
    """
    rows = _as_rows(x)
    parts = _in_parts(first.int8.multiply(rows), rows.step)
    hidden = _joined([_rounded(activation(first.int8.finish(*part))) for part in parts])
    return last.int8.product(hidden).view(*x.shape[:-1], last.out_features)


def _results(layers: Sequence[QuantizedLinear], x: Tensor) -> tuple[Tensor, ...]:
    """The same without a graph for gradients."""
    rows = _as_rows(x)
    products = {int8: int8.product(rows) for int8 in {layer.int8 for layer in layers}}
    return tuple(products[layer.int8][:, layer.columns].view(*x.shape[:-1], layer.out_features) for layer in layers)


def _uncompiled(layers: Sequence[QuantizedLinear], x: Tensor) -> tuple[Tensor, ...]:
    """The same as it is: what is compiled knows no packed weights."""
    result: tuple[Tensor, ...] = torch.compiler.disable(_results)(layers, x)
    return result


class _Underivable(torch.autograd.Function):
    """Products whose gradient cannot be had."""

    @staticmethod
    def forward(_: Any, x: Tensor, layers: Sequence[QuantizedLinear]) -> tuple[Tensor, ...]:
        """x (…, in) -> (…, out) of each layer."""
        return _results(layers, x)

    @staticmethod
    def backward(*_: Any) -> Any:
        """Refuse."""
        refuse_precision("int8", "`backward`")


def rounded(x: Tensor) -> Rounded:
    """Round rows (N, in), so many at once as stay in the processor's cache."""
    if x.numel() <= _AT_ONCE:
        return _rounded(x)
    return _joined([_rounded(*part) for part in _in_parts(x)])


def _as_rows(x: Tensor) -> Rounded:
    """x (…, in) -> (N, in)."""
    return rounded(x.reshape(-1, x.shape[-1]).float())


def _rounded(x: Tensor) -> Rounded:
    """The same, all at once. PyTorch makes signed numbers of eight bits of float32 in half the time of others."""
    steps = steps_of_states()
    step = x.abs().amax(dim=1, keepdim=True).div_(steps).clamp_(min=_SMALLEST)
    signed = torch.mul(x, step.reciprocal()).round_().to(torch.int8)
    return Rounded(signed.view(torch.uint8).add_(steps + 1), step)


def _in_parts(*tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Some rows of each, by the width of the first. (N, …) each."""
    at_once = max(1, _AT_ONCE * torch.get_num_threads() // tensors[0].shape[1])
    return zip(*(x.split(at_once) for x in tensors), strict=True)


def _joined(parts: Sequence[Rounded]) -> Rounded:
    """All rows."""
    return parts[0] if len(parts) == 1 else Rounded(*map(torch.cat, zip(*parts, strict=True)))


@cache
def steps_of_states() -> int:
    """The steps that a state is rounded to, either side of 0: half where two products overflow sixteen bits.

    Source: oneDNN, "Nuances of int8 computations": processors without VNNI add two products in sixteen bits.
    """
    x, ones = torch.full((1, 64), 255, dtype=torch.uint8), torch.full((1, 64), _STEPS, dtype=torch.int8)
    exact = 255 * _STEPS * 64
    return _STEPS if _multiply(x, Int8Weight(ones, torch.ones(1)), 0).item() == exact else _STEPS // 2


def require_operators() -> None:
    """Refuse what needs oneDNN's products of whole numbers.

    Raises: InputError if this PyTorch has none.
    """
    if not (hasattr(torch.ops.onednn, "qlinear_prepack") and torch.backends.mkldnn.is_available()):
        raise InputError("`quantize` needs a PyTorch built with oneDNN; this one was not. Keep the model float32.")


def _multiply(x: Tensor, int8: Int8Weight, zero: int) -> Tensor:
    """x (N, in), whole numbers that stand for as many less ``zero`` -> float32 (N, out), scaled by the weight's."""
    product: Tensor = torch.ops.onednn.qlinear_pointwise(
        x, 1.0, zero, int8.packed, int8.scale, int8.zeros, None, 1.0, 0, torch.float32, "none", [], ""
    )
    return product


_STEPS, _SMALLEST = 127, 1e-30
"""Of eight bits with a sign, without the lowest, and what stands for the scale of nothing but zeros."""

_AT_ONCE = 2**18
"""Numbers that a thread rounds at once: few enough to stay in its cache."""
