"""Weights laid out for oneDNN or MKL: copies beside the plain ones, or instead of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xlm_core.errors import InputError

LARGEST = 2**25
"""Numbers in a weight above which no copy is made unless `prepack` is called: 128 MiB in float32."""

SAMPLES = 16
"""Numbers of a weight that tell, at each call, whether it was written to behind PyTorch's back."""


class Operators(NamedTuple):
    """A library's operators in PyTorch, which are private."""

    linear: Callable[..., Tensor]
    pack: Callable[..., Tensor]


def find_onednn() -> Operators | None:
    """oneDNN's; None where this PyTorch was built without it, or names them otherwise."""
    return _operators(torch.ops.mkldnn, "_linear_pointwise", "_reorder_linear_weight")


def find_mkl() -> Operators | None:
    """MKL's; None where this PyTorch was built without it, or names them otherwise."""
    return _operators(torch.ops.mkl, "_mkl_linear", "_mkl_reorder_linear_weight")


def _operators(library: Any, linear: str, pack: str) -> Operators | None:
    try:
        return Operators(getattr(library, linear).default, getattr(library, pack).default)
    except (AttributeError, RuntimeError):
        return None


class Onednn:
    """oneDNN's linear layer with something done to the product at once. ``operators`` None: there is no oneDNN."""

    def __init__(self, operators: Operators | None) -> None:
        self.operators = operators

    def product(self, x: Tensor, weight: Tensor, bias: Tensor | None, then: str = "none") -> Tensor:
        """x (…, in), weight (out, in), plain or packed -> (…, out)."""
        return self.operators.linear(x, weight, bias, then, [], "none")

    def pack(self, weight: Tensor) -> Tensor:
        """A copy (out, in), laid out for oneDNN; an ordinary tensor even where `torch.inference_mode` is on."""
        with torch.inference_mode(False), torch.no_grad():
            return self.operators.pack(weight.detach())


class MklWeight(NamedTuple):
    """A copy of a weight, laid out for MKL, and the weight, of which MKL wants to know the size."""

    values: Tensor
    plain: Tensor


class Mkl:
    """MKL's product with a copy of the weight. ``operators`` None: there is no MKL."""

    def __init__(self, operators: Operators | None) -> None:
        self.operators = operators

    def product(self, x: Tensor, weight: MklWeight, bias: Tensor | None, then: str = "none") -> Tensor:
        """x (…, in), weight (out, in) -> (…, out)."""
        rows = x.numel() // x.size(-1)
        return _IN_PLACE[then](self.operators.linear(x, *weight, bias, rows))

    def pack(self, weight: Tensor) -> MklWeight:
        """A copy, which MKL wants to know a number of rows for; it takes the copy for another number as well."""
        with torch.inference_mode(False), torch.no_grad():
            plain = weight.detach()
            return MklWeight(self.operators.pack(plain, _USUAL_ROWS), plain)


_USUAL_ROWS = 128

_IN_PLACE: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda x: x,
    "gelu": torch.ops.aten.gelu_.default,
    "relu": torch.relu_,
}


def plain_product(x: Tensor, weight: Tensor, bias: Tensor | None, then: str = "none") -> Tensor:
    """What the products of `Onednn` and `Mkl` must equal."""
    return _THEN[then](F.linear(x, weight, bias))


_THEN: dict[str, Callable[[Tensor], Tensor]] = {"none": lambda x: x, "gelu": F.gelu, "relu": F.relu}


class PackedWeight:
    """A packed copy of a weight, which knows whether it still is one.

    kernel: the name of the kernel that it is for. library: the one that packs it, and multiplies with it.

    PyTorch counts what is written to a weight, but not through ``weight.data`` or numpy; so some numbers are compared.
    """

    def __init__(self, weight: nn.Parameter, kernel: str, library: Onednn | Mkl) -> None:
        self.weight, self.kernel = weight, kernel
        self.values, self.product = library.pack(weight), library.product
        self.version, self.address = weight._version, weight.data_ptr()  # noqa: SLF001  # PyTorch documents the name
        bits = weight.detach().view(_BITS[weight.element_size()]).flatten().numpy()
        self.samples = bits[:: max(bits.size // SAMPLES, 1)]
        self.seen = self.samples.tobytes()

    def is_of(self, weight: Any) -> bool:
        """Whether this is a copy of what the weight is now; the address first: samples may have moved away."""
        return (
            weight is self.weight
            and weight._version == self.version  # noqa: SLF001
            and weight.data_ptr() == self.address
            and self.samples.tobytes() == self.seen
        )

    def restored(self) -> nn.Parameter:
        """The weight itself."""
        return self.weight


_BITS = {2: torch.int16, 4: torch.int32}


class OnlyCopy:
    """A weight packed by oneDNN, whose plain one was freed. ``weight`` stands in its place."""

    def __init__(self, packed: PackedWeight) -> None:
        self.values, self.product, self.learns = packed.values, packed.product, packed.weight.requires_grad
        self.kernel = packed.kernel
        self.weight = FreedWeight.like(packed.weight)

    def is_of(self, weight: Any) -> bool:
        """Whether no other weight was put in its place."""
        return weight is self.weight

    def restored(self) -> nn.Parameter:
        """The weight that it was, number for number."""
        with torch.inference_mode(False):
            return nn.Parameter(self.values.to_dense(), requires_grad=self.learns)


class FreedWeight(nn.Parameter):
    """What stands for a weight that has only a packed copy: it has a size and a kind, and refuses all else."""

    @classmethod
    def like(cls, weight: Tensor) -> Self:
        """One for a weight."""
        return torch.Tensor._make_subclass(cls, torch.empty_like(weight, device="meta"), False)  # noqa: SLF001

    @classmethod
    def __torch_function__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Say what may be done.

        Raises: InputError for whatever needs the numbers.
        """
        if function in _HARMLESS:
            return super().__torch_function__(function, types, args, kwargs or {})
        raise InputError(
            "a model after `prepack(free=True)` must be called under `torch.inference_mode()`, on the CPU and as it is;"
            " its plain weights are gone. Call `unpack()` before it is saved, copied, moved, changed or trained."
        )


def _getter(name: str) -> Any:
    return getattr(torch.Tensor, name).__get__


_HARMLESS = {
    *map(
        _getter,
        ("shape", "dtype", "device", "requires_grad", "grad", "grad_fn", "is_leaf", "ndim", "is_meta", "layout"),
    ),
    *(torch.Tensor.size, torch.Tensor.numel, torch.Tensor.dim, torch.Tensor.element_size, torch.Tensor.requires_grad_),
    torch.Tensor.nelement,
}
